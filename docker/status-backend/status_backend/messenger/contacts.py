"""Contacts and one-to-one chats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..accounts import identity
from ..db import Row
from ..protocol import application, ids
from ..protocol.application import Application, Type
from ..protocol.chat_message_pb2 import ChatMessage
from ..protocol.contact_pb2 import AcceptContactRequest, RetractContactRequest
from ..protocol.waku_message import Envelope
from ..rpc import ServiceError
from ..transport.filters import Filter
from . import clock
from .chat_store import ONE_TO_ONE_CHAT, Chat, ChatStore
from .community_store import upsert
from .context import Context, Dropped
from .messages import Messages
from .response import Response

# States of a contact request, ours (local) and the other's (remote).
NONE, SENT, DISMISSED = 0, 1, 2
REMOTE_NONE, REMOTE_RECEIVED = 0, 1
# States of a contact request message.
PENDING, ACCEPTED, DECLINED = 1, 2, 3


@dataclass(frozen=True)
class Contact:
    id: str
    display_name: str = ""
    nickname: str = ""
    local_state: int = NONE
    local_clock: int = 0
    remote_state: int = REMOTE_NONE
    remote_clock: int = 0

    @property
    def added(self) -> bool:
        return self.local_state == SENT

    @property
    def has_added_us(self) -> bool:
        return self.remote_state == REMOTE_RECEIVED

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
            "localNickname": self.nickname,
            "bio": "",
            "images": None,
            "blocked": False,
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
            "mutual": self.added and self.has_added_us,
            "active": self.added or self.has_added_us,
            "primaryName": self.nickname or self.display_name or short,
            "compressedKey": compressed,
            "emojiHash": identity.emoji_hash(self.id),
        }
        if not self.nickname:
            del body["localNickname"]
        return body

    def _state(self) -> int:
        """0 none, 1 mutual, 2 sent, 3 received, 4 dismissed."""
        if self.added and self.has_added_us:
            return 1
        if self.added:
            return 2
        if self.has_added_us:
            return 4 if self.local_state == DISMISSED else 3
        return 0


class Contacts:
    def __init__(self, context: Context, messages: Messages, chats: ChatStore) -> None:
        self._context = context
        self._messages = messages
        self._chats = chats

    def mailbox(self) -> Filter:
        return Filter(ids.contact_chat_id(self._context.public_key), private_key=self._context.key)

    def all(self) -> list[dict[str, Any]]:
        return [_read(row).to_json() for row in self._context.db.query("SELECT * FROM contacts ORDER BY id")]

    def get(self, contact_id: str) -> Contact:
        row = self._context.db.one("SELECT * FROM contacts WHERE id = ?", (contact_id,))
        return _read(row) if row else Contact(contact_id)

    def send_message(self, contact_id: str, text: str) -> Response:
        if not text.strip():
            raise ServiceError("message text can't be empty")
        contact_id = self._parse(contact_id)
        with self._context.work() as response:
            self._messages.compose(response, self._chat(contact_id), text, ChatMessage.TEXT_PLAIN)
        return response

    def send_request(self, contact_id: str, text: str) -> Response:
        if not text.strip():
            raise ServiceError("send-contact-request: invalid message")
        contact_id = self._parse(contact_id)
        with self._context.work() as response:
            contact = replace(self.get(contact_id), local_state=SENT, local_clock=clock.now_ms())
            self._save(response, contact)
            self._messages.compose(
                response, self._chat(contact_id), text, ChatMessage.CONTACT_REQUEST, contact_request_state=PENDING
            )
        return response

    def add(self, request: Mapping[str, Any]) -> Response:
        contact_id = self._parse(request.get("id") or "")
        response = self.send_request(contact_id, "Please add me to your contacts")
        with self._context.work() as named:
            contact = self.get(contact_id)
            contact = replace(
                contact,
                nickname=request.get("nickname") or contact.nickname,
                display_name=request.get("displayName") or contact.display_name,
            )
            self._save(named, contact)
        response.merge(named)
        return response

    def accept_request(self, message_id: str) -> Response:
        request = self._received_request(message_id)
        with self._context.work() as response:
            self._answer(response, request.source, request.id, ACCEPTED)
            body = AcceptContactRequest(id=request.id, clock=clock.now_ms()).SerializeToString()
            self._send(request.source, body, Type.ACCEPT_CONTACT_REQUEST)
        return response

    def decline_request(self, message_id: str) -> Response:
        request = self._received_request(message_id)
        with self._context.work() as response:
            self._answer(response, request.source, request.id, DECLINED)
        return response

    def accept_latest(self, contact_id: str) -> Response:
        return self.accept_request(self.latest_request(contact_id)["id"])

    def dismiss_latest(self, contact_id: str) -> Response:
        return self.decline_request(self.latest_request(contact_id)["id"])

    def latest_request(self, contact_id: str) -> dict[str, Any]:
        row = self._context.db.one(
            "SELECT id FROM user_messages WHERE source = ? AND content_type = ? ORDER BY clock DESC LIMIT 1",
            (contact_id, ChatMessage.CONTACT_REQUEST),
        )
        if row is None:
            raise ServiceError("record not found")
        return self._messages.get(row["id"])

    def retract(self, contact_id: str) -> Response:
        contact_id = self._parse(contact_id)
        with self._context.work() as response:
            contact = replace(
                self.get(contact_id), local_state=NONE, remote_state=REMOTE_NONE, local_clock=clock.now_ms()
            )
            self._save(response, contact)
            body = RetractContactRequest(clock=contact.local_clock).SerializeToString()
            self._send(contact_id, body, Type.RETRACT_CONTACT_REQUEST)
        return response

    # Receiving

    def receive(self, response: Response, message: Application, envelope: Envelope) -> None:
        """What lies in our own mailbox and concerns no community."""
        if message.from_ == self._context.public_key:
            return
        if message.type == Type.ACCEPT_CONTACT_REQUEST:
            self._accepted(response, message)
        elif message.type == Type.RETRACT_CONTACT_REQUEST:
            self._retracted(response, message)
        else:
            self._messages.receive(response, message, self._chat(message.from_).id, envelope, archived=False)
            self._noted(response, message)

    def _noted(self, response: Response, message: Application) -> None:
        stored = self._chats.message(message.id)
        if stored is None or stored.content_type != ChatMessage.CONTACT_REQUEST:
            return
        contact = self.get(message.from_)
        if stored.clock <= contact.remote_clock:
            raise Dropped("outdated", f"contact request {message.id}")
        contact = replace(
            contact, remote_state=REMOTE_RECEIVED, remote_clock=stored.clock, display_name=stored.display_name
        )
        self._save(response, contact)
        stored = replace(stored, contact_request_state=ACCEPTED if contact.added else PENDING)
        self._chats.save_message(stored)
        response.add("messages", stored.id, stored.to_json(new=True))

    def _accepted(self, response: Response, message: Application) -> None:
        body = AcceptContactRequest.FromString(message.payload)
        request = self._chats.message(body.id)
        if request is None or request.source != self._context.public_key or request.chat_id != message.from_:
            raise Dropped("forged", f"{message.from_} accepts {body.id}, which is no contact request to it")
        contact = self.get(message.from_)
        if body.clock <= contact.remote_clock:
            raise Dropped("outdated", f"acceptance of {body.id}")
        self._save(response, replace(contact, remote_state=REMOTE_RECEIVED, remote_clock=body.clock))
        accepted = replace(request, contact_request_state=ACCEPTED)
        self._chats.save_message(accepted)
        response.add("messages", accepted.id, accepted.to_json())

    def _retracted(self, response: Response, message: Application) -> None:
        body = RetractContactRequest.FromString(message.payload)
        contact = self.get(message.from_)
        if body.clock <= contact.remote_clock:
            raise Dropped("outdated", f"retraction of {message.from_}")
        contact = replace(contact, remote_state=REMOTE_NONE, remote_clock=body.clock, local_state=NONE)
        self._save(response, contact)

    # Small things

    def _received_request(self, message_id: str) -> Any:
        request = self._chats.message(message_id)
        if request is None or request.content_type != ChatMessage.CONTACT_REQUEST:
            raise ServiceError("record not found")
        if request.source == self._context.public_key:
            raise ServiceError("can't accept own contact request")
        return request

    def _answer(self, response: Response, contact_id: str, message_id: str, state: int) -> None:
        contact = self.get(contact_id)
        local = SENT if state == ACCEPTED else DISMISSED
        self._save(response, replace(contact, local_state=local, local_clock=clock.now_ms()))
        request = replace(self._received_request(message_id), contact_request_state=state)
        self._chats.save_message(request)
        response.add("messages", request.id, request.to_json())

    def _send(self, contact_id: str, body: bytes, type_: int) -> None:
        wrapped = application.wrap(body, type_, self._context.key)
        mailbox, recipient = Filter(ids.contact_chat_id(contact_id)), ids.parse_public_key(contact_id)
        self._context.transport.send_private(mailbox, recipient, wrapped, self._context.key)

    def _save(self, response: Response, contact: Contact) -> None:
        upsert(self._context.db, "contacts", {field.name: getattr(contact, field.name) for field in fields(contact)})
        response.add("contacts", contact.id, contact.to_json())

    def _chat(self, contact_id: str) -> Chat:
        if (chat := self._chats.get(contact_id)) is None:
            now = clock.now_ms()
            chat = Chat(contact_id, ONE_TO_ONE_CHAT, timestamp=now, joined=now)
            self._chats.save(chat)
        return chat

    def _parse(self, contact_id: str) -> str:
        try:
            contact_id = ids.public_key_id(ids.parse_public_key(contact_id))
        except ids.InvalidKey as error:
            raise ServiceError(f"invalid contact id: {error}") from error
        if contact_id == self._context.public_key:
            raise ServiceError("can't be a contact of oneself")
        return contact_id


def _read(row: Row) -> Contact:
    return Contact(**{field.name: row[field.name] for field in fields(Contact)})
