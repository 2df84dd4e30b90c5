"""Until when each content topic is known to be in step, kept so that a restart asks only for what it missed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..db import Database

_STEPS = (
    """
    CREATE TABLE transport_sync (
        pubsub_topic TEXT NOT NULL,
        content_topic TEXT NOT NULL,
        synced_to INTEGER NOT NULL,  -- unix nanoseconds
        PRIMARY KEY (pubsub_topic, content_topic)
    ) WITHOUT ROWID;
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pubsub_topic TEXT NOT NULL,
        content_topic TEXT NOT NULL,
        payload BLOB NOT NULL,
        timestamp INTEGER NOT NULL,  -- unix nanoseconds
        message_id TEXT NOT NULL
    );
    """,
)
_DEFAULT_HISTORY = 30 * 24 * 3600 * 1_000_000_000  # nanoseconds


def migrate(db: Database) -> None:
    """The tables of the whole transport."""
    db.migrate("transport", _STEPS)


class SyncState:
    def __init__(self, db: Database) -> None:
        self._db = db

    def since(self, pubsub_topic: str, content_topics: Iterable[str]) -> dict[int, set[str]]:
        """From when on each topic has to be asked for (unix nanoseconds): 30 days ago for one never asked for."""
        select = "SELECT content_topic, synced_to FROM transport_sync WHERE pubsub_topic = ?"
        rows = self._db.query(select, (pubsub_topic,))
        known = {row["content_topic"]: row["synced_to"] for row in rows}
        beginning = time.time_ns() - _DEFAULT_HISTORY
        groups: dict[int, set[str]] = {}
        for topic in content_topics:
            groups.setdefault(known.get(topic, beginning), set()).add(topic)
        return groups

    def in_step(self, pubsub_topic: str, content_topics: Iterable[str], when: int) -> None:
        with self._db.transaction():
            for topic in content_topics:
                self._db.execute("REPLACE INTO transport_sync VALUES (?, ?, ?)", (pubsub_topic, topic, when))

    def forget(self, pubsub_topic: str, content_topics: Iterable[str]) -> None:
        with self._db.transaction():
            for topic in content_topics:
                self._db.execute(
                    "DELETE FROM transport_sync WHERE pubsub_topic = ? AND content_topic = ?", (pubsub_topic, topic)
                )
