"""Messages that are kept, encrypted as they came, until their key is here."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Database
from ..protocol.application import Application
from ..protocol.hash_ratchet import KeyMissing
from ..protocol.waku_message import Envelope

_MOST = 20_000  # of one group; the oldest have to go


@dataclass(frozen=True)
class Undecryptable:
    chat_id: str
    envelope: Envelope
    wrapped: bytes
    archived: bool


class UndecryptableMessages:
    def __init__(self, db: Database) -> None:
        self._db = db

    def hold(self, missing: KeyMissing, chat_id: str, message: Application, envelope: Envelope, archived: bool) -> None:
        values = (
            missing.group_id,
            missing.key_id,
            chat_id,
            envelope.pubsub_topic,
            envelope.content_topic,
            envelope.payload,
            envelope.timestamp,
            archived,
            message.wrapped,
        )
        self._db.execute(
            """INSERT OR IGNORE INTO hash_ratchet_encrypted_messages
               (group_id, key_id, chat_id, pubsub_topic, content_topic, sealed, timestamp, archived, wrapped)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            values,
        )
        self._db.execute(
            """DELETE FROM hash_ratchet_encrypted_messages WHERE group_id = ? AND id <=
               (SELECT id FROM hash_ratchet_encrypted_messages WHERE group_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)""",
            (missing.group_id, missing.group_id, _MOST),
        )

    def release(self, key_id: bytes) -> list[Undecryptable]:
        """Takes out what lacked this key, in the order in which it came."""
        rows = self._db.query("SELECT * FROM hash_ratchet_encrypted_messages WHERE key_id = ? ORDER BY id", (key_id,))
        self._db.execute("DELETE FROM hash_ratchet_encrypted_messages WHERE key_id = ?", (key_id,))
        return [
            Undecryptable(
                row["chat_id"],
                Envelope(row["pubsub_topic"], row["content_topic"], row["sealed"], row["timestamp"]),
                row["wrapped"],
                bool(row["archived"]),
            )
            for row in rows
        ]
