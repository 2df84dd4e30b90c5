"""Token permissions: what somebody has to own to become a member or an admin, to see a channel, to post in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from ..protocol.communities_pb2 import (
    ENS,
    ERC20,
    ERC721,
    CommunityDescription,
    CommunityMember,
    CommunityTokenPermission,
    TokenCriteria,
)
from ..rpc import ServiceError
from .balances import Balances, amount
from .community import ADMIN, OWNER, Community

BECOME_ADMIN = CommunityTokenPermission.BECOME_ADMIN
BECOME_MEMBER = CommunityTokenPermission.BECOME_MEMBER
VIEW = CommunityTokenPermission.CAN_VIEW_CHANNEL
POST = CommunityTokenPermission.CAN_VIEW_AND_POST_CHANNEL
POSTER = CommunityMember.CHANNEL_ROLE_POSTER
VIEWER = CommunityMember.CHANNEL_ROLE_VIEWER
_TYPES = (BECOME_ADMIN, BECOME_MEMBER, VIEW, POST)


@dataclass(frozen=True)
class Standing:
    """What somebody may, by what they own. `channels` has the role in each gated channel that they may see."""

    may_join: bool
    admin: bool
    channels: Mapping[str, int] = field(default_factory=dict)  # by full chat id


@dataclass(frozen=True)
class Owner:
    """Addresses that somebody has proven to own, and the ENS name that they claim."""

    addresses: Sequence[str]
    ens_name: str = ""


Met = dict[str, list[bool]]  # by permission id: whether each of its criteria is met


async def check(balances: Balances, permissions: Iterable[CommunityTokenPermission], owner: Owner) -> Met:
    """BalancesUnavailable if it cannot be found out."""
    return {
        permission.id: [
            bool(owner.addresses) and await balances.meets(criteria, owner.addresses, owner.ens_name)
            for criteria in permission.token_criteria
        ]
        for permission in permissions
    }


async def standing(balances: Balances, community: Community, owner: Owner) -> Standing:
    """An admin may everything. Who may only see a channel posts in it if there is no permission for that at all."""
    met = await check(balances, community.description.token_permissions.values(), owner)
    admin = _any(community.permissions(BECOME_ADMIN), met)
    members_only = community.permissions(BECOME_MEMBER)
    channels = {}
    for chat_id in filter(community.is_gated, community.chat_ids()):
        if admin or _any(community.permissions(POST, chat_id), met):
            channels[chat_id] = POSTER
        elif _any(community.permissions(VIEW, chat_id), met):
            channels[chat_id] = VIEWER
    return Standing(admin or not members_only or _any(members_only, met), admin, channels)


def place(draft: CommunityDescription, community: Community, member: str, stands: Standing) -> None:
    """Lists the member in the channels that are open, and in those gated ones that it may see."""
    listed = draft.members[member]
    if community.permissions(BECOME_ADMIN):
        del listed.roles[:]
        listed.roles.extend([ADMIN] if stands.admin else [])
    for id_, channel in draft.chats.items():
        chat_id = community.id + id_
        if community.is_gated(chat_id) and chat_id not in stands.channels:
            channel.members.pop(member, None)
            continue
        channel.members[member].CopyFrom(listed)
        channel.members[member].channel_role = stands.channels.get(chat_id, POSTER)


def kept(community: Community, member: str) -> Standing:
    """What a member may as the description has it."""
    admin = community.role(member) == ADMIN
    gated = [chat_id for chat_id in community.chat_ids() if community.is_gated(chat_id)]
    listed = {chat_id: community.description.chats[chat_id.removeprefix(community.id)].members for chat_id in gated}
    return Standing(True, admin, {c: m[member].channel_role for c, m in listed.items() if member in m})


def drop(draft: CommunityDescription, member: str) -> None:
    draft.members.pop(member, None)
    for channel in draft.chats.values():
        channel.members.pop(member, None)


def is_exempt(community: Community, member: str) -> bool:
    return community.role(member) == OWNER


def _any(permissions: Iterable[CommunityTokenPermission], met: Met) -> bool:
    return any(all(met[permission.id]) for permission in permissions)


def join_json(met: Met, community: Community, addresses: Sequence[str]) -> dict[str, Any]:
    """The answer of checkPermissionsToJoinCommunity; `met` of the permissions of BECOME_MEMBER and BECOME_ADMIN."""
    members_only = community.permissions(BECOME_MEMBER)
    admin = _any(community.permissions(BECOME_ADMIN), met)
    satisfied = admin or not members_only or _any(members_only, met)
    chains = sorted({c for p in members_only for criteria in p.token_criteria for c in criteria.contract_addresses})
    return {
        "roles": [],
        "satisfied": satisfied,
        "permissions": _criteria_json(met),
        "validCombinations": [{"address": a, "chainIds": chains} for a in addresses] if satisfied else [],
        "networksNotSupported": False,
    }


def channel_json(met: Met, community: Community, chat_id: str) -> dict[str, Any]:
    """The answer of checkCommunityChannelPermissions."""
    view, post = community.permissions(VIEW, chat_id), community.permissions(POST, chat_id)
    may_post = _any(post, met) if post else not view
    return {
        "viewOnlyPermissions": {
            "satisfied": _any(view, met) if view else may_post,
            "permissions": _criteria_json({p.id: met[p.id] for p in view}),
        },
        "viewAndPostPermissions": {
            "satisfied": may_post,
            "permissions": _criteria_json({p.id: met[p.id] for p in post}),
        },
    }


def _criteria_json(met: Met) -> dict[str, Any]:
    return {id_: {"criteria": criteria} for id_, criteria in met.items()}


def read(request: Mapping[str, Any], community: Community, id_: str, verb: str) -> CommunityTokenPermission:
    """The permission that a request to create or edit one describes."""

    def refuse(reason: str) -> ServiceError:
        return ServiceError(f"{verb}-community-token-permission: {reason}")

    permission = CommunityTokenPermission(id=id_, is_private=bool(request.get("isPrivate")))
    if request.get("type") not in _TYPES:
        raise refuse("invalid token permission type")
    permission.type = request["type"]
    try:
        for criteria in request.get("tokenCriteria") or []:
            ParseDict(criteria, permission.token_criteria.add(), ignore_unknown_fields=True)
            _check(permission.token_criteria[-1])
    except (ParseError, ValueError, TypeError, AttributeError) as error:
        raise refuse(f"invalid permission: {error}") from error
    if not permission.token_criteria:
        raise refuse("invalid permission: no token criteria")
    chat_ids = [str(chat_id) for chat_id in request.get("chatIds") or []]
    if permission.type in (VIEW, POST) and (not chat_ids or not set(chat_ids) <= set(community.chat_ids())):
        raise refuse("invalid permission: it names no channel of the community")
    permission.chat_ids.extend(chat_ids)
    return permission


def _check(criteria: TokenCriteria) -> None:
    if criteria.type == ENS:
        valid = bool(criteria.ens_pattern)
    else:
        valid = criteria.type in (ERC20, ERC721) and bool(criteria.contract_addresses) and amount(criteria) > 0
    if not valid:
        raise ValueError("token criteria that nobody can meet")
