"""Joining and leaving: requests, answers, who is a member."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from eth_hash.auto import keccak

from .. import signal_types
from ..protocol import application, ids, signing
from ..protocol.application import Application, Kind, MalformedMessage, Type
from ..protocol.communities_pb2 import (
    CommunityRequestToJoin,
    CommunityRequestToJoinResponse,
    CommunityRequestToLeave,
    RevealedAccount,
)
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from ..transport.filters import OPEN_SHARD, Filter
from . import clock, grants, notifications, permissions, validation
from .activity_center import (
    COMMUNITY_BANNED,
    COMMUNITY_KICKED,
    COMMUNITY_MEMBERSHIP_OF_OTHER,
    COMMUNITY_MEMBERSHIP_REQUEST,
    ActivityCenter,
    Notification,
)
from .communities import Communities
from .community import AUTO_ACCEPT, Community
from .community_store import ACCEPTED, CANCELED, DECLINED, PENDING, CommunityStore, RequestToJoin
from .context import Context, Dropped
from .conversations import check_clock
from .encryption_keys import EncryptionKeys
from .grants import Grants
from .permissions import Standing
from .response import Response

log = logging.getLogger(__name__)

_STATUSES = {PENDING: 1, ACCEPTED: 2, DECLINED: 3}  # of a membership, in notifications
_HOPEFUL = (PENDING, DECLINED)  # the owner may think better of it


class Membership:
    def __init__(
        self,
        context: Context,
        communities: Communities,
        store: CommunityStore,
        activity: ActivityCenter,
        keys: EncryptionKeys,
        given: Grants,
    ) -> None:
        self._context = context
        self._communities = communities
        self._store = store
        self._activity = activity
        self._keys = keys
        self._given = given
        self.review: Callable[[RequestToJoin], None]  # decides about a request where owning tokens counts

    # Reading. The original answers null where there is nothing.

    def latest_request(self, community_id: str) -> dict[str, Any] | None:
        """Our own request to this community; to one that is ours, the newest of anybody."""
        self._communities.get(community_id)
        own = self._list("community_id = ? AND public_key = ?", community_id, self._context.public_key)
        found = own or self._list("community_id = ?", community_id)
        return found[-1] if found else None

    def my_pending(self) -> list[dict[str, Any]] | None:
        return self._list("public_key = ? AND state = ?", self._context.public_key, PENDING)

    def pending(self, community_id: str) -> list[dict[str, Any]] | None:
        return self._list("community_id = ? AND state = ?", community_id, PENDING)

    def declined(self, community_id: str) -> list[dict[str, Any]] | None:
        return self._list("community_id = ? AND state = ?", community_id, DECLINED)

    def all_non_approved(self) -> list[dict[str, Any]] | None:
        return self._list("state NOT IN (?, ?)", ACCEPTED, CANCELED)

    def _list(self, where: str, *params: Any) -> list[dict[str, Any]] | None:
        return [request.to_json(self._context.public_key) for request in self._store.requests(where, params)] or None

    # The member's side

    def request_to_join(self, params: Mapping[str, Any]) -> Response:
        validation.join_request(params)
        community = self._communities.get(params["communityId"])
        me = self._context.public_key
        if community.joined or community.is_control_node:
            raise ServiceError("already joined")
        id_ = ids.request_to_join_id(me, community.id)
        before = self._store.request(id_)
        request = RequestToJoin(
            id=id_,
            public_key=me,
            community_id=community.id,
            clock=max(clock.now_s(), before.clock + 1 if before else 0),
            ens_name=params.get("ensName") or "",
            customization_color=self._context.customization_color,
            revealed_accounts=self._revealed(params),
        )
        with self._context.work() as response:
            self._store.save_request(request)
            community = replace(community, requested_to_join_at=request.clock)
            self._store.save(community)
            self._send_request(community, request)
            self._show(response, request)
            self._communities.show(response, community)
            self._activity.notify(response, _notification(request, COMMUNITY_MEMBERSHIP_REQUEST, read=True))
            response.then(lambda: self._context.transport.subscribe(self._communities.filters(community)))
        return response

    def cancel_request(self, request_id: str) -> Response:
        request = self._store.request(request_id)
        if request is None or request.public_key != self._context.public_key:
            raise ServiceError("request to join not found")
        with self._context.work() as response:
            request = replace(request, state=CANCELED)
            self._store.save_request(request)
            community = replace(self._communities.get(request.community_id), requested_to_join_at=0)
            self._store.save(community)
            self._show(response, request)
            self._communities.show(response, community)
        return response

    async def leave(self, community_id: str) -> Response:
        community = self._communities.get(community_id)
        with self._context.work() as response:
            if community.joined and not community.is_control_node:
                self._send_leave(community)
            self._communities.leave(response, community)
            self._given.forget(community.id)
        if self._context.archives is not None:
            await self._context.archives.community_left(community.id)
        return response

    def receive_response(self, response: Response, message: Application) -> None:
        """The control node's answer to our request."""
        answer = CommunityRequestToJoinResponse.FromString(message.payload)
        community_id = ids.hex0x(answer.community_id)
        if ids.community_id(message.author) != community_id:
            raise Dropped("forged", f"answer of {community_id} signed by {message.from_}")
        community = self._store.get(community_id)
        request = self._store.request(ids.request_to_join_id(self._context.public_key, community_id))
        if community is None or request is None:
            raise Dropped("unknown", f"an answer of {community_id} to a request that was never made")
        if answer.clock // 1000 < request.clock:
            raise Dropped("outdated", f"an answer of {community_id} to an older request")
        if not answer.accepted:
            if request.state != PENDING:
                raise Dropped("replayed", f"{community_id} declines a request that is in state {request.state}")
            self._declined(response, community, request)
            return
        community = self._newer(response, community, answer.community_description_protocol_message)
        if not community.joined and request.state in _HOPEFUL:
            community = self._join(response, community, request)
        if community.joined and answer.grant:
            self._keep_grant(community, answer.grant)
        if community.joined and answer.index_cid and self._context.archives is not None:
            cid, when = answer.index_cid, community.description.archive_index_cid_clock
            self._context.tell_archives(self._context.archives.on_index_cid(community.id, cid, when))
        if community.joined and answer.magnet_uri and self._context.archives is not None:
            link, when = answer.magnet_uri, community.description.archive_magnetlink_clock
            self._context.tell_archives(self._context.archives.on_magnet_link(community.id, link, when))

    def description_arrived(self, response: Response, community_id: str) -> None:
        """A new description can say that we are a member now, or no longer."""
        community = self._store.get(community_id)
        if community is None or community.is_control_node:
            return
        me = self._context.public_key
        request = self._store.request(ids.request_to_join_id(me, community_id))
        if community.has_member(me):
            if request is None or request.state not in _HOPEFUL or community.joined:
                return
            # An earlier membership of ours, as history has it, is no answer to this request.
            if community.description.members[me].last_update_clock >= request.clock:
                self._join(response, community, request)
        elif community.joined:
            log.info("no longer a member of %s", community_id)
            self._communities.leave(response, community)
            self._given.forget(community_id)
            self._activity.notify(response, _removal(community, me))
            self._tell("community_left", community_id)

    def _keep_grant(self, community: Community, grant: bytes) -> None:
        try:
            grants.clock_of(grant, community.id, self._context.public_key)
        except grants.InvalidGrant as error:
            log.warning("the grant of %s is of no use: %s", community.id, error)
        else:
            self._given.keep(community.id, grant)

    def _newer(self, response: Response, community: Community, wrapped: bytes) -> Community:
        """The community with the description that came with the answer, if that is newer than the one known."""
        try:
            message = application.unwrap(wrapped)
            newer = community.with_description(message)
        except MalformedMessage as error:
            raise Dropped("malformed", f"the description in an answer: {error}") from error
        if newer.clock <= community.clock:
            return community
        return self._communities.accept_description(response, message, community)

    def _join(self, response: Response, community: Community, request: RequestToJoin) -> Community:
        if not community.has_member(self._context.public_key):
            raise Dropped("malformed", f"{community.id} accepts us but does not list us as a member")
        request = replace(request, state=ACCEPTED)
        self._store.save_request(request)
        joined = replace(community, joined=True, joined_at=clock.now_s(), spectated=False)
        self._store.save(joined)
        self._communities.enter(response, joined)
        # As the original tells it here, and only here: as if it were another's, without what was revealed.
        shown = replace(request, revealed_accounts=[]).to_json("")
        response.add("requestsToJoinCommunity", request.id, shown)
        self._activity.notify(response, _notification(request, COMMUNITY_MEMBERSHIP_REQUEST, read=False))
        response.then(lambda: self._notify_of_joining(joined))
        self._tell("community_joined", joined.id)
        return joined

    def _declined(self, response: Response, community: Community, request: RequestToJoin) -> None:
        request = replace(request, state=DECLINED)
        self._store.save_request(request)
        community = replace(community, requested_to_join_at=0)
        self._store.save(community)
        self._show(response, request)
        self._communities.show(response, community)
        self._activity.notify(response, _notification(request, COMMUNITY_MEMBERSHIP_REQUEST, read=False))

    # The control node's side

    def accept(self, request_id: str) -> Response:
        request = self.answerable(request_id)
        community = self._communities.controlled(request.community_id)
        with self._context.work() as response:
            self._accept(response, community, request)
        return response

    def decide(self, response: Response, community: Community, request: RequestToJoin, stands: Standing | None) -> None:
        """Accepts the request of somebody who stands like this; declines it without."""
        if stands is None:
            self._decline(response, community, request)
        else:
            self._accept(response, community, request, stands)

    def decline(self, request_id: str) -> Response:
        request = self.answerable(request_id)
        community = self._communities.controlled(request.community_id)
        if community.has_member(request.public_key):
            raise ServiceError("already a member")
        with self._context.work() as response:
            self._decline(response, community, request)
        return response

    def remove_member(self, community_id: str, public_key: str, ban: bool = False, erase: bool = False) -> Response:
        """`erase`: with a ban, all that the member wrote goes, here and everywhere."""
        community = self._communities.controlled(community_id)
        if public_key == self._context.public_key:
            raise ServiceError("not allowed to remove the owner")
        if not ban and not community.has_member(public_key):
            raise ServiceError("member not found")
        with self._context.work() as response:
            self._remove(response, community, public_key, ban, erase)
        return response

    def unban(self, community_id: str, public_key: str) -> Response:
        community = self._communities.controlled(community_id)
        with self._context.work() as response:
            draft = community.draft()
            kept = [key for key in draft.ban_list if key != public_key]
            del draft.ban_list[:]
            draft.ban_list.extend(kept)
            draft.banned_members.pop(public_key, None)
            self._communities.publish(response, community, draft)
        return response

    def receive_request(
        self, response: Response, message: Application, community_id: str, envelope: Envelope
    ) -> CommunityRequestToJoin:
        body = CommunityRequestToJoin.FromString(message.payload)
        check_clock(body.clock * 1000, envelope)
        community = self._mine(community_id, body.community_id)
        if community.is_banned(message.from_):
            raise Dropped("banned", f"{message.from_} is banned from {community_id}")
        id_ = ids.request_to_join_id(message.from_, community_id)
        before = self._store.request(id_)
        if before is not None and body.clock <= before.clock:
            raise Dropped("replayed" if body.clock == before.clock else "outdated", f"request to join {id_}")
        request = RequestToJoin(
            id=id_,
            public_key=message.from_,
            community_id=community_id,
            clock=body.clock,
            ens_name=body.ens_name,
            customization_color=body.customization_color,
            revealed_accounts=[_account_json(account) for account in body.revealed_accounts],
        )
        self._store.save_request(request)
        proof = proven(request)
        weighed = proof and bool(community.description.token_permissions)
        if community.has_member(message.from_) or (proof and not weighed and community.access == AUTO_ACCEPT):
            self._accept(response, community, request)
        elif proof is False:
            self._decline(response, community, request)
        else:
            self._show(response, request)
            self._communities.show(response, community)
            self._activity.notify(response, _notification(request, COMMUNITY_MEMBERSHIP_OF_OTHER, read=False))
            if weighed:
                response.then(lambda: self.review(request))
        return body

    def receive_leave(self, response: Response, message: Application, community_id: str) -> None:
        body = CommunityRequestToLeave.FromString(message.payload)
        community = self._mine(community_id, body.community_id)
        if not community.has_member(message.from_) or message.from_ == self._context.public_key:
            raise Dropped("replayed", f"{message.from_} leaves {community_id} without being a member")
        if body.clock // 1000 < community.description.members[message.from_].last_update_clock:
            raise Dropped("outdated", f"{message.from_} has joined {community_id} again since")
        self._remove(response, community, message.from_, ban=False)

    def _mine(self, community_id: str, named: bytes) -> Community:
        community = self._store.get(community_id)
        if community is None or not community.is_control_node or ids.hex0x(named) != community_id:
            raise Dropped("malformed", f"a message to {community_id} about {ids.hex0x(named)}")
        return community

    def answerable(self, request_id: str) -> RequestToJoin:
        request = self._store.request(request_id)
        if request is None:
            raise ServiceError("request to join not found")
        return request

    def _accept(
        self, response: Response, community: Community, request: RequestToJoin, stands: Standing | None = None
    ) -> None:
        """`stands` is left out where no permissions count, or for a member, who keeps what it may."""
        draft, member = community.draft(), request.public_key
        if draft.members[member].last_update_clock < request.clock:
            draft.members[member].last_update_clock = request.clock
            permissions.place(draft, community, member, stands or permissions.kept(community, member))
            community = self._communities.publish(response, community, draft)
        else:
            self._keys.give_all(community, member)
        request = replace(request, state=ACCEPTED)
        self._store.save_request(request)
        self._answer(community, request, accepted=True)
        self._activity.update(response, request.id, membership_status=_STATUSES[ACCEPTED], accepted=True, read=True)
        self._show(response, request)
        self._communities.show(response, community)

    def _decline(self, response: Response, community: Community, request: RequestToJoin) -> None:
        request = replace(request, state=DECLINED)
        self._store.save_request(request)
        self._answer(community, request, accepted=False)
        self._activity.update(response, request.id, membership_status=_STATUSES[DECLINED], dismissed=True, read=True)
        self._show(response, request)
        self._communities.show(response, community)

    def _remove(
        self, response: Response, community: Community, public_key: str, ban: bool, erase: bool = False
    ) -> None:
        draft = community.draft()
        permissions.drop(draft, public_key)
        if ban and public_key not in draft.ban_list:
            draft.ban_list.append(public_key)
        if ban and erase:
            draft.banned_members[public_key].delete_all_messages = True
        self._communities.publish(response, community, draft)

    # Sending

    def _send_request(self, community: Community, request: RequestToJoin) -> None:
        body = CommunityRequestToJoin(
            clock=request.clock,
            ens_name=request.ens_name,
            community_id=ids.from_hex(community.id),
            display_name=self._context.display_name,
            revealed_accounts=[_account(account) for account in request.revealed_accounts],
            customization_color=request.customization_color,
        )
        self._to_control_node(community, body.SerializeToString(), Type.COMMUNITY_REQUEST_TO_JOIN)

    def _send_leave(self, community: Community) -> None:
        body = CommunityRequestToLeave(clock=clock.now_ms(), community_id=ids.from_hex(community.id))
        self._to_control_node(community, body.SerializeToString(), Type.COMMUNITY_REQUEST_TO_LEAVE)

    def _to_control_node(self, community: Community, body: bytes, type_: Kind) -> None:
        wrapped = application.wrap(body, type_, self._context.key)
        mailbox = Filter(ids.request_chat_id(community.id), OPEN_SHARD)
        self._context.transport.send_private(mailbox, community.public_key, wrapped, self._context.key)

    def _answer(self, community: Community, request: RequestToJoin, accepted: bool) -> None:
        assert community.private_key is not None
        body = CommunityRequestToJoinResponse(
            clock=max(clock.now_ms(), request.clock * 1000),
            accepted=accepted,
            community_id=ids.from_hex(community.id),
        )
        if accepted:
            body.community.CopyFrom(community.description)
            body.community_description_protocol_message = community.signed
            body.grant = grants.make(community, request.public_key)
            if self._context.archives is not None:
                body.index_cid = self._context.archives.last_index_cid(community.id) or ""
                body.magnet_uri = self._context.archives.last_magnet_link(community.id) or ""
        wrapped = application.wrap(
            body.SerializeToString(), Type.COMMUNITY_REQUEST_TO_JOIN_RESPONSE, community.private_key
        )
        mailbox = Filter(ids.contact_chat_id(request.public_key))
        recipient = ids.parse_public_key(request.public_key)
        self._context.transport.send_private(mailbox, recipient, wrapped, community.private_key)

    # Small things

    def _show(self, response: Response, request: RequestToJoin) -> None:
        response.add("requestsToJoinCommunity", request.id, request.to_json(self._context.public_key))

    def _notify_of_joining(self, community: Community) -> None:
        event = notifications.community_joined(community)
        self._context.session.signals.emit(signal_types.LOCAL_NOTIFICATIONS, event)

    def _tell(self, event: str, community_id: str) -> None:
        if self._context.archives is not None:
            self._context.tell_archives(getattr(self._context.archives, event)(community_id))

    def _revealed(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        signatures = params.get("signatures") or []
        networks = self._context.session.node_config.get("Networks") or []
        chains = [network["chainId"] for network in networks if not network.get("isTest")]
        return [
            _account_json(
                RevealedAccount(
                    address=address,
                    signature=ids.from_hex(signatures[number]) if signatures else b"",
                    chain_ids=chains,
                    isAirdropAddress=address == params.get("airdropAddress"),
                )
            )
            for number, address in enumerate(params["addressesToReveal"])
        ]


def proven(request: RequestToJoin) -> bool | None:
    """Whether all revealed accounts signed the request: None where one did not sign, False where one is not theirs.

    The original fails on an account without a signature after it has stored the request, which therefore waits for a
    decision of the owner, also where members are accepted automatically.
    """
    accounts = [_account(account) for account in request.revealed_accounts]
    if not accounts or not all(account.signature for account in accounts):
        return None
    digest = ids.request_signing_hash(request.public_key, request.community_id)
    try:
        return all(
            ids.address(signing.recover_personal(account.signature, digest)) == account.address.lower()
            for account in accounts
        )
    except signing.BadSignature:
        return False


def _account_json(account: RevealedAccount) -> dict[str, Any]:
    body = {
        "address": account.address,
        "signature": base64.b64encode(account.signature).decode(),
        "chain_ids": list(account.chain_ids),
        "isAirdropAddress": account.isAirdropAddress,
    }
    return {key: value for key, value in body.items() if value}


def _account(shown: Mapping[str, Any]) -> RevealedAccount:
    return RevealedAccount(
        address=shown.get("address", ""),
        signature=base64.b64decode(shown.get("signature", "")),
        chain_ids=shown.get("chain_ids", []),
        isAirdropAddress=shown.get("isAirdropAddress", False),
    )


def _removal(community: Community, public_key: str) -> Notification:
    """Of a member that is none any more."""
    return Notification(
        ids.hex0x(keccak(f"{community.id}{public_key}{community.clock}".encode())),
        COMMUNITY_BANNED if community.is_banned(public_key) else COMMUNITY_KICKED,
        clock.now_ms(),
        community_id=community.id,
        name=community.name,
    )


def _notification(request: RequestToJoin, type_: int, read: bool) -> Notification:
    return Notification(
        request.id,
        type_,
        request.clock * 1000,
        community_id=request.community_id,
        membership_status=_STATUSES.get(request.state, 0),
        author="" if type_ == COMMUNITY_MEMBERSHIP_REQUEST else request.public_key,
        read=read,
    )
