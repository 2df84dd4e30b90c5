"""Messages pinned to a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_hash.auto import keccak

from ..protocol import ids
from ..protocol.application import Type
from ..protocol.chat_message_pb2 import ChatMessage
from ..protocol.pin_message_pb2 import PinMessage
from ..rpc import ServiceError
from . import clock
from .chat_store import COMMUNITY_CHAT, Chat, ChatStore, Message
from .chat_views import ChatViews
from .chats import Chats
from .context import Context, Dropped
from .conversations import MESSAGE_TYPES, Arrival, Conversations
from .messages import Messages
from .response import Response


class Pins:
    """The newest word counts, by its clock, whoever spoke it."""

    def __init__(
        self,
        context: Context,
        conversations: Conversations,
        messages: Messages,
        store: ChatStore,
        chats: Chats,
        views: ChatViews,
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._messages = messages
        self._store = store
        self._chats = chats
        self._views = views

    def send(self, request: Mapping[str, Any]) -> Response:
        chat = self._conversations.chat(request.get("chat_id") or "")
        message = self._store.message(request.get("message_id") or "")
        if message is None or message.deleted_at or message.chat_id != chat.id:
            raise ServiceError("record not found")
        self._conversations.check_may_speak(chat, ChatMessage.SYSTEM_MESSAGE_PINNED_MESSAGE)
        if not self._may_pin(chat, self._context.public_key):
            raise ServiceError("not allowed to pin messages")
        with self._context.work() as response:
            body = PinMessage(
                clock=clock.tick(max(chat.last_clock, self._clock(message.id))),
                message_id=message.id,
                chat_id=chat.id,
                pinned=bool(request.get("pinned")),
                message_type=MESSAGE_TYPES[chat.chat_type],
            )
            self._conversations.publish(chat, body, Type.PIN_MESSAGE)
            self._apply(response, chat, body, self._context.public_key, clock.now_ms())
        return response

    def receive(self, response: Response, arrival: Arrival, body: PinMessage) -> None:
        if not self._may_pin(arrival.chat, arrival.source):
            raise Dropped("not allowed", f"{arrival.source} pins in {arrival.chat.id}")
        message = self._store.message(body.message_id)
        if message is not None and message.chat_id != arrival.chat.id:
            raise Dropped("forged", f"{arrival.source} pins message {body.message_id} of another chat")
        if body.clock <= self._clock(body.message_id):
            if arrival.own:
                return
            raise Dropped("outdated", f"pin of {body.message_id}")
        self._apply(response, arrival.chat, body, arrival.source, arrival.envelope.seconds * 1000)

    def page(self, chat_id: str, cursor: str, limit: int) -> dict[str, Any]:
        """Newest message first; what is pinned but not here yet is left out."""
        only = "id IN (SELECT message_id FROM pin_messages WHERE chat_id = ? AND pinned)"
        messages, following = self._chats.messages(chat_id, cursor, limit, only, (chat_id,))
        rows = self._context.db.query("SELECT * FROM pin_messages WHERE chat_id = ? AND pinned", (chat_id,))
        pins = {row["message_id"]: row for row in rows}
        shown = [
            {
                "message": self._views.message(message),
                "pinnedAt": pins[message.id]["clock"],
                "pinnedBy": pins[message.id]["source"],
            }
            for message in messages
        ]
        return {"pinnedMessages": shown or None, "cursor": following}

    def _may_pin(self, chat: Chat, who: str) -> bool:
        if chat.chat_type != COMMUNITY_CHAT or self._conversations.manages(chat, who):
            return True
        community = self._conversations.community(chat)
        return community is not None and community.description.admin_settings.pin_message_all_members_enabled

    def _clock(self, message_id: str) -> int:
        row = self._context.db.one("SELECT clock FROM pin_messages WHERE message_id = ?", (message_id,))
        return row["clock"] if row else 0

    def _apply(self, response: Response, chat: Chat, body: PinMessage, source: str, when: int) -> None:
        values = (body.message_id, chat.id, source, body.clock, body.pinned)
        self._context.db.execute("REPLACE INTO pin_messages VALUES (?, ?, ?, ?, ?)", values)
        id_ = ids.hex0x(keccak(f"{chat.id}{body.message_id}{source}{body.clock}".encode()))
        pin = {
            "id": id_,
            "chat_id": body.chat_id,
            "localChatId": chat.id,
            "message_id": body.message_id,
            "message_type": body.message_type,
            "from": source,
            "clock": body.clock,
            "whisperTimestamp": when,
            "pinned": body.pinned,
        }
        response.add("pinMessages", body.message_id, pin)
        if body.pinned:
            self._messages.note(response, chat, _pinned(id_, chat, body, source, when))


def _pinned(id_: str, chat: Chat, body: PinMessage, source: str, when: int) -> Message:
    """What the chat says of it."""
    return Message(
        id=id_,
        chat_id=chat.id,
        source=source,
        clock=body.clock,
        timestamp=when,
        whisper_timestamp=when,
        text="",
        content_type=ChatMessage.SYSTEM_MESSAGE_PINNED_MESSAGE,
        message_type=MESSAGE_TYPES[chat.chat_type],
        response_to=body.message_id,
        seen=True,
    )
