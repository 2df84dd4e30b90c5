"""The index of a torrent: where in the data file each archive lies. Source: status-go's WakuMessageArchiveIndex."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from ..protocol.waku_archive_pb2 import (
    WakuMessageArchive,
    WakuMessageArchiveIndex,
    WakuMessageArchiveIndexMetadata,
)
from .codec import ArchiveEntry, InvalidArchive, archive_id, check_id

PIECE = 100 * 1024  # bytes: the torrent's piece length, and what each archive is padded to


@dataclass(frozen=True)
class Place:
    """Bytes of the data file. Written as `offset+size`."""

    offset: int
    size: int

    @classmethod
    def parse(cls, text: str) -> Place:
        offset, _, size = text.partition("+")
        return cls(int(offset), int(size))

    def __str__(self) -> str:
        return f"{self.offset}+{self.size}"

    @property
    def end(self) -> int:
        """Where the next archive can begin."""
        return self.offset + self.size + padding(self.size)

    @property
    def pieces(self) -> range:
        return range(self.offset // PIECE, self.end // PIECE)


def padding(size: int) -> int:
    """The zeros after an archive of this size: up to a whole number of pieces."""
    return -size % PIECE


@dataclass(frozen=True)
class TorrentIndex:
    """The archives of a community by their ids."""

    entries: dict[str, ArchiveEntry]
    _message: WakuMessageArchiveIndex

    @classmethod
    def parse(cls, data: bytes, length: int) -> TorrentIndex:
        """InvalidArchive for anything but an index to a data file of this length whose keys are the archives' ids."""
        try:
            message = WakuMessageArchiveIndex.FromString(data)
        except DecodeError as error:
            raise InvalidArchive(f"not an archive index: {error}") from error
        return cls({id_: _entry(id_, meta, length) for id_, meta in message.archives.items()}, message)

    @classmethod
    def empty(cls) -> TorrentIndex:
        return cls({}, WakuMessageArchiveIndex())

    def extended(self, archives: Iterable[tuple[WakuMessageArchive, Place]]) -> TorrentIndex:
        """A new index with these archives added."""
        message = WakuMessageArchiveIndex()
        message.CopyFrom(self._message)
        length = self.length
        for archive, place in archives:
            meta = WakuMessageArchiveIndexMetadata(
                metadata=archive.metadata, offset=place.offset, size=place.size, padding=padding(place.size)
            )
            message.archives[archive_id(meta)].CopyFrom(meta)
            length = max(length, place.end)
        return TorrentIndex.parse(message.SerializeToString(), length)

    def within(self, length: int) -> TorrentIndex:
        """As it was when the data file had this length."""
        message = WakuMessageArchiveIndex()
        for id_, entry in self.entries.items():
            if Place.parse(entry.location).end <= length:
                message.archives[id_].CopyFrom(self._message.archives[id_])
        return TorrentIndex.parse(message.SerializeToString(), length)

    @property
    def length(self) -> int:
        """Of the data file, in bytes."""
        return max((Place.parse(entry.location).end for entry in self.entries.values()), default=0)

    def to_bytes(self) -> bytes:
        return self._message.SerializeToString(deterministic=True)

    def newest_first(self) -> list[ArchiveEntry]:
        return sorted(self.entries.values(), key=lambda entry: (-entry.start, -entry.end, entry.id))


def _entry(id_: str, meta: WakuMessageArchiveIndexMetadata, length: int) -> ArchiveEntry:
    check_id(id_, meta)
    place = Place(meta.offset, meta.size)
    if not meta.size or meta.offset % PIECE or meta.padding != padding(meta.size) or place.end > length:
        raise InvalidArchive(f"archive {id_}: {place} (padding {meta.padding}) is no place in {length} bytes of data")
    return ArchiveEntry(id_, str(place), getattr(meta.metadata, "from"), meta.metadata.to)
