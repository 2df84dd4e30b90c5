"""Chats as places where something is said: how it gets to those who are there, and whose word counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..protocol import application, ids
from ..protocol.application import Application, Kind, Type
from ..protocol.chat_message_pb2 import COMMUNITY_CHAT as IN_COMMUNITY
from ..protocol.chat_message_pb2 import ONE_TO_ONE, PRIVATE_GROUP
from ..protocol.membership_update_message_pb2 import MembershipUpdateMessage
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from ..transport.filters import Filter
from . import clock, grants, raw_messages
from .chat_store import COMMUNITY_CHAT, GROUP_CHAT, ONE_TO_ONE_CHAT, Chat, ChatStore
from .community import Community
from .community_store import CommunityStore
from .context import Context, Dropped
from .encryption_chats import EncryptedChats
from .grants import Grants
from .group import GroupStore
from .held_messages import HeldMessages

MESSAGE_TYPES = {ONE_TO_ONE_CHAT: ONE_TO_ONE, GROUP_CHAT: PRIVATE_GROUP, COMMUNITY_CHAT: IN_COMMUNITY}
_FUTURE = 120_000  # milliseconds that an author's clock may be ahead of its envelope


@dataclass(frozen=True)
class Arrival:
    """What was said in one of our chats, by somebody who may speak there. `own`: by us, from elsewhere."""

    message: Application
    chat: Chat
    envelope: Envelope
    own: bool
    archived: bool

    @property
    def source(self) -> str:
        return self.message.from_


class Conversations:
    def __init__(
        self,
        context: Context,
        chats: ChatStore,
        communities: CommunityStore,
        groups: GroupStore,
        held: HeldMessages,
        encrypted: EncryptedChats,
        given: Grants,
    ) -> None:
        self._context = context
        self._chats = chats
        self._communities = communities
        self._groups = groups
        self._held = held
        self._encrypted = encrypted
        self._given = given

    def chat(self, chat_id: str) -> Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            raise ServiceError("Chat not found")
        return chat

    # Speaking

    def check_may_speak(self, chat: Chat, content_type: int) -> None:
        me = self._context.public_key
        if chat.chat_type == COMMUNITY_CHAT:
            community = self._communities.get(chat.community_id)
            allowed = chat.active and community is not None and community.may_post(chat.id, me)
        elif chat.chat_type == GROUP_CHAT:
            allowed = me in self._groups.get(chat.id).members
        else:
            allowed = True
        if not allowed:
            raise ServiceError(f"can't post message type '{content_type}' on chat '{chat.id}'")

    def grant(self, chat: Chat) -> bytes:
        """What goes with a message to this chat, so that who does not know us yet takes it. Mostly empty."""
        return self._given.get(chat.community_id) if chat.chat_type == COMMUNITY_CHAT else b""

    def publish(self, chat: Chat, body: Any, type_: Kind) -> Application:
        """Signs the protobuf message `body` and sends it to all who are in the chat."""
        payload = body.SerializeToString()
        if chat.chat_type == GROUP_CHAT and type_ == Type.CHAT_MESSAGE:
            # Whoever has missed a change of the group learns of it with the next message.
            events = [event.raw for event in self._groups.get(chat.id).events]
            payload = MembershipUpdateMessage(chat_id=chat.id, events=events, message=body).SerializeToString()
            type_ = Type.MEMBERSHIP_UPDATE_MESSAGE
        message = application.unwrap(application.wrap(payload, type_, self._context.key))
        self._context.db.execute("REPLACE INTO sent_messages VALUES (?, ?, ?)", (message.id, type_, payload))
        self._send(chat, message)
        return message

    def publish_again(self, chat: Chat, message_id: str) -> None:
        row = self._context.db.one("SELECT type, payload FROM sent_messages WHERE id = ?", (message_id,))
        if row is None:
            raise ServiceError("record not found")
        self._send(chat, application.unwrap(application.wrap(row["payload"], row["type"], self._context.key)))

    def _send(self, chat: Chat, message: Application) -> None:
        if chat.chat_type == COMMUNITY_CHAT:
            transport = self._context.transport
            if (community := self.community(chat)) is not None:
                message = self._encrypted.seal(community, chat.id, message)
            envelope = transport.send_public(chat.id, message.travelled, self._context.key, message.id)
            self._keep_raw(chat, envelope, message)
            return
        members = self._groups.get(chat.id).members if chat.chat_type == GROUP_CHAT else [chat.id]
        others = [member for member in members if member != self._context.public_key]
        for member in others:
            self.send_to(member, message.wrapped, message.id)

    def send_to(self, public_key: str, wrapped: bytes, message_id: str = "") -> None:
        mailbox, recipient = Filter(ids.contact_chat_id(public_key)), ids.parse_public_key(public_key)
        self._context.transport.send_private(mailbox, recipient, wrapped, self._context.key, message_id)

    # Listening

    def admit(
        self, message: Application, chat_id: str, envelope: Envelope, archived: bool, grant: bytes = b""
    ) -> Arrival | None:
        """None where it is put aside, because its author is no member of the community as far as we know.

        What comes from an archive was checked by the control node; an author who has left since is no reason to drop
        it. All others must be members now, or have the community's word for it that they are.
        """
        chat = self._chats.get(chat_id)
        own = message.from_ == self._context.public_key
        if chat is None or not (chat.active or chat.chat_type == GROUP_CHAT):
            raise Dropped("unknown", f"a message in {chat_id}, which is no chat of ours")
        community = self.community(chat)
        if community is not None and community.is_banned(message.from_) and not (archived or own):
            raise Dropped("banned", f"{message.from_} is banned from {community.id}")
        if community is not None and message.from_ in community.erased:
            raise Dropped("banned", f"{message.from_} is banned from {community.id} with all that it wrote")
        if chat.chat_type == COMMUNITY_CHAT and not archived and not own:
            if community is None or not _may_say(community, chat_id, message, grant):
                self._held.hold(chat.community_id, chat_id, message, envelope)
                self._context.drop(message, Dropped("not a member", f"{message.from_} of {chat.community_id}"))
                return None
        elif chat.chat_type == GROUP_CHAT and message.from_ not in self._groups.get(chat_id).members:
            raise Dropped("not a member", f"{message.from_} of the group {chat_id}")
        return Arrival(message, chat, envelope, own, archived)

    def check(self, arrival: Arrival, body: Any) -> None:
        """That it was written for this chat (in a one-to-one chat each side names the other), and not in the future."""
        expected = arrival.chat.id
        if arrival.chat.chat_type == ONE_TO_ONE_CHAT and not arrival.own:
            expected = self._context.public_key
        if body.chat_id != expected:
            raise Dropped("forged", f"a message for {body.chat_id} in {arrival.chat.id}")
        check_clock(body.clock, arrival.envelope)

    def keep(self, arrival: Arrival) -> None:
        """For the archives of a community, if we make them. Own messages were kept when they were sent."""
        if arrival.chat.community_id and not arrival.archived and not arrival.own:
            self._keep_raw(arrival.chat, arrival.envelope, arrival.message)

    def _keep_raw(self, chat: Chat, envelope: Envelope, message: Application) -> None:
        community = self._communities.get(chat.community_id)
        if community is not None and community.is_control_node and message.type in raw_messages.CONTENT:
            raw_messages.keep(self._context.db, envelope, message)

    def manages(self, chat: Chat, public_key: str) -> bool:
        """Whether this member may do what concerns everybody: pin where not all may, delete what others wrote."""
        if chat.chat_type == COMMUNITY_CHAT:
            community = self.community(chat)
            return community is not None and community.manages(public_key)
        return chat.chat_type == GROUP_CHAT and public_key in self._groups.get(chat.id).admins

    def community(self, chat: Chat) -> Community | None:
        return self._communities.get(chat.community_id) if chat.community_id else None

    def is_participant(self, chat: Chat, public_key: str) -> bool:
        """Of a one-to-one or group chat."""
        if chat.chat_type == GROUP_CHAT:
            return public_key in self._groups.get(chat.id).members
        return chat.id == public_key


def _may_say(community: Community, chat_id: str, message: Application, grant: bytes) -> bool:
    channel = community.description.chats.get(chat_id.removeprefix(community.id))
    reacting = message.type == Type.EMOJI_REACTION and channel is not None and channel.viewers_can_post_reactions
    if not community.is_gated(chat_id):
        return community.has_member(message.from_) or grants.vouches(grant, community, message.from_)
    return community.may_view(chat_id, message.from_) if reacting else community.may_post(chat_id, message.from_)


def check_clock(when: int, envelope: Envelope) -> None:
    """That it was not written in the future: neither its envelope's, whose time is its sender's word, nor ours."""
    sent, now = envelope.timestamp // 1_000_000, clock.now_ms()
    if not 0 < when <= min(sent, now) + _FUTURE or sent > now + _FUTURE:
        raise Dropped("malformed", f"clock {when} in an envelope of {envelope.timestamp} ns")
