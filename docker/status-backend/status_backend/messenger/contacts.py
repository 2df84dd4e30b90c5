"""Contacts and one-to-one chats."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from eth_hash.auto import keccak

from ..accounts import identity
from ..db import Row
from ..protocol import application, ids
from ..protocol.application import Application, Kind, Type
from ..protocol.chat_message_pb2 import ONE_TO_ONE, ChatMessage
from ..protocol.contact_pb2 import AcceptContactRequest, ContactUpdate, RetractContactRequest
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from ..transport.filters import Filter
from . import clock
from .activity_center import CONTACT_REMOVED, CONTACT_REQUEST, ActivityCenter, Notification
from .chat_store import CHAT_COLORS, ONE_TO_ONE_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .community_store import upsert
from .context import Context, Dropped
from .conversations import Arrival, Conversations, check_clock
from .messages import Messages
from .response import Response

# States of a contact, and of each side's contact request (local: ours, remote: the other's).
NONE, MUTUAL, SENT, RECEIVED, DISMISSED = 0, 1, 2, 3, 4
# States of a contact request message.
PENDING, ACCEPTED, DECLINED = 1, 2, 3
_DEFAULT_COLOR = "blue"  # of who does not tell its colour, as in the original
# Messages in which a chat says how the two stand to each other.
_EVENT_SENT = ChatMessage.SYSTEM_MESSAGE_MUTUAL_EVENT_SENT
_EVENT_ACCEPTED = ChatMessage.SYSTEM_MESSAGE_MUTUAL_EVENT_ACCEPTED
_EVENT_REMOVED = ChatMessage.SYSTEM_MESSAGE_MUTUAL_EVENT_REMOVED


@dataclass(frozen=True)
class Contact:
    id: str
    display_name: str = ""
    nickname: str = ""
    local_state: int = NONE
    local_clock: int = 0
    remote_state: int = NONE
    remote_clock: int = 0
    blocked: bool = False
    customization_color: str = ""
    profile_clock: int = 0

    @property
    def added(self) -> bool:
        return self.local_state == SENT

    @property
    def has_added_us(self) -> bool:
        return self.remote_state == RECEIVED

    def to_json(self) -> dict[str, Any]:
        compressed = ids.compressed_key(self.id)
        short = f"{compressed[:3]}...{compressed[-6:]}"
        body = {
            "id": self.id,
            "address": ids.address(ids.parse_public_key(self.id)),
            "ensVerified": False,
            "alias": short,
            "identicon": "",
            "lastUpdated": 0,
            "lastUpdatedLocally": 0,
            "displayName": self.display_name,
            "customizationColor": self.customization_color,
            "localNickname": self.nickname,
            "bio": "",
            "images": None,
            "blocked": self.blocked,
            "contactRequestRemoteState": self.remote_state,
            "contactRequestRemoteClock": self.remote_clock,
            "contactRequestLocalState": self.local_state,
            "contactRequestLocalClock": self.local_clock,
            "IsSyncing": False,
            "Removed": False,
            "verificationStatus": 0,
            "trustStatus": 0,
            "added": self.added,
            "contactRequestState": self._state(),
            "hasAddedUs": self.has_added_us,
            "mutual": self.mutual,
            "active": self.added or self.has_added_us,
            "primaryName": self.nickname or self.display_name or short,
            "compressedKey": compressed,
            "emojiHash": identity.emoji_hash(self.id),
        }
        for optional in ("customizationColor", "localNickname"):
            if not body[optional]:
                del body[optional]
        return body

    @property
    def mutual(self) -> bool:
        return self.added and self.has_added_us

    def _state(self) -> int:
        if self.mutual:
            return MUTUAL
        if self.added:
            return SENT
        if self.has_added_us:
            return DISMISSED if self.local_state == DISMISSED else RECEIVED
        return NONE


class Contacts:
    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        messages: Messages,
        chats: ChatStore,
        views: ChatViews,
        activity: ActivityCenter,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._messages = messages
        self._chats = chats
        self._views = views
        self._activity = activity

    def listen_on_start(self) -> list[Filter]:
        """Our mailbox, and where contacts tell their status."""
        mailbox = Filter(ids.contact_chat_id(self._context.public_key), private_key=self._context.key)
        return [mailbox, *(_status_filter(contact) for contact in self.known() if contact.added)]

    def all(self) -> list[dict[str, Any]]:
        return [contact.to_json() for contact in self.known()]

    def known(self) -> list[Contact]:
        return [_read(row) for row in self._context.db.query("SELECT * FROM contacts ORDER BY id")]

    def get(self, contact_id: str) -> Contact:
        row = self._context.db.one("SELECT * FROM contacts WHERE id = ?", (contact_id,))
        return _read(row) if row else Contact(contact_id)

    def show(self, contact_id: str) -> dict[str, Any] | None:
        row = self._context.db.one("SELECT * FROM contacts WHERE id = ?", (contact_id,))
        return _read(row).to_json() if row else None

    def is_added(self, public_key: str) -> bool:
        return self.get(public_key).added

    def is_mutual(self, public_key: str) -> bool:
        return self.get(public_key).mutual

    # One-to-one chats

    def open_chat(self, contact_id: str) -> Response:
        with self._context.work() as response:
            chat = replace(self.chat_with(self.parse(contact_id)), active=True)
            self._chats.save(chat)
            self._views.show_chat(response, chat)
        return response

    def send_message(self, contact_id: str, text: str) -> Response:
        if not text.strip():
            raise ServiceError("message text can't be empty")
        contact_id = self.parse(contact_id)
        with self._context.work() as response:
            self._messages.compose(response, self.chat_with(contact_id), text, ChatMessage.TEXT_PLAIN)
        return response

    def chat_with(self, contact_id: str) -> Chat:
        """Which is opened, should it be closed or not there yet."""
        chat = self._chats.get(contact_id)
        if chat is None or not chat.active:
            now = clock.now_ms()
            new = Chat(contact_id, ONE_TO_ONE_CHAT, contact_id[:8], color=random.choice(CHAT_COLORS), joined=now)
            chat = replace(chat or new, timestamp=now, active=True)
            self._chats.save(chat)
        return chat

    # Becoming contacts, and ceasing to be

    def send_request(self, contact_id: str, text: str) -> Response:
        if not text.strip():
            raise ServiceError("send-contact-request: invalid message")
        contact_id = self.parse(contact_id)
        with self._context.work() as response:
            contact = replace(self.get(contact_id), local_state=SENT, local_clock=clock.now_ms())
            self.save(response, contact)
            state = ACCEPTED if contact.mutual else PENDING
            chat = self.chat_with(contact_id)
            request = self._messages.compose(
                response, chat, text, ChatMessage.CONTACT_REQUEST, contact_request_state=state
            )
            self._note(response, contact_id, _EVENT_SENT, f"You sent a contact request to @{contact_id}", ours=True)
            self._notify_of_request(response, request, contact_id, read=True)
        return response

    def add(self, request: Mapping[str, Any]) -> Response:
        contact_id = self.parse(request.get("id") or "")
        response = self.send_request(contact_id, "Please add me to your contacts")
        with self._context.work() as named:
            contact = self.get(contact_id)
            contact = replace(
                contact,
                nickname=request.get("nickname") or contact.nickname,
                display_name=request.get("displayName") or contact.display_name,
            )
            self.save(named, contact)
        response.merge(named)
        return response

    def set_nickname(self, contact_id: str, nickname: str) -> Response:
        with self._context.work() as response:
            self.save(response, replace(self.get(self.parse(contact_id)), nickname=nickname))
        return response

    def accept_request(self, message_id: str) -> Response:
        request = self._received_request(message_id)
        with self._context.work() as response:
            self._answer(response, request, ACCEPTED)
            body = AcceptContactRequest(id=request.id, clock=clock.now_ms()).SerializeToString()
            self._send(request.source, body, Type.ACCEPT_CONTACT_REQUEST)
            text = f"You accepted @{request.source}'s contact request"
            self._note(response, request.source, _EVENT_ACCEPTED, text, ours=True)
            self._activity.update(response, request.id, accepted=True, read=True)
        return response

    def decline_request(self, message_id: str) -> Response:
        request = self._received_request(message_id)
        with self._context.work() as response:
            self._answer(response, request, DECLINED)
            self._activity.update(response, request.id, dismissed=True, read=True)
        return response

    def accept_latest(self, contact_id: str) -> Response:
        return self.accept_request(self._latest_request(contact_id).id)

    def dismiss_latest(self, contact_id: str) -> Response:
        return self.decline_request(self._latest_request(contact_id).id)

    def latest_request(self, contact_id: str) -> dict[str, Any]:
        return self._views.message(self._latest_request(contact_id))

    def remove(self, contact_id: str) -> Response:
        """Takes our request back, accepted or not."""
        contact_id = self.parse(contact_id)
        before = self.get(contact_id)
        with self._context.work() as response:
            contact = replace(before, local_state=NONE, remote_state=NONE, local_clock=clock.now_ms())
            self.save(response, contact)
            body = RetractContactRequest(clock=contact.local_clock).SerializeToString()
            self._send(contact_id, body, Type.RETRACT_CONTACT_REQUEST)
            if before.added:
                text = f"You removed @{contact_id} as a contact"
                self._note(response, contact_id, _EVENT_REMOVED, text, ours=True)
        return response

    # Receiving

    def learn(
        self, response: Response, public_key: str, display_name: str, color: str = _DEFAULT_COLOR, old: bool = False
    ) -> None:
        """What somebody says it is called. Something `old` says so of who has no name yet."""
        contact = self.get(public_key)
        if not display_name or display_name == contact.display_name or public_key == self._context.public_key:
            return
        if not (old and contact.display_name):
            self.save(response, replace(contact, display_name=display_name, customization_color=color))

    def tell_profile(self) -> None:
        """To those who are our contacts."""
        body = ContactUpdate(
            clock=clock.now_ms(),
            display_name=self._context.display_name,
            customization_color=self._context.customization_color,
        )
        with self._context.work():
            for contact in self.known():
                if contact.added:
                    self._send(contact.id, body.SerializeToString(), Type.CONTACT_UPDATE)

    def receive_update(self, response: Response, message: Application, envelope: Envelope) -> None:
        body = ContactUpdate.FromString(message.payload)
        check_clock(body.clock, envelope)
        contact = self.get(message.from_)
        if not (contact.added or contact.has_added_us):
            raise Dropped("unknown", f"the profile of {message.from_}, who is no contact of ours")
        if body.clock <= contact.profile_clock:
            raise Dropped("outdated", f"the profile of {message.from_}")
        color = body.customization_color or contact.customization_color
        contact = replace(contact, profile_clock=body.clock, customization_color=color)
        self.save(response, replace(contact, display_name=body.display_name or contact.display_name))

    def receive_message(self, response: Response, arrival: Arrival) -> None:
        """What a one-to-one message, once it is stored, says of us and its author."""
        request = self._chats.message(arrival.message.id)
        if request is None or request.content_type != ChatMessage.CONTACT_REQUEST:
            return
        contact = self.get(request.source)
        if request.clock <= contact.remote_clock:
            raise Dropped("outdated", f"contact request {request.id}")
        contact = replace(contact, remote_state=RECEIVED, remote_clock=request.clock, display_name=request.display_name)
        self.save(response, contact)
        request = replace(request, contact_request_state=ACCEPTED if contact.added else PENDING)
        self._chats.save_message(request)
        self._views.show_message(response, request, new=True)
        if contact.mutual:
            self._became_mutual(response, contact)
        else:
            text = f"@{contact.id} sent you a contact request"
            self._note(response, contact.id, _EVENT_SENT, text, ours=False)
        self._notify_of_request(response, request, contact.id, read=False)

    def receive_acceptance(self, response: Response, message: Application) -> None:
        body = AcceptContactRequest.FromString(message.payload)
        request = self._chats.message(body.id)
        if request is None or request.source != self._context.public_key or request.chat_id != message.from_:
            raise Dropped("forged", f"{message.from_} accepts {body.id}, which is no contact request to it")
        contact = self.get(message.from_)
        if body.clock <= contact.remote_clock:
            raise Dropped("outdated", f"acceptance of {body.id}")
        if not contact.added:
            raise Dropped("outdated", f"acceptance of {body.id}, which was taken back")
        contact = replace(contact, remote_state=RECEIVED, remote_clock=body.clock)
        self.save(response, contact)
        accepted = replace(request, contact_request_state=ACCEPTED)
        self._chats.save_message(accepted)
        self._views.show_message(response, accepted)
        self._became_mutual(response, contact)
        self._activity.update(response, request.id, accepted=True, read=False)

    def receive_retraction(self, response: Response, message: Application) -> None:
        body = RetractContactRequest.FromString(message.payload)
        before = self.get(message.from_)
        if body.clock <= before.remote_clock:
            raise Dropped("outdated", f"retraction of {message.from_}")
        self.save(response, replace(before, remote_state=NONE, remote_clock=body.clock, local_state=NONE))
        if before.mutual:
            text = f"@{before.id} removed you as a contact"
            self._note(response, before.id, _EVENT_REMOVED, text, ours=False)
            removed = Notification(
                message.id,
                CONTACT_REMOVED,
                clock.now_ms(),
                chat_id=before.id,
                author=before.id,
                name=before.display_name,
            )
            self._activity.notify(response, removed)

    # Small things

    def _latest_request(self, contact_id: str) -> Message:
        found = self._chats.find("source = ? AND content_type = ?", (contact_id, ChatMessage.CONTACT_REQUEST))
        if not found:
            raise ServiceError("record not found")
        return found[0]

    def _received_request(self, message_id: str) -> Message:
        request = self._chats.message(message_id)
        if request is None or request.content_type != ChatMessage.CONTACT_REQUEST:
            raise ServiceError("record not found")
        if request.source == self._context.public_key:
            raise ServiceError("can't accept own contact request")
        return request

    def _answer(self, response: Response, request: Message, state: int) -> None:
        contact = self.get(request.source)
        local = SENT if state == ACCEPTED else DISMISSED
        self.save(response, replace(contact, local_state=local, local_clock=clock.now_ms()))
        request = replace(request, contact_request_state=state)
        self._chats.save_message(request)
        self._views.show_message(response, request)

    def _became_mutual(self, response: Response, contact: Contact) -> None:
        self._note(response, contact.id, _EVENT_ACCEPTED, f"@{contact.id} accepted your contact request", ours=False)

    def _note(
        self, response: Response, contact_id: str, kind: ChatMessage.ContentType, text: str, *, ours: bool
    ) -> None:
        """What the chat says of how the two stand to each other."""
        chat = self.chat_with(contact_id)
        source, when = self._context.public_key if ours else contact_id, clock.tick(chat.last_clock)
        message = Message(
            id=ids.hex0x(keccak(f"{source}{contact_id}{kind}{when}".encode())),
            chat_id=chat.id,
            source=source,
            clock=when,
            timestamp=when,
            whisper_timestamp=when,
            text=text,
            content_type=kind,
            message_type=ONE_TO_ONE,
            seen=ours,
        )
        self._messages.note(response, chat, message)

    def _notify_of_request(self, response: Response, request: Message, contact_id: str, read: bool) -> None:
        notification = Notification(
            request.id,
            CONTACT_REQUEST,
            request.whisper_timestamp,
            chat_id=contact_id,
            author=request.source,
            name=self.get(contact_id).display_name,
            message_id=request.id,
            read=read,
            accepted=request.contact_request_state == ACCEPTED,
        )
        self._activity.notify(response, notification)

    def _send(self, contact_id: str, body: bytes, type_: Kind) -> None:
        self._conversations.send_to(contact_id, application.wrap(body, type_, self._context.key))

    def save(self, response: Response, contact: Contact) -> None:
        upsert(self._context.db, "contacts", {field.name: getattr(contact, field.name) for field in fields(contact)})
        response.add("contacts", contact.id, contact.to_json())
        follow = self._context.transport.subscribe if contact.added else self._context.transport.unsubscribe
        response.then(lambda: follow([_status_filter(contact)]))

    def parse(self, contact_id: str) -> str:
        try:
            contact_id = ids.public_key_id(ids.parse_public_key(contact_id))
        except ids.InvalidKey as error:
            raise ServiceError(f"invalid contact id: {error}") from error
        if contact_id == self._context.public_key:
            raise ServiceError("can't be a contact of oneself")
        return contact_id


def _status_filter(contact: Contact) -> Filter:
    return Filter(ids.contact_code_chat_id(contact.id))


def _read(row: Row) -> Contact:
    values = {field.name: row[field.name] for field in fields(Contact)}
    return Contact(**{**values, "blocked": bool(row["blocked"])})
