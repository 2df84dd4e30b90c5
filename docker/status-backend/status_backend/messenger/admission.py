"""Where owning tokens decides: who is let in, and what members may still do.

Members are judged again whenever permissions change, and every hour, as what they own may have changed.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.communities_pb2 import CommunityDescription
from ..rpc import ServiceError
from . import permissions
from .balances import Balances, BalancesUnavailable
from .communities import Communities
from .community import AUTO_ACCEPT, Community, changes_json, permission_json
from .community_store import ACCEPTED, PENDING, CommunityStore, RequestToJoin
from .context import Context
from .membership import Membership, proven
from .permissions import BECOME_MEMBER, Owner, Standing
from .response import Response

log = logging.getLogger(__name__)

_INTERVAL = 3600.0  # seconds, unless the login request says otherwise
_OPTION = "memberPermissionsCheckInterval"  # ours: seconds

Change = Callable[[CommunityDescription], None]


class Admission:
    """One decision at a time: a decision waits for the chain, and must not be about a community that was."""

    def __init__(
        self, context: Context, communities: Communities, membership: Membership, store: CommunityStore
    ) -> None:
        self._context = context
        self._communities = communities
        self._membership = membership
        self._store = store
        self._lock = asyncio.Lock()
        self._reviews: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None
        membership.review = self.review

    def interval(self) -> float:
        """How often members are judged, in seconds. ServiceError if the login's options make no sense."""
        seconds = self._context.session.options.get(_OPTION)
        if seconds is None:
            return _INTERVAL
        if type(seconds) not in (int, float) or not seconds > 0:
            raise ServiceError(f"{_OPTION} must be a number of seconds above 0, not {seconds!r}")
        return seconds

    def start(self, interval: float) -> None:
        """Begins with what was not decided when we last stopped."""
        self._review_pending()
        self._rounds = asyncio.create_task(self._keep_judging(interval))

    def _review_pending(self) -> None:
        for request in self._store.requests("state = ?", (PENDING,)):
            community = self._store.get(request.community_id)
            if community is not None and community.is_control_node and proven(request):
                self.review(request)

    async def stop(self) -> None:
        tasks = [*self._reviews, *([self._rounds] if self._rounds else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_judging(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            self._review_pending()  # the chain may have been silent
            for community in self._store.all():
                if community.is_control_node and community.description.token_permissions:
                    await self._judge_members(community.id)

    def balances(self) -> Balances:
        return Balances(self._context.session.node_config.get("Networks") or [])

    # Requests to join

    def review(self, request: RequestToJoin) -> None:
        """Begins to decide about a request whose accounts are proven."""
        task = asyncio.create_task(self._review(request))
        self._reviews.add(task)
        task.add_done_callback(self._reviews.discard)

    async def _review(self, request: RequestToJoin) -> None:
        try:
            async with self._lock:
                stands = await self._standing(self._communities.controlled(request.community_id), request)
                current = self._store.request(request.id)
                if current is None or current.state != PENDING or current.clock != request.clock:
                    return
                community = self._communities.controlled(request.community_id)
                if community.is_banned(request.public_key):
                    return
                with self._context.work() as response:
                    if not stands.may_join:
                        log.info("request %s: permission to join not satisfied", request.id)
                        self._membership.decide(response, community, request, None)
                    elif community.access == AUTO_ACCEPT:
                        self._membership.decide(response, community, request, stands)
                self._context.emit(response)
        except (BalancesUnavailable, ServiceError) as error:
            log.warning("request to join %s is not decided: %s", request.id, error)
        except Exception:
            log.exception("request to join %s is not decided", request.id)

    async def accept(self, request_id: str) -> Response:
        request = self._membership.answerable(request_id)
        if not self._communities.controlled(request.community_id).description.token_permissions:
            return self._membership.accept(request_id)
        async with self._lock:
            stands = await self._stands(self._communities.controlled(request.community_id), request)
            if not stands.may_join:
                raise ServiceError("permission to join not satisfied")
            with self._context.work() as response:
                self._membership.decide(response, self._communities.controlled(request.community_id), request, stands)
        return response

    async def _standing(self, community: Community, request: RequestToJoin | None) -> Standing:
        addresses = [account["address"] for account in request.revealed_accounts] if request and proven(request) else []
        owner = Owner(addresses, request.ens_name if request else "")
        return await permissions.standing(self.balances(), community, owner)

    async def _stands(self, community: Community, request: RequestToJoin | None) -> Standing:
        try:
            return await self._standing(community, request)
        except BalancesUnavailable as error:
            raise ServiceError(str(error)) from error

    # Permissions

    async def create_permission(self, request: Mapping[str, Any]) -> Response:
        community = self._communities.controlled(request.get("communityId") or "")
        permission = permissions.read(request, community, str(uuid.uuid4()), "create")

        def change(draft: CommunityDescription) -> None:
            draft.token_permissions[permission.id].CopyFrom(permission)

        return await self._change(community.id, change, tokenPermissionsAdded=permission_json(permission))

    async def edit_permission(self, request: Mapping[str, Any]) -> Response:
        community, id_ = self._existing(request, "permissionId")
        permission = permissions.read(request, community, id_, "edit")

        def change(draft: CommunityDescription) -> None:
            draft.token_permissions[id_].CopyFrom(permission)

        return await self._change(community.id, change, tokenPermissionsModified=permission_json(permission))

    async def delete_permission(self, request: Mapping[str, Any]) -> Response:
        community, id_ = self._existing(request, "permissionId")
        removed = permission_json(community.description.token_permissions[id_])

        def change(draft: CommunityDescription) -> None:
            draft.token_permissions.pop(id_, None)

        return await self._change(community.id, change, tokenPermissionsRemoved=removed)

    def _existing(self, request: Mapping[str, Any], key: str) -> tuple[Community, str]:
        community = self._communities.controlled(request.get("communityId") or "")
        id_ = request.get(key) or ""
        if id_ not in community.description.token_permissions:
            raise ServiceError("token permission not found")
        return community, id_

    async def _change(self, community_id: str, change: Change, **shown: dict[str, Any]) -> Response:
        """Changes the permissions, and with the same description what every member may. The owner may everything."""
        async with self._lock:
            draft = await self._judged(community_id, change)
            with self._context.work() as response:
                community = self._communities.publish(response, self._communities.controlled(community_id), draft)
                changes = {name: {body["id"]: body} for name, body in shown.items()}
                body = changes_json(self._store.keyed(community), self._context.public_key, **changes)
                response.add("communityChanges", community.id, body)
        return response

    async def _judge_members(self, community_id: str) -> None:
        """Takes from members what they do not own enough for any more, and gives what they do. Not on a guess."""
        try:
            async with self._lock:
                draft = await self._judged(community_id)
                community = self._communities.controlled(community_id)
                if draft == community.description:
                    return
                for member in community.description.members.keys() - draft.members.keys():
                    log.info("%s does not meet the permissions of %s any more", member, community_id)
                with self._context.work() as response:
                    self._communities.publish(response, community, draft)
            self._context.emit(response)
        except ServiceError as error:
            log.warning("members of %s are not judged: %s", community_id, error)
        except Exception:
            log.exception("members of %s are not judged", community_id)

    async def _judged(self, community_id: str, change: Change = lambda draft: None) -> CommunityDescription:
        """The description as it is to be: changed, with every member where it belongs. Under the lock.

        It is one of the community as it is now: whoever joins while the chain is asked is judged as well.
        """
        standings: dict[str, Standing] = {}
        while True:
            community = self._communities.controlled(community_id)
            draft = community.draft()
            change(draft)
            draft.encrypted = any(p.type == BECOME_MEMBER for p in draft.token_permissions.values())
            target = community.described_as(draft)
            members = [m for m in draft.members if not permissions.is_exempt(community, m)]
            unknown = [member for member in members if member not in standings]
            if not unknown:
                break
            for member in unknown:
                standings[member] = await self._stands(target, self._accepted(community_id, member))
        for member in members:
            if standings[member].may_join:
                permissions.place(draft, target, member, standings[member], permissions.roles_by_token(community))
            else:
                permissions.drop(draft, member)
        return draft

    def _accepted(self, community_id: str, member: str) -> RequestToJoin | None:
        where = "community_id = ? AND public_key = ? AND state = ?"
        found = self._store.requests(where, (community_id, member, ACCEPTED))
        return found[-1] if found else None

    # Questions

    async def check_to_join(self, request: Mapping[str, Any]) -> dict[str, Any]:
        community, addresses = self._question(request)
        asked = [p for type_ in (BECOME_MEMBER, *permissions.ROLES) for p in community.permissions(type_)]
        met = await self._check(asked, addresses)
        return permissions.join_json(met, community, addresses)

    async def check_channel(self, request: Mapping[str, Any]) -> dict[str, Any]:
        community, addresses = self._question(request)
        chat_id = request.get("chatId") or ""
        if chat_id not in community.chat_ids():
            raise ServiceError("chat not found")
        asked = [p for kind in (permissions.VIEW, permissions.POST) for p in community.permissions(kind, chat_id)]
        return permissions.channel_json(await self._check(asked, addresses), community, chat_id)

    def _question(self, request: Mapping[str, Any]) -> tuple[Community, list[str]]:
        community = self._communities.get(request.get("communityId") or "")
        return community, request.get("addresses") or []

    async def _check(self, asked: list[Any], addresses: list[str]) -> permissions.Met:
        try:
            return await permissions.check(self.balances(), asked, Owner(addresses))
        except BalancesUnavailable as error:
            raise ServiceError(str(error)) from error
