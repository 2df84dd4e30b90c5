"""The store (RFC 13, store v3): messages in an SQLite database, asked for by topic, time or hash, page by page."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass

from wakunode.message import Envelope, WakuMessage
from wakunode.retention import Retention

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_CONTENT_TOPICS = 100

MAX_CLOCK_VARIANCE = 20 * 10**9
"""A message whose timestamp is further than this (ns) from the present is not stored (nwaku)."""

CURSOR_GRACE_SECONDS = 30
"""A message outlives its retention on disk by this much, unseen, so that a reader's cursor on it stays valid."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    message_hash BLOB NOT NULL PRIMARY KEY,
    pubsub_topic TEXT NOT NULL,
    content_topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    version INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    meta BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (timestamp, message_hash);
CREATE INDEX IF NOT EXISTS messages_by_content_topic ON messages (content_topic, timestamp, message_hash);
"""

log = logging.getLogger(__name__)


class StoreError(Exception):
    """The database cannot be opened or used."""


class InvalidQuery(ValueError):
    """A query that cannot be answered as it is put."""


@dataclass(frozen=True)
class Query:
    """What to look for. All given conditions must hold; times are nanoseconds, both ends included.

    Without `ascending` the first page is the newest one; inside every page messages run from old to new.
    """

    pubsub_topic: str | None = None
    content_topics: tuple[str, ...] = ()
    start_time: int | None = None
    end_time: int | None = None
    hashes: tuple[bytes, ...] = ()
    cursor: bytes | None = None
    page_size: int = DEFAULT_PAGE_SIZE
    ascending: bool = True


@dataclass(frozen=True)
class Stored:
    hash: bytes
    envelope: Envelope


@dataclass(frozen=True)
class Page:
    messages: list[Stored]
    cursor: bytes | None
    """Where the next page begins; None on the last one."""


class Store:
    """All calls are synchronous and short: a page has at most `MAX_PAGE_SIZE` messages."""

    def __init__(self, path: str, retention: Retention) -> None:
        self.retention = retention
        self.fault: str | None = None
        """Why the last write failed; None while writing works."""
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            # a commit in the write-ahead log outlives the process; only the machine's own crash may take the last ones
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"cannot open the message database {path}: {error}") from error

    def close(self) -> None:
        self._db.close()

    def put(self, envelope: Envelope) -> bool:
        """Keep a message; False where it is ephemeral, of another time, or kept already. Raises StoreError."""
        message = envelope.message
        if message.ephemeral:
            return False
        now = time.time_ns()
        if message.timestamp and abs(message.timestamp - now) > MAX_CLOCK_VARIANCE:
            log.warning(
                "not stored, its timestamp %d is more than 20 s from the present: %s",
                message.timestamp,
                envelope.hash.hex(),
            )
            return False
        row = (
            envelope.hash,
            envelope.pubsub_topic,
            message.content_topic,
            message.payload,
            message.version,
            message.timestamp or now,
            message.meta,
        )
        try:
            added = self._db.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount == 1
        except sqlite3.Error as error:
            self.fault = str(error)
            raise StoreError(f"cannot store message {envelope.hash.hex()}: {error}") from error
        self.fault = None
        return added

    def query(self, query: Query) -> Page:
        """One page of the messages that meet the query and that retention has not taken.

        Raises InvalidQuery, StoreError.
        """
        if len(query.content_topics) > MAX_CONTENT_TOPICS:
            raise InvalidQuery(f"too many content topics: {len(query.content_topics)}, at most {MAX_CONTENT_TOPICS}")
        if query.page_size < 0:
            raise InvalidQuery(f"negative page size: {query.page_size}")
        page_size = min(query.page_size, MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE
        where, values = self._conditions(query)
        order = "ASC" if query.ascending else "DESC"
        rows = self._select(
            "SELECT message_hash, pubsub_topic, content_topic, payload, version, timestamp, meta FROM messages"
            f" WHERE {' AND '.join(where) or 'TRUE'} ORDER BY timestamp {order}, message_hash {order} LIMIT ?",
            (*values, page_size + 1),
        )
        more = len(rows) > page_size
        messages = [_stored(row) for row in rows[:page_size]]
        cursor = messages[-1].hash if more else None
        return Page(messages if query.ascending else messages[::-1], cursor)

    def purge(self) -> int:
        """Delete what retention has taken; the number of messages deleted."""
        deleted = 0
        if (oldest := self._oldest_kept()) is not None:
            limit = oldest - CURSOR_GRACE_SECONDS * 10**9
            deleted += self._db.execute("DELETE FROM messages WHERE timestamp < ?", (limit,)).rowcount
        if self.retention.messages is not None:
            deleted += self._db.execute(
                "DELETE FROM messages WHERE message_hash IN (SELECT message_hash FROM messages"
                " ORDER BY timestamp DESC, message_hash DESC LIMIT -1 OFFSET ?)",
                (self.retention.messages,),
            ).rowcount
        if deleted:
            log.info("retention deleted %d messages", deleted)
        return deleted

    def _select(self, sql: str, values: tuple[object, ...]) -> list[tuple]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the message database: {error}") from error

    def _oldest_kept(self) -> int | None:
        seconds = self.retention.seconds
        return None if seconds is None else time.time_ns() - seconds * 10**9

    def _conditions(self, query: Query) -> tuple[list[str], list[object]]:
        where: list[str] = []
        values: list[object] = []

        def must(condition: str, *bound: object) -> None:
            where.append(condition)
            values.extend(bound)

        if (oldest := self._oldest_kept()) is not None:
            must("timestamp >= ?", oldest)
        if query.pubsub_topic is not None:
            must("pubsub_topic = ?", query.pubsub_topic)
        if query.content_topics:
            must(f"content_topic IN ({_marks(query.content_topics)})", *query.content_topics)
        if query.hashes:
            must(f"message_hash IN ({_marks(query.hashes)})", *query.hashes)
        if query.start_time is not None:
            must("timestamp >= ?", query.start_time)
        if query.end_time is not None:
            must("timestamp <= ?", query.end_time)
        if query.cursor is not None:
            found = self._select("SELECT timestamp FROM messages WHERE message_hash = ?", (query.cursor,))
            if not found:
                raise InvalidQuery("cursor not found")
            must(f"(timestamp, message_hash) {'>' if query.ascending else '<'} (?, ?)", found[0][0], query.cursor)
        return where, values


def _marks(values: tuple[object, ...]) -> str:
    return ", ".join("?" * len(values))


def _stored(row: tuple) -> Stored:
    digest, pubsub_topic, content_topic, payload, version, timestamp, meta = row
    return Stored(digest, Envelope(pubsub_topic, WakuMessage(payload, content_topic, version, timestamp, False, meta)))
