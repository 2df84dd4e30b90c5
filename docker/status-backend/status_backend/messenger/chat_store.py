"""Chats and their messages, on disk and as they are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ..accounts import identity
from ..db import Database, Row
from ..protocol import ids
from ..protocol.chat_message_pb2 import ChatMessage, MessageType
from . import muting, parsed_text
from .community_store import upsert
from .parsed_text import EVERYONE, mentions

ONE_TO_ONE_CHAT, GROUP_CHAT, COMMUNITY_CHAT = 1, 3, 6
CHAT_COLORS = ("#fa6565", "#887af9", "#FE8F59", "#7cda00", "#51d0f0", "#d37ef4")  # of which each chat gets one
_CLOCK_DIGITS = 64
_SHOWN = "NOT deleted_at AND source NOT IN (SELECT id FROM contacts WHERE blocked)"


@dataclass(frozen=True)
class Chat:
    """Times in unix milliseconds; `first_message_timestamp` (1 while there is none) and `synced_*` in unix seconds.

    `synced_from` until `synced_to`: the time of which all that the store has is here. 0 while it was not asked.
    """

    id: str
    chat_type: int
    name: str = ""
    description: str = ""
    color: str = ""
    emoji: str = ""
    active: bool = True
    timestamp: int = 0
    joined: int = 0
    last_clock: int = 0
    unviewed: int = 0
    unviewed_mentions: int = 0
    community_id: str = ""
    first_message_timestamp: int = 0
    muted: bool = False
    mute_till: int = 0
    cleared_at: int = 0
    synced_to: int = 0
    synced_from: int = 0

    def to_json(
        self,
        members: Sequence[dict[str, Any]] | None,
        last_message: dict[str, Any] | None,
        events: Sequence[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """`members` are `{id, admin}`, None in a one-to-one chat; `events` those that made a group what it is."""
        body = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "color": self.color,
            "emoji": self.emoji,
            "active": self.active,
            "viewersCanPostReactions": False,
            "chatType": self.chat_type,
            "timestamp": self.timestamp,
            "lastClockValue": self.last_clock,
            "deletedAtClockValue": self.cleared_at,
            "ReadMessagesAtClockValue": 0,
            "unviewedMessagesCount": self.unviewed,
            "unviewedMentionsCount": self.unviewed_mentions,
            "lastMessage": last_message,
            "members": members,
            "membershipUpdateEvents": events,
            "identicon": "",
            **muting.shown(self.muted, self.mute_till),
            "communityId": self.community_id,
            "joined": self.joined,
            "syncedTo": self.synced_to,
            "syncedFrom": self.synced_from,
            "firstMessageTimestamp": self.first_message_timestamp,
        }
        for optional in ("communityId", "joined", "syncedTo", "syncedFrom", "firstMessageTimestamp"):
            if not body[optional]:
                del body[optional]
        return body


@dataclass(frozen=True)
class Message:
    """`clock`, `timestamp` (of the author) and `whisper_timestamp` (of the envelope) in unix milliseconds.

    `command` is JSON about a transaction, see transactions.py; `replaces` is the id of what is no longer shown for it.
    """

    id: str
    chat_id: str
    source: str
    clock: int
    timestamp: int
    whisper_timestamp: int
    text: str
    content_type: ChatMessage.ContentType
    message_type: MessageType
    response_to: str = ""
    ens_name: str = ""
    display_name: str = ""
    seen: bool = False
    mentioned: bool = False
    outgoing_status: str = ""
    edited_at: int = 0
    deleted_at: int = 0
    deleted_by: str = ""
    contact_request_state: int = 0
    command: str = ""
    replaces: str = ""

    def to_json(self, *, in_chat: bool = False, new: bool = False) -> dict[str, Any]:
        """`in_chat`: as a chat's last message, where the author's names are filled in. `new`: just arrived.

        What it answers to is not known here; see ChatViews.
        """
        compressed = ids.compressed_key(self.source)
        short = f"{compressed[:3]}...{compressed[-6:]}"
        body: dict[str, Any] = {
            "id": self.id,
            "whisperTimestamp": self.whisper_timestamp,
            "from": self.source,
            "alias": (identity.alias(self.source) if in_chat else "") if self.outgoing_status else short,
            "identicon": "",
            "seen": self.seen,
            "outgoingStatus": self.outgoing_status,
            "quotedMessage": None,
            "rtl": parsed_text.is_right_to_left(self.text),
            "parsedText": parsed_text.parse(self.text),
            "lineCount": self.text.count("\n"),
            "text": self.text,
            "chatId": self.chat_id,
            "localChatId": self.chat_id,
            "clock": self.clock,
            "replace": self.replaces,
            "responseTo": self.response_to,
            "new": new,
            "ensName": self.ens_name,
            "displayName": self.display_name if in_chat else "",
            "gapParameters": {},
            "timestamp": self.timestamp,
            "contentType": self.content_type,
            "messageType": self.message_type,
            "mentions": [key for key in mentions(self.text) if key != EVERYONE],
            "mentioned": self.mentioned,
            "editedAt": self.edited_at,
            "deleted": bool(self.deleted_at),
            "deletedBy": self.deleted_by,
            "contactRequestState": self.contact_request_state,
            "commandParameters": json.loads(self.command or "null"),
            "compressedKey": compressed,
            "emojiHash": identity.emoji_hash(self.source),
        }
        if in_chat:
            del body["gapParameters"]
        optional = ("outgoingStatus", "new", "mentions", "mentioned", "editedAt", "deleted", "deletedBy")
        for key in (*optional, "contactRequestState", "commandParameters"):
            if not body[key]:
                del body[key]
        return body


class ChatStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    # Chats

    def get(self, chat_id: str) -> Chat | None:
        row = self._db.one("SELECT * FROM chats WHERE id = ?", (chat_id,))
        return _read(Chat, row) if row else None

    def all(self) -> list[Chat]:
        return [_read(Chat, row) for row in self._db.query("SELECT * FROM chats ORDER BY rowid")]

    def save(self, chat: Chat) -> None:
        upsert(self._db, "chats", _values(chat))

    def of_community(self, community_id: str) -> list[Chat]:
        rows = self._db.query("SELECT * FROM chats WHERE community_id = ? ORDER BY rowid", (community_id,))
        return [_read(Chat, row) for row in rows]

    def in_which_speaks(self, author: str) -> list[Chat]:
        where = "id IN (SELECT chat_id FROM user_messages WHERE source = ?)"
        return [
            _read(Chat, row) for row in self._db.query(f"SELECT * FROM chats WHERE {where} ORDER BY rowid", (author,))
        ]

    def delete(self, chat_id: str) -> None:
        """With all its messages."""
        self._db.execute("DELETE FROM user_messages WHERE chat_id = ?", (chat_id,))
        self._db.execute("DELETE FROM chats WHERE id = ?", (chat_id,))

    # Messages

    def message(self, message_id: str) -> Message | None:
        row = self._db.one("SELECT * FROM user_messages WHERE id = ?", (message_id,))
        return _read(Message, row) if row else None

    def of_author(self, chat_id: str, author: str) -> list[Message]:
        """Also while the author is blocked."""
        where = "chat_id = ? AND source = ? AND NOT deleted_at"
        rows = self._db.query(f"SELECT * FROM user_messages WHERE {where} ORDER BY clock, id", (chat_id, author))
        return [_read(Message, row) for row in rows]

    def shown(self, message_id: str) -> Message | None:
        """If it is neither deleted nor of somebody who is blocked."""
        return next(iter(self.find("id = ?", (message_id,))), None)

    def hides(self, author: str) -> bool:
        """What is said by who is blocked."""
        return self._db.one("SELECT 1 FROM contacts WHERE id = ? AND blocked", (author,)) is not None

    def save_message(self, message: Message) -> None:
        upsert(self._db, "user_messages", _values(message))

    def last_message(self, chat_id: str) -> Message | None:
        row = self._db.one(
            f"SELECT * FROM user_messages WHERE chat_id = ? AND {_SHOWN} ORDER BY clock DESC, id DESC LIMIT 1",
            (chat_id,),
        )
        return _read(Message, row) if row else None

    def page(
        self, chat_id: str, cursor: str, limit: int, only: str = "1", params: Sequence[Any] = ()
    ) -> tuple[list[Message], str]:
        """Newest first, from `cursor` on. The cursor of what follows, empty where nothing does."""
        clock, id_ = _parse_cursor(cursor)
        rows = self._db.query(
            f"""SELECT * FROM user_messages WHERE chat_id = ? AND {_SHOWN} AND (clock, id) <= (?, ?) AND {only}
                ORDER BY clock DESC, id DESC LIMIT ?""",
            (chat_id, clock, id_, *params, limit + 1),
        )
        messages = [_read(Message, row) for row in rows]
        return messages[:limit], _cursor(messages[limit]) if len(messages) > limit else ""

    def find(self, where: str, params: Sequence[Any] = ()) -> list[Message]:
        """Those that are not deleted and not of who is blocked, newest first."""
        rows = self._db.query(
            f"SELECT * FROM user_messages WHERE {_SHOWN} AND {where} ORDER BY clock DESC, id DESC", params
        )
        return [_read(Message, row) for row in rows]

    def clear(self, chat: Chat) -> Chat:
        """Without what was said until now, which does not come back either."""
        self._db.execute("DELETE FROM user_messages WHERE chat_id = ?", (chat.id,))
        cleared = replace(chat, cleared_at=chat.last_clock, unviewed=0, unviewed_mentions=0)
        self.save(cleared)
        return cleared

    def mark_sent(self, message_id: str) -> None:
        """Unless it is known to have been delivered already."""
        self._set_status(message_id, "sent", before="sending")

    def mark_delivered(self, message_id: str) -> None:
        self._set_status(message_id, "delivered", before="sent", or_before="sending")

    def _set_status(self, message_id: str, status: str, before: str, or_before: str = "") -> None:
        self._db.execute(
            "UPDATE user_messages SET outgoing_status = ? WHERE id = ? AND outgoing_status IN (?, ?)",
            (status, message_id, before, or_before or before),
        )

    def mark_seen(self, chat_id: str, message_ids: Sequence[str] | None = None, seen: bool = True) -> list[Message]:
        """All messages of the chat, or these. Those that were not so before."""
        changed = [
            message
            for message in self.find("chat_id = ? AND seen = ?", (chat_id, not seen))
            if message_ids is None or message.id in message_ids
        ]
        for message in changed:
            self.save_message(replace(message, seen=seen))
        counts = "SELECT count(*), coalesce(sum(mentioned), 0) FROM user_messages WHERE chat_id = ? AND NOT seen"
        ((unviewed, mentioned),) = self._db.query(counts, (chat_id,))
        update = "UPDATE chats SET unviewed = ?, unviewed_mentions = ? WHERE id = ?"
        self._db.execute(update, (unviewed, mentioned, chat_id))
        return changed

    # Changes that came before what they change

    def keep_change(self, message_id: str, source: str, type_: int, payload: bytes) -> None:
        self._db.execute("REPLACE INTO user_message_changes VALUES (?, ?, ?, ?)", (message_id, source, type_, payload))

    def take_changes(self, message_id: str) -> list[tuple[int, str, bytes]]:
        """Type, author and payload of each."""
        where = "WHERE message_id = ?"
        rows = self._db.query(f"SELECT type, source, payload FROM user_message_changes {where}", (message_id,))
        self._db.execute(f"DELETE FROM user_message_changes {where}", (message_id,))
        return [(row["type"], row["source"], row["payload"]) for row in rows]


def _cursor(message: Message) -> str:
    return f"{message.clock:0{_CLOCK_DIGITS}d}{message.id}"


def _parse_cursor(cursor: str) -> tuple[int, str]:
    if not cursor:
        return 2**63 - 1, "\uffff"
    clock, id_ = cursor[:_CLOCK_DIGITS], cursor[_CLOCK_DIGITS:]
    if not clock.isdigit() or not id_:
        raise ValueError(f"invalid cursor {cursor!r}")
    return min(int(clock), 2**63 - 1), id_


def _values(item: Chat | Message) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _read(kind: type, row: Row) -> Any:
    return kind(**{f.name: bool(row[f.name]) if f.type == "bool" else row[f.name] for f in fields(kind)})
