"""Token permissions: what somebody has to own to become a member or an admin, to see a channel, to post in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from .community import ADMIN, NO_ROLE, OWNER, TOKEN_MASTER, Community

BECOME_ADMIN = CommunityTokenPermission.BECOME_ADMIN
BECOME_MEMBER = CommunityTokenPermission.BECOME_MEMBER
VIEW = CommunityTokenPermission.CAN_VIEW_CHANNEL
POST = CommunityTokenPermission.CAN_VIEW_AND_POST_CHANNEL
BECOME_TOKEN_MASTER = CommunityTokenPermission.BECOME_TOKEN_MASTER
POSTER = CommunityMember.CHANNEL_ROLE_POSTER
VIEWER = CommunityMember.CHANNEL_ROLE_VIEWER
ROLES = {BECOME_TOKEN_MASTER: TOKEN_MASTER, BECOME_ADMIN: ADMIN}  # the higher one first
_TYPES = (*ROLES, BECOME_MEMBER, VIEW, POST)
_RANKS = (OWNER, TOKEN_MASTER, ADMIN)


@dataclass(frozen=True)
class Standing:
    """What somebody may, by what they own. `channels` has the role in each gated channel that they may see."""

    may_join: bool
    role: int  # NO_ROLE, ADMIN or TOKEN_MASTER
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
    """Who has a role may everything."""
    met = await check(balances, community.description.token_permissions.values(), owner)
    role = _role(community, met)
    members_only = community.permissions(BECOME_MEMBER)
    channels = {}
    for chat_id in filter(community.is_gated, community.chat_ids()):
        if role or _any(community.permissions(POST, chat_id), met):
            channels[chat_id] = POSTER
        elif _any(community.permissions(VIEW, chat_id), met):
            channels[chat_id] = VIEWER
    return Standing(bool(role) or not members_only or _any(members_only, met), role, channels)


def roles_by_token(community: Community) -> set[int]:
    """Those that owning something decides about. Others are given by hand."""
    return {role for type_, role in ROLES.items() if community.permissions(type_)}


def place(
    draft: CommunityDescription, community: Community, member: str, stands: Standing, by_token: Collection[int] = ()
) -> None:
    """Lists the member in the channels that are open, and in those gated ones that it may see, with its role.

    `by_token` are further roles that are taken from who does not stand so: those of permissions that were removed.
    """
    listed = draft.members[member]
    by_hand = set(listed.roles) - roles_by_token(community) - set(by_token)
    roles = by_hand | ({stands.role} - {NO_ROLE})
    del listed.roles[:]
    listed.roles.extend(role for role in _RANKS if role in roles)
    for id_, channel in draft.chats.items():
        chat_id = community.id + id_
        if community.is_gated(chat_id) and chat_id not in stands.channels:
            channel.members.pop(member, None)
            continue
        channel.members[member].CopyFrom(listed)
        channel.members[member].channel_role = stands.channels.get(chat_id, POSTER)


def kept(community: Community, member: str) -> Standing:
    """What a member may as the description has it."""
    gated = [chat_id for chat_id in community.chat_ids() if community.is_gated(chat_id)]
    listed = {chat_id: community.description.chats[chat_id.removeprefix(community.id)].members for chat_id in gated}
    role = community.role(member)
    return Standing(True, role, {c: m[member].channel_role for c, m in listed.items() if member in m})


def drop(draft: CommunityDescription, member: str) -> None:
    draft.members.pop(member, None)
    for channel in draft.chats.values():
        channel.members.pop(member, None)


def is_exempt(community: Community, member: str) -> bool:
    return community.role(member) == OWNER


def _role(community: Community, met: Met) -> int:
    return next((role for type_, role in ROLES.items() if _any(community.permissions(type_), met)), NO_ROLE)


def _any(permissions: Iterable[CommunityTokenPermission], met: Met) -> bool:
    return any(all(met[permission.id]) for permission in permissions)


def join_json(met: Met, community: Community, addresses: Sequence[str]) -> dict[str, Any]:
    """The answer of checkPermissionsToJoinCommunity; `met` of those permissions that let somebody in."""
    members_only = community.permissions(BECOME_MEMBER)
    satisfied = bool(_role(community, met)) or not members_only or _any(members_only, met)
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
