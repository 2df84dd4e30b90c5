"""Archives and their index as bytes. Sources: status-go's protobuf definitions; ids as in its archive manager."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from eth_hash.auto import keccak
from google.protobuf.message import DecodeError

from ..protocol.waku_archive_pb2 import (
    CodexWakuMessageArchiveIndex,
    CodexWakuMessageArchiveIndexMetadata,
    WakuMessage,
    WakuMessageArchive,
    WakuMessageArchiveIndexMetadata,
)

MAX_ARCHIVE_SIZE = 30_000_000  # bytes of payloads and signatures in one archive
MAX_STORED_SIZE = 2 * MAX_ARCHIVE_SIZE  # of an archive or index as it is stored: more is refused, whoever made it


class InvalidArchive(Exception):
    """Bytes that are no archive, or no index."""


@dataclass(frozen=True)
class ArchiveEntry:
    """One archive as its index lists it. `start` and `end` are unix seconds; messages lie in [start, end).

    `location` is where its kind of distribution finds it: a CID, or a place in a torrent's data file.
    """

    id: str
    location: str
    start: int
    end: int


@dataclass(frozen=True)
class ArchiveIndex:
    """The archives of a community by their ids, as Codex has it."""

    entries: dict[str, ArchiveEntry] = field(default_factory=dict)
    _message: CodexWakuMessageArchiveIndex = field(default_factory=CodexWakuMessageArchiveIndex, repr=False)

    @classmethod
    def parse(cls, data: bytes) -> ArchiveIndex:
        """InvalidArchive for anything but an index whose keys are the ids of what they lead to."""
        try:
            message = CodexWakuMessageArchiveIndex.FromString(data)
        except DecodeError as error:
            raise InvalidArchive(f"not an archive index: {error}") from error
        entries = {id_: _entry(id_, meta) for id_, meta in message.archives.items()}
        return cls(entries, message)

    def extended(self, archives: Iterable[tuple[WakuMessageArchive, str]]) -> ArchiveIndex:
        """A new index with these archives, each given with its CID, added."""
        message = CodexWakuMessageArchiveIndex()
        message.CopyFrom(self._message)
        entries = dict(self.entries)
        for archive, cid in archives:
            meta = CodexWakuMessageArchiveIndexMetadata(metadata=archive.metadata, cid=cid)
            id_ = archive_id(meta)
            message.archives[id_].CopyFrom(meta)
            entries[id_] = _entry(id_, meta)
        return ArchiveIndex(entries, message)

    def to_bytes(self) -> bytes:
        return self._message.SerializeToString(deterministic=True)

    def newest_first(self) -> list[ArchiveEntry]:
        return sorted(self.entries.values(), key=lambda entry: (-entry.start, -entry.end, entry.id))


def make_archives(
    messages: Sequence[WakuMessage],
    topics: Sequence[bytes],
    start: int,
    end: int,
    window: int,
    max_size: int = MAX_ARCHIVE_SIZE,
) -> Iterator[WakuMessageArchive]:
    """The archives of `messages`, which lie in [start, end): one each `window` seconds, more if larger than `max_size`.

    Windows without messages get none. A single message larger than `max_size` is left out, as the original does.
    A rest of one second is no window of its own: it comes from ticks being rounded to whole seconds.
    """
    count = max(math.ceil((end - start - 1) / window), 1)
    windows: dict[int, list[WakuMessage]] = {}
    for message in messages:
        windows.setdefault(min((message.timestamp - start) // window, count - 1), []).append(message)
    for number, inside in sorted(windows.items()):
        window_start = start + number * window
        for chunk in _chunks(inside, max_size):
            archive = WakuMessageArchive(messages=chunk)
            setattr(archive.metadata, "from", window_start)  # `from` is a keyword
            archive.metadata.to = end if number == count - 1 else window_start + window
            archive.metadata.contentTopic.extend(topics)
            yield archive


def parse_archive(data: bytes) -> WakuMessageArchive:
    """InvalidArchive for anything but an archive."""
    try:
        return WakuMessageArchive.FromString(data)
    except DecodeError as error:
        raise InvalidArchive(f"not a message archive: {error}") from error


def parse_entry(data: bytes, entry: ArchiveEntry) -> WakuMessageArchive:
    """The archive that the index lists. InvalidArchive for another one."""
    archive = parse_archive(data)
    start, end = getattr(archive.metadata, "from"), archive.metadata.to
    if (start, end) != (entry.start, entry.end):
        raise InvalidArchive(f"an archive from {start} to {end}, not from {entry.start} to {entry.end}")
    return archive


def _chunks(messages: Iterable[WakuMessage], max_size: int) -> Iterator[list[WakuMessage]]:
    chunk: list[WakuMessage] = []
    size = 0
    for message in messages:
        weight = message_size(message)
        if weight > max_size:
            continue
        if size + weight > max_size:
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += weight
    if chunk:
        yield chunk


def message_size(message: WakuMessage) -> int:
    return len(message.payload) + len(message.sig)


def archive_id(meta: CodexWakuMessageArchiveIndexMetadata | WakuMessageArchiveIndexMetadata) -> str:
    return "0x" + keccak(meta.SerializeToString(deterministic=True)).hex()


def check_id(id_: str, meta: CodexWakuMessageArchiveIndexMetadata | WakuMessageArchiveIndexMetadata) -> None:
    """InvalidArchive unless the index lists these metadata under their id."""
    if archive_id(meta) != id_:
        raise InvalidArchive(f"the index lists an archive under {id_}, its id is {archive_id(meta)}")


def _entry(id_: str, meta: CodexWakuMessageArchiveIndexMetadata) -> ArchiveEntry:
    check_id(id_, meta)
    return ArchiveEntry(id_, meta.cid, getattr(meta.metadata, "from"), meta.metadata.to)
