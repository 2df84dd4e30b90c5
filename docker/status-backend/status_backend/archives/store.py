"""What the archives remember: per community where its index stands, per archive whether it was imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from ..db import Database
from ..protocol.waku_archive_pb2 import WakuMessage
from .codec import ArchiveEntry

_STEPS = (
    """
    CREATE TABLE communities_archive_info (
        community_id TEXT NOT NULL,
        kind TEXT NOT NULL,                     -- of distribution
        index_link TEXT NOT NULL DEFAULT '',    -- to the index that is held
        last_link TEXT NOT NULL DEFAULT '',     -- to the last index of which every archive is held
        pending_link TEXT NOT NULL DEFAULT '',  -- to an announced index that is not wholly downloaded yet
        link_clock INTEGER NOT NULL DEFAULT 0,
        last_message_archive_end_date INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (community_id, kind)
    ) WITHOUT ROWID;
    CREATE TABLE community_message_archive_hashes (
        hash TEXT PRIMARY KEY,
        community_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        location TEXT NOT NULL,
        start_time INTEGER NOT NULL,
        end_time INTEGER NOT NULL,
        imported INTEGER NOT NULL DEFAULT 0
    );
    -- Messages that an archive of ours holds: one that comes late, after the archive of its time, is not among them.
    CREATE TABLE archived_messages (
        community_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (community_id, kind, hash)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True)
class ArchiveInfo:
    """Where a community's archives stand. Empty texts and zeros: never. Clock in ms, end date in unix seconds."""

    index_link: str = ""
    last_link: str = ""
    pending_link: str = ""
    link_clock: int = 0
    last_message_archive_end_date: int = 0


