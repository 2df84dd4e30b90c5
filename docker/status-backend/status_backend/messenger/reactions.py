"""Emoji reactions to messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from eth_hash.auto import keccak

from ..db import Row
from ..protocol import ids
from ..protocol.application import Type
from ..protocol.chat_message_pb2 import ChatMessage, MessageType
from ..protocol.emoji_reaction_pb2 import EmojiReaction
from ..rpc import ServiceError
from . import clock
from .chat_store import ChatStore, Message
from .chat_views import ChatViews
from .chats import Chats
from .community_store import upsert
from .context import Context, Dropped
from .conversations import MESSAGE_TYPES, Arrival, Conversations
from .response import Response


@dataclass(frozen=True)
class Reaction:
    """Each member has one of each kind to a message, given or taken back."""

    message_id: str
    chat_id: str
    source: str
    type: int
    message_type: MessageType
    clock: int
    retracted: bool = False

    @property
    def id(self) -> str:
        return ids.hex0x(keccak(f"{self.source}{self.message_id}{self.type}".encode()))

    def to_json(self) -> dict[str, Any]:
        body = {
            "id": self.id,
            "clock": self.clock,
            "chatId": self.chat_id,
            "localChatId": self.chat_id,
            "from": self.source,
            "messageId": self.message_id,
            "messageType": self.message_type,
            "emojiId": self.type,
        }
        return {**body, "retracted": True} if self.retracted else body


class Reactions:
    def __init__(
        self, context: Context, conversations: Conversations, store: ChatStore, chats: Chats, views: ChatViews
    ) -> None:
        self._context = context
        self._conversations = conversations
        self._store = store
        self._chats = chats
        self._views = views

    def send(self, chat_id: str, message_id: str, emoji: int) -> Response:
        chat = self._conversations.chat(chat_id)
        message = self._store.message(message_id)
        if message is None or message.deleted_at or message.chat_id != chat.id:
            raise ServiceError("record not found")
        if emoji not in EmojiReaction.Type.values()[1:]:
            raise ServiceError("unknown emoji reaction")
        type_ = MESSAGE_TYPES[chat.chat_type]
        return self._send(Reaction(message_id, chat.id, self._context.public_key, emoji, type_, 0))

    def retract(self, reaction_id: str) -> Response:
        row = self._context.db.one("SELECT * FROM emoji_reactions WHERE id = ?", (reaction_id,))
        reaction = _read(row) if row else None
        if reaction is None or reaction.source != self._context.public_key or reaction.retracted:
            raise ServiceError("record not found")
        return self._send(replace(reaction, retracted=True))

    def receive(self, response: Response, arrival: Arrival, body: EmojiReaction) -> None:
        if body.type not in EmojiReaction.Type.values()[1:]:
            raise Dropped("malformed", f"emoji reaction of type {body.type}")
        message = self._store.message(body.message_id)
        if message is not None and message.chat_id != arrival.chat.id:
            raise Dropped("forged", f"{arrival.source} reacts to message {body.message_id} of another chat")
        reaction = Reaction(
            body.message_id,
            arrival.chat.id,
            arrival.source,
            body.type,
            MESSAGE_TYPES[arrival.chat.chat_type],
            body.clock,
            body.retracted,
        )
        if body.clock <= self._clock(reaction.id):
            if arrival.own:
                return
            raise Dropped("outdated", f"reaction to {body.message_id}")
        self._save(response, reaction)

    def of_page(self, chat_id: str, cursor: str, limit: int) -> list[dict[str, Any]]:
        """To the messages that `chatMessages` gives with the same arguments."""
        messages, _ = self._chats.messages(chat_id, cursor, limit)
        return self._to(messages)

    def of_message(self, chat_id: str, message_id: str) -> list[dict[str, Any]]:
        self._conversations.chat(chat_id)
        return self._to(self._store.find("chat_id = ? AND id = ?", (chat_id, message_id)))

    def _send(self, reaction: Reaction) -> Response:
        chat = self._conversations.chat(reaction.chat_id)
        self._conversations.check_may_speak(chat, ChatMessage.EMOJI)
        reaction = replace(reaction, clock=clock.tick(max(chat.last_clock, self._clock(reaction.id))))
        body = EmojiReaction(
            clock=reaction.clock,
            chat_id=chat.id,
            message_id=reaction.message_id,
            message_type=reaction.message_type,
            type=EmojiReaction.Type.Name(reaction.type),
            retracted=reaction.retracted,
        )
        with self._context.work() as response:
            self._conversations.publish(chat, body, Type.EMOJI_REACTION)
            self._save(response, reaction)
            self._views.show_chat(response, chat)
        return response

    def _to(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        marks = ", ".join("?" * len(messages))
        rows = self._context.db.query(
            f"SELECT * FROM emoji_reactions WHERE message_id IN ({marks}) AND NOT retracted ORDER BY clock, id",
            [message.id for message in messages],
        )
        return [_read(row).to_json() for row in rows]

    def _clock(self, reaction_id: str) -> int:
        row = self._context.db.one("SELECT clock FROM emoji_reactions WHERE id = ?", (reaction_id,))
        return row["clock"] if row else 0

    def _save(self, response: Response, reaction: Reaction) -> None:
        values = {field.name: getattr(reaction, field.name) for field in fields(reaction)}
        upsert(self._context.db, "emoji_reactions", {"id": reaction.id, **values})
        response.add("emojiReactions", reaction.id, reaction.to_json())


def _read(row: Row) -> Reaction:
    values = {field.name: row[field.name] for field in fields(Reaction)}
    return Reaction(**{**values, "retracted": bool(row["retracted"])})
