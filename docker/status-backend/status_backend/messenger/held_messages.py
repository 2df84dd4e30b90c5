"""Messages put aside because their author is no member, as far as we know.

History comes topic by topic and the store forgets, so a message may be here before the description that names its
author.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Database
from ..protocol.application import Application
from ..protocol.waku_message import Envelope
from .community import Community

_MOST = 500  # of one community; the oldest have to go


@dataclass(frozen=True)
class Held:
    chat_id: str
    envelope: Envelope
    wrapped: bytes


class HeldMessages:
    def __init__(self, db: Database) -> None:
        self._db = db

    def hold(self, community_id: str, chat_id: str, message: Application, envelope: Envelope) -> None:
        values = (
            community_id,
            chat_id,
            message.from_,
            envelope.pubsub_topic,
            envelope.content_topic,
            envelope.payload,
            envelope.timestamp,
            message.travelled,
        )
        columns = "community_id, chat_id, author, pubsub_topic, content_topic, sealed, timestamp, wrapped"
        self._db.execute(f"INSERT OR IGNORE INTO held_messages ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        self._db.execute(
            """DELETE FROM held_messages WHERE community_id = ? AND id NOT IN
               (SELECT id FROM held_messages WHERE community_id = ? ORDER BY id DESC LIMIT ?)""",
            (community_id, community_id, _MOST),
        )

    def release(self, community: Community) -> list[Held]:
        """Takes out those whose authors are members now, in the order in which they came."""
        rows = self._db.query("SELECT * FROM held_messages WHERE community_id = ? ORDER BY id", (community.id,))
        released = [row for row in rows if community.has_member(row["author"])]
        for row in released:
            self._db.execute("DELETE FROM held_messages WHERE id = ?", (row["id"],))
        return [
            Held(
                row["chat_id"],
                Envelope(row["pubsub_topic"], row["content_topic"], row["sealed"], row["timestamp"]),
                row["wrapped"],
            )
            for row in released
        ]