class ArchiveStore:
    """Tables of the archives, and a reader of the messenger's `waku_messages`. Each call is one transaction.

    One store sees what belongs to one kind of distribution ("codex", "torrent"): each kind gets all of the history.
    """

    def __init__(self, db: Database, kind: str = "codex") -> None:
        self._db = db
        self._kind = kind
        db.migrate("archives", _STEPS)

    def info(self, community_id: str) -> ArchiveInfo:
        query = "SELECT * FROM communities_archive_info WHERE community_id = ? AND kind = ?"
        row = self._db.one(query, (community_id, self._kind))
        if row is None:
            return ArchiveInfo()
        return ArchiveInfo(**{field.name: row[field.name] for field in fields(ArchiveInfo)})

    def raise_clock(self, community_id: str, clock_ms: int) -> None:
        """The stored clock never goes back."""
        self._set(community_id, link_clock=max(clock_ms, self.info(community_id).link_clock))

    def held(self) -> dict[str, str]:
        """The links, by community, of which every archive is held."""
        return self._links("last_link")

    # Owner

    def unarchived(self, community_id: str, topics: Sequence[bytes], before: int) -> list[WakuMessage]:
        """Stored messages of these topics that no archive holds, oldest first, older than `before` (unix seconds)."""
        rows = self._db.query(
            f"""SELECT sig, timestamp, topic, payload, padding, hash, third_party_id FROM waku_messages
                WHERE topic IN ({", ".join("?" * len(topics))}) AND timestamp < ?
                AND hash NOT IN (SELECT hash FROM archived_messages WHERE community_id = ? AND kind = ?)
                ORDER BY timestamp, hash""",
            (*topics, before, community_id, self._kind),
        )
        return [
            WakuMessage(
                sig=row["sig"],
                timestamp=row["timestamp"],
                topic=row["topic"],
                payload=row["payload"],
                padding=row["padding"] or b"",
                hash=row["hash"],
                thirdPartyId=row["third_party_id"] or "",
            )
            for row in rows
        ]

    def archived(self, community_id: str, messages: Iterable[WakuMessage], end: int, link: str | None = None) -> None:
        """These messages are dealt with, everything up to `end` is done; `link` leads to what came of it, if any."""
        with self._db.transaction():
            for message in messages:
                values = (community_id, self._kind, message.hash)
                self._db.execute("INSERT INTO archived_messages VALUES (?, ?, ?)", values)
            self._set(community_id, last_message_archive_end_date=end)
            if link:
                self._set(community_id, index_link=link, last_link=link)

    def forget_archived(self, community_id: str) -> None:
        """The index is lost: as if no message had ever been archived."""
        with self._db.transaction():
            delete = "DELETE FROM archived_messages WHERE community_id = ? AND kind = ?"
            self._db.execute(delete, (community_id, self._kind))
            self._set(community_id, index_link="", last_link="", last_message_archive_end_date=0)

    # Member

    def announced(self, community_id: str, link: str, clock_ms: int) -> None:
        with self._db.transaction():
            self._set(community_id, pending_link=link)
            self.raise_clock(community_id, clock_ms)

    def pending(self) -> dict[str, str]:
        """The announced links, by community, that are not wholly downloaded yet."""
        return self._links("pending_link")

    def index_downloaded(self, community_id: str, link: str) -> None:
        self._set(community_id, index_link=link)

    def archive_downloaded(self, community_id: str, entry: ArchiveEntry) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO community_message_archive_hashes"
            " (hash, community_id, kind, location, start_time, end_time) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.id, community_id, self._kind, entry.location, entry.start, entry.end),
        )

    def all_downloaded(self, community_id: str, link: str) -> None:
        """Every archive of this index is held. A newer index announced meanwhile stays pending."""
        with self._db.transaction():
            self._set(community_id, last_link=link)
            self.drop_pending(community_id, link)

    def drop_pending(self, community_id: str, link: str) -> None:
        self._db.execute(
            "UPDATE communities_archive_info SET pending_link = ''"
            " WHERE community_id = ? AND kind = ? AND pending_link = ?",
            (community_id, self._kind, link),
        )

    def downloaded_ids(self, community_id: str) -> list[str]:
        return [row["hash"] for row in self._hashes("community_id = ?", community_id)]

    def to_import(self, community_id: str) -> list[ArchiveEntry]:
        """Archives downloaded but not imported, the oldest first: what is edited must be there before its edit."""
        rows = self._hashes("community_id = ? AND NOT imported", community_id)
        return [ArchiveEntry(row["hash"], row["location"], row["start_time"], row["end_time"]) for row in rows]

    def unimported(self) -> list[str]:
        """The communities with archives that are downloaded but not imported."""
        query = "SELECT DISTINCT community_id FROM community_message_archive_hashes WHERE kind = ? AND NOT imported"
        return [row["community_id"] for row in self._db.query(query, (self._kind,))]

    def imported(self, archive_id: str) -> None:
        self._db.execute("UPDATE community_message_archive_hashes SET imported = 1 WHERE hash = ?", (archive_id,))

    def _hashes(self, where: str, community_id: str) -> list:
        order = "start_time, end_time, hash"
        query = f"SELECT * FROM community_message_archive_hashes WHERE kind = ? AND {where} ORDER BY {order}"
        return self._db.query(query, (self._kind, community_id))

    def _links(self, column: str) -> dict[str, str]:
        query = f"SELECT community_id, {column} FROM communities_archive_info WHERE kind = ? AND {column} != ''"
        return {row["community_id"]: row[column] for row in self._db.query(query, (self._kind,))}

    def _set(self, community_id: str, **values: str | int) -> None:
        with self._db.transaction():
            row = "INSERT OR IGNORE INTO communities_archive_info (community_id, kind) VALUES (?, ?)"
            self._db.execute(row, (community_id, self._kind))
            assignments = ", ".join(f"{column} = ?" for column in values)
            self._db.execute(
                f"UPDATE communities_archive_info SET {assignments} WHERE community_id = ? AND kind = ?",
                (*values.values(), community_id, self._kind),
            )
