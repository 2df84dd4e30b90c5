"""Communities: making and changing them on the control node, following their descriptions everywhere else."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coincurve import PrivateKey

from .. import signal_types
from ..protocol import application, ids
from ..protocol.application import Application, Kind, MalformedMessage, Type
from ..protocol.communities_pb2 import (
    CommunityChat,
    CommunityDescription,
    CommunityMessageArchiveIndexCid,
    CommunityMessageArchiveMagnetlink,
)
from ..rpc import ServiceError
from ..transport.filters import OPEN_SHARD, Filter
from . import clock, validation
from .chat_store import COMMUNITY_CHAT, Chat, ChatStore
from .chat_views import ChatViews
from .community import MANUAL_ACCEPT, OWNER, Community, changes_json, create, read_description, to_dict
from .community_store import CommunityStore
from .context import Context, Dropped
from .encryption_keys import EncryptionKeys
from .erasure import Erasure
from .response import Response

log = logging.getLogger(__name__)

_FETCH_TIMEOUT = 10.0  # seconds
_NO_MESSAGE_YET = 1
GENERAL: dict[str, dict[str, Any]] = {
    "identity": {"display_name": "general", "description": "General channel for the community", "emoji": ""},
    "permissions": {"access": 1},
}


class Communities:
    def __init__(
        self,
        context: Context,
        store: CommunityStore,
        chats: ChatStore,
        views: ChatViews,
        keys: EncryptionKeys,
        erasure: Erasure,
    ) -> None:
        self._context = context
        self._store = store
        self._chats = chats
        self._views = views
        self._keys = keys
        self._erasure = erasure
        self._awaited: dict[str, asyncio.Future[None]] = {}

    # Reading

    def get(self, community_id: str) -> Community:
        community = self._store.get(community_id)
        if community is None:
            raise ServiceError("community not found")
        return community

    def controlled(self, community_id: str) -> Community:
        community = self.get(community_id)
        if not community.is_control_node:
            raise ServiceError("not a control node")
        return community

    def show_all(self, joined: bool = False, spectated: bool = False) -> list[dict[str, Any]]:
        """All, or only those that are joined, or spectated."""
        found = [c for c in self._store.all() if (c.joined or not joined) and (c.spectated or not spectated)]
        return [community.to_json(self._context.public_key) for community in found]

    def settings(self) -> list[dict[str, Any]]:
        return self._store.settings()

    def archives_enabled(self, community_id: str) -> bool:
        settings = self._store.settings_of(community_id)
        return bool(settings and settings["historyArchiveSupportEnabled"])

    def show(self, response: Response, community: Community) -> None:
        response.add("communities", community.id, self._store.keyed(community).to_json(self._context.public_key))

    # Listening

    def filters(self, community: Community) -> list[Filter]:
        """The community itself, and once it is ours, its universal channel, its channels, and its mailbox.

        Not the channels of one that is merely known or asked for: their history is fetched when there are chats for it.
        """
        if not (community.joined or community.spectated):
            return [Filter(community.id)]
        chats = [community.id, ids.universal_chat_id(community.id), *community.chat_ids()]
        found = [Filter(chat_id) for chat_id in chats]
        if community.is_control_node:
            found.append(Filter(ids.request_chat_id(community.id), OPEN_SHARD, community.private_key))
        return found

    def listen_on_start(self) -> list[Filter]:
        followed = [c for c in self._store.all() if c.joined or c.spectated or c.requested_to_join_at]
        return [filter_ for community in followed for filter_ in self.filters(community)]

    # The control node

    async def create(self, request: Mapping[str, Any]) -> Response:
        validation.community_request(request)
        description = CommunityDescription()
        _describe(description, request)
        description.members[self._context.public_key].roles.append(OWNER)
        community = create(description)
        announced = Response()
        self.show(announced, community)
        self._context.emit(announced)
        await self._context.transport.prepare([community.id, ids.universal_chat_id(community.id)])
        with self._context.work() as response:
            enabled = bool(request.get("historyArchiveSupportEnabled"))
            settings = self._store.save_settings(community.id, enabled)
            channel = {**GENERAL, "identity": {**GENERAL["identity"], "color": request["color"]}}
            self._add_channel(response, community, channel)
            response.add("communitiesSettings", community.id, settings)
        if self._context.archives is not None:
            await self._context.archives.community_created(community.id)
        return response

    async def edit(self, request: Mapping[str, Any]) -> Response:
        if not request.get("communityId"):
            raise ServiceError("update-community: invalid id")
        validation.community_request(request)
        community = self.controlled(request.get("communityId") or "")
        with self._context.work() as response:
            draft = community.draft()
            _describe(draft, request)
            self.publish(response, community, draft)
            enabled = bool(request.get("historyArchiveSupportEnabled"))
            response.add("communitiesSettings", community.id, self._store.save_settings(community.id, enabled))
        if self._context.archives is not None:
            await self._context.archives.settings_changed(community.id)
        return response

    async def create_channel(self, community_id: str, request: Mapping[str, Any]) -> Response:
        community = self.controlled(community_id)
        with self._context.work() as response:
            community, id_ = self._add_channel(response, community, request)
            added = {id_: to_dict(community.description.chats[id_])}
            changes = changes_json(community, self._context.public_key, chatsAdded=added)
            response.add("communityChanges", community.id, changes)
        return response

    async def edit_channel(self, community_id: str, chat_id: str, request: Mapping[str, Any]) -> Response:
        community = self.controlled(community_id)
        id_ = self._channel_id(community, chat_id)
        with self._context.work() as response:
            draft = community.draft()
            _describe_channel(draft.chats[id_], request)
            community = self.publish(response, community, draft)
            modified = {id_: {"ChatModified": to_dict(community.description.chats[id_])}}
            changes = changes_json(community, self._context.public_key, chatsModified=modified)
            response.add("communityChanges", community.id, changes)
        return response

    async def delete_channel(self, community_id: str, chat_id: str) -> Response:
        community = self.controlled(community_id)
        id_ = self._channel_id(community, chat_id)
        with self._context.work() as response:
            draft = community.draft()
            removed = {id_: to_dict(draft.chats[id_])}
            del draft.chats[id_]
            community = self.publish(response, community, draft)
            changes = changes_json(community, self._context.public_key, chatsRemoved=removed)
            response.add("communityChanges", community.id, changes)
        return response

    def _add_channel(
        self, response: Response, community: Community, request: Mapping[str, Any]
    ) -> tuple[Community, str]:
        draft, id_ = community.draft(), str(uuid.uuid4())
        channel = draft.chats[id_]
        _describe_channel(channel, request)
        channel.position = max((other.position for key, other in draft.chats.items() if key != id_), default=-1) + 1
        channel.identity.first_message_timestamp = _NO_MESSAGE_YET
        for member in draft.members:
            channel.members[member].CopyFrom(draft.members[member])
        return self.publish(response, community, draft), id_

    def _channel_id(self, community: Community, chat_id: str) -> str:
        """Both forms are in use: the channel's uuid, and the full chat id."""
        id_ = chat_id.removeprefix(community.id)
        if id_ not in community.description.chats:
            raise ServiceError("chat not found")
        return id_

    def publish(self, response: Response, community: Community, draft: CommunityDescription) -> Community:
        """Makes the draft the description, here and for all who listen."""
        if self._context.archives is not None:
            draft.archive_index_cid_clock = max(
                draft.archive_index_cid_clock, self._context.archives.index_cid_clock(community.id)
            )
            draft.archive_magnetlink_clock = max(
                draft.archive_magnetlink_clock, self._context.archives.magnet_link_clock(community.id)
            )
        published = community.publish(draft)
        self._store.save(published)
        self._send_description(published)
        self._keys.follow(community, published)
        self._follow(response, community, published)
        self._erasure.follow(response, community, published)
        self.show(response, published)
        news = Response()
        self.show(news, published)
        response.then(lambda: self._context.emit(news))
        return published

    def first_message(self, response: Response, chat: Chat, when: int) -> Chat:
        """Notes in the description when a channel's first message was written (unix seconds). On the control node.

        Members learn it from there. Messages come in any order, so it can become earlier.
        """
        known = chat.first_message_timestamp
        community = self._store.get(chat.community_id) if not _NO_MESSAGE_YET < known <= when else None
        if community is None or not community.is_control_node:
            return chat
        draft, id_ = community.draft(), chat.id.removeprefix(community.id)
        draft.chats[id_].identity.first_message_timestamp = when
        community = self.publish(response, community, draft)
        modified = {
            "ChatModified": None,
            "MembersAdded": None,
            "MembersRemoved": None,
            "CategoryModified": "",
            "PositionModified": 0,
            "FirstMessageTimestampModified": when,
        }
        changes = changes_json(community, self._context.public_key, chatsModified={id_: modified})
        response.add("communityChanges", community.id, changes)
        return replace(chat, first_message_timestamp=when)

    def republish(self, community_id: str) -> None:
        community = self.controlled(community_id)
        with self._context.work():
            self._send_description(community)

    def publish_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        message = CommunityMessageArchiveIndexCid(clock=clock_ms, cid=cid)
        draft = self.controlled(community_id).draft()
        draft.archive_index_cid_clock = max(draft.archive_index_cid_clock, clock_ms)
        self._announce(community_id, message, Type.COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID, draft)

    def publish_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        message = CommunityMessageArchiveMagnetlink(clock=clock_ms, magnet_uri=magnet_link)
        draft = self.controlled(community_id).draft()
        draft.archive_magnetlink_clock = max(draft.archive_magnetlink_clock, clock_ms)
        self._announce(community_id, message, Type.COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK, draft)

    def _announce(
        self,
        community_id: str,
        message: CommunityMessageArchiveIndexCid | CommunityMessageArchiveMagnetlink,
        type_: Kind,
        draft: CommunityDescription,
    ) -> None:
        """Says on the universal channel where archives are, and publishes the description that knows when."""
        community = self.controlled(community_id)
        assert community.private_key is not None
        wrapped = application.wrap(message.SerializeToString(), type_, community.private_key)
        with self._context.work():
            self._context.transport.send_public(ids.universal_chat_id(community.id), wrapped, community.private_key)
            published = community.publish(draft)
            self._store.save(published)
            self._send_description(published)

    def _send_description(self, community: Community) -> None:
        assert isinstance(community.private_key, PrivateKey)
        self._context.transport.send_public(community.id, community.signed, community.private_key)

    # Everywhere

    async def fetch(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Finds a community in the database, in the store or as it is published while we wait."""
        community_id = community_id_of(request.get("communityKey") or "")
        known = self._store.get(community_id)
        if known is not None and (known.is_control_node or request.get("tryDatabase")):
            return known.to_json(self._context.public_key)
        arrival = self._awaited.setdefault(community_id, asyncio.get_running_loop().create_future())
        filter_ = Filter(community_id)
        await self._context.transport.prepare([community_id])
        if arrival.done():
            arrival.result()  # which is an error if the messenger has stopped meanwhile
        self._context.transport.subscribe([filter_])
        self._context.transport.rewind(filter_)
        if not request.get("waitForResponse"):
            return None
        try:
            await asyncio.wait_for(asyncio.shield(arrival), _FETCH_TIMEOUT)
        except TimeoutError:
            log.warning("community %s was not found within %g s", community_id, _FETCH_TIMEOUT)
        found = self._store.get(community_id)
        return found.to_json(self._context.public_key) if found else None

    def stop_waiting(self) -> None:
        """Whoever still waits for a community is told that it will not come."""
        for arrival in self._awaited.values():
            arrival.set_exception(ServiceError("messenger stopped"))
            arrival.exception()  # there may be nobody who waits
        self._awaited.clear()

    async def spectate(self, community_id: str) -> Response:
        community = self.get(community_id)
        await self._prepare(community)
        with self._context.work() as response:
            if not community.joined:
                community = replace(community, spectated=True)
                self._store.save(community)
            self.enter(response, community)
        return response

    async def join(self, community_id: str) -> Response:
        """Without asking anybody, so as to read along: who is no member is not listened to."""
        community = self.get(community_id)
        if community.joined:
            raise ServiceError("already joined")
        await self._prepare(community)
        with self._context.work() as response:
            community = replace(community, joined=True, joined_at=clock.now_s(), spectated=False)
            self._store.save(community)
            self.enter(response, community)
            if self._context.archives is not None:
                self._context.tell_archives(self._context.archives.community_joined(community.id))
        return response

    async def _prepare(self, community: Community) -> None:
        chats = [community.id, ids.universal_chat_id(community.id), *community.chat_ids()]
        await self._context.transport.prepare(chats)

    def enter(self, response: Response, community: Community) -> None:
        """Chats, settings and listening, of a community that is joined or spectated from now on."""
        for chat_id in community.chat_ids():
            self._views.show_chat(response, self._open_chat(response, community, chat_id), community)
        if self._store.settings_of(community.id) is None:
            self._store.save_settings(community.id, archives=True)
        response.add("communitiesSettings", community.id, self._store.settings_of(community.id))
        self.show(response, community)
        response.then(lambda: self._context.transport.subscribe(self.filters(community)))

    def leave(self, response: Response, community: Community) -> None:
        """No chats, no settings, no listening, except that a control node stays what it is."""
        for chat in self._chats.of_community(community.id):
            self._chats.save(replace(chat, active=False))
            response.add("removedChats", chat.id, chat.id)
        self._store.delete_settings(community.id)
        gone = replace(community, joined=False, joined_at=0, spectated=False, requested_to_join_at=0)
        self._store.save(gone)
        self.show(response, gone)
        silenced = self.filters(replace(community, joined=True))
        response.then(lambda: self._context.transport.unsubscribe(silenced))

    def receive_description(self, response: Response, message: Application, community_id: str) -> None:
        """What it says of our membership is seen to by who asks `response.described`."""
        known = self._store.get(community_id)
        if known is not None and known.is_control_node:
            return  # the echo of our own
        try:
            description = read_description(message, community_id)
        except MalformedMessage as error:
            raise Dropped("forged", str(error)) from error
        if known is None:
            self.accept_description(response, message, Community(community_id, description, message.wrapped))
        elif description.clock > known.clock:
            self.accept_description(response, message, known)
        elif description.clock < known.clock:
            raise Dropped("outdated", f"description with clock {description.clock}, known is {known.clock}")
        response.then(lambda: self._arrived(community_id))

    def accept_description(self, response: Response, message: Application, known: Community) -> Community:
        """Takes a description that is newer than what is known, and follows its channels."""
        community = known.with_description(message)
        self._store.save(community)
        self._follow(response, known, community)
        self._erasure.follow(response, known, community)
        self.show(response, community)
        response.described.append(community)
        clocks = community.description.archive_index_cid_clock, community.description.archive_magnetlink_clock
        if self._context.archives is not None and any(clocks):
            self._context.archives.on_description_clock(community.id, *clocks)
        return community

    def receive_index_cid(self, message: Application, community_id: str) -> None:
        if ids.community_id(message.author) != community_id:
            raise Dropped("forged", f"index CID of {community_id} signed by {message.from_}")
        announcement = CommunityMessageArchiveIndexCid.FromString(message.payload)
        if self._context.archives is not None:
            self._context.tell_archives(
                self._context.archives.on_index_cid(community_id, announcement.cid, announcement.clock)
            )

    def receive_magnet_link(self, message: Application, community_id: str) -> None:
        if ids.community_id(message.author) != community_id:
            raise Dropped("forged", f"magnet link of {community_id} signed by {message.from_}")
        announcement = CommunityMessageArchiveMagnetlink.FromString(message.payload)
        if self._context.archives is not None:
            self._context.tell_archives(
                self._context.archives.on_magnet_link(community_id, announcement.magnet_uri, announcement.clock)
            )

    def _arrived(self, community_id: str) -> None:
        if (arrival := self._awaited.pop(community_id, None)) is None:
            return
        community = self.get(community_id)
        self._context.session.signals.emit(signal_types.COMMUNITY_FOUND, community.to_json(self._context.public_key))
        arrival.set_result(None)

    def _follow(self, response: Response, before: Community, after: Community) -> None:
        """Opens the channels that are new and closes those that are gone."""
        if not (after.joined or after.spectated):
            return
        for chat_id in after.chat_ids():
            self._open_chat(response, after, chat_id)
        gone = [chat for chat in self._chats.of_community(after.id) if chat.active and chat.id not in after.chat_ids()]
        for chat in gone:
            self._chats.save(replace(chat, active=False))
            response.add("removedChats", chat.id, chat.id)
        response.then(lambda: self._context.transport.subscribe(self.filters(after)))
        response.then(lambda: self._context.transport.unsubscribe([Filter(chat.id) for chat in gone]))

    def _open_chat(self, response: Response, community: Community, chat_id: str) -> Chat:
        """The chat of a channel; shown where it is new or looks different."""
        channel: CommunityChat = community.description.chats[chat_id.removeprefix(community.id)]
        now = clock.now_ms()
        known = self._chats.get(chat_id)
        chat = replace(
            known or Chat(chat_id, COMMUNITY_CHAT, community_id=community.id, timestamp=now, joined=now),
            active=True,
            name=channel.identity.display_name,
            description=channel.identity.description,
            color=channel.identity.color,
            emoji=channel.identity.emoji,
            first_message_timestamp=channel.identity.first_message_timestamp,
        )
        if not (known and known.active):
            chat = replace(chat, joined=now, timestamp=now)
        if chat != known:
            self._chats.save(chat)
            self._views.show_chat(response, chat, community)
        return chat


def community_id_of(key: str) -> str:
    """From a community's public key, or the private key that controls it."""
    if len(key) <= 2:
        raise ServiceError("community key is too short")
    try:
        raw = ids.from_hex(key)
        public_key = PrivateKey(raw).public_key if len(raw) == 32 else ids.parse_public_key(key)
    except ValueError as error:
        raise ServiceError("invalid community key") from error
    return ids.community_id(public_key)


def _describe(description: CommunityDescription, request: Mapping[str, Any]) -> None:
    description.identity.display_name = request["name"]
    description.identity.description = request["description"]
    description.identity.color = request["color"]
    description.identity.emoji = request.get("emoji") or ""
    description.permissions.access = request["membership"]
    description.permissions.ens_only = bool(request.get("ensOnly"))
    description.intro_message = request.get("introMessage") or ""
    description.outro_message = request.get("outroMessage") or ""
    pinning = bool(request.get("pinMessageAllMembersEnabled"))
    description.admin_settings.pin_message_all_members_enabled = pinning
    del description.tags[:]
    description.tags.extend(request.get("tags") or [])


def _describe_channel(channel: CommunityChat, request: Mapping[str, Any]) -> None:
    """The request is the protobuf message as JSON: `display_name`; a `displayName` is not known and has no effect."""
    identity = request.get("identity") or {}
    channel.identity.display_name = identity.get("display_name") or ""
    channel.identity.description = identity.get("description") or ""
    channel.identity.color = identity.get("color") or ""
    channel.identity.emoji = identity.get("emoji") or ""
    channel.permissions.access = (request.get("permissions") or {}).get("access") or MANUAL_ACCEPT
    channel.viewers_can_post_reactions = bool(request.get("viewers_can_post_reactions"))
    channel.hide_if_permissions_not_met = bool(request.get("hide_if_permissions_not_met"))
