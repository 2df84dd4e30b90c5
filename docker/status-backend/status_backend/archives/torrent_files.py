"""A community's torrent on disk, as status-go lays it out.

    <TorrentConfig.DataDir>/<community id>/data     archives one after the other, each padded to whole pieces
    <TorrentConfig.DataDir>/<community id>/index    WakuMessageArchiveIndex
    <TorrentConfig.TorrentDir>/<community id>.torrent

The data file only grows, so a new torrent shares all pieces but those of the index with the one before it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..protocol.waku_archive_pb2 import WakuMessageArchive
from .codec import ArchiveEntry, InvalidArchive, parse_entry
from .distribution import DistributionError, IndexLost
from .torrent_index import PIECE, Place, TorrentIndex, padding


@dataclass(frozen=True)
class Torrent:
    """What a .torrent file says. The pieces of `data` come first, those of `index` after them."""

    content: bytes  # of the file
    info_hash: str
    name: str
    data_length: int
    index_length: int
    hashes: tuple[bytes, ...]  # SHA-1 of each piece

    @classmethod
    def parse(cls, content: bytes) -> Torrent:
        """InvalidArchive for anything but a torrent with the layout above."""
        lt = import_module("libtorrent")
        try:
            info = lt.bdecode(content)[b"info"]
            name, files = info[b"name"].decode(), [(file[b"path"], file[b"length"]) for file in info[b"files"]]
            (data, data_length), (index, index_length) = files
            piece, pieces = info[b"piece length"], info[b"pieces"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InvalidArchive(f"not the torrent of an archive: {type(error).__name__}: {error}") from error
        count = data_length // PIECE + -(-index_length // PIECE)
        whole = (data, index, piece) == ([b"data"], [b"index"], PIECE) and data_length % PIECE == 0
        if not whole or data_length < PIECE or index_length < 1 or len(pieces) != 20 * count:
            raise InvalidArchive(f"not the torrent of an archive: {files}, pieces of {piece}, {len(pieces)} hash bytes")
        info_hash = hashlib.sha1(lt.bencode(info)).hexdigest()
        hashes = tuple(pieces[begin : begin + 20] for begin in range(0, len(pieces), 20))
        return cls(content, info_hash, name, data_length, index_length, hashes)

    @classmethod
    def describe(cls, name: str, data_length: int, index: bytes, data_hashes: Sequence[bytes]) -> Torrent:
        lt = import_module("libtorrent")
        hashes = [*data_hashes, *_hashes(index)]
        files = [{b"length": data_length, b"path": [b"data"]}, {b"length": len(index), b"path": [b"index"]}]
        info = {b"name": name.encode(), b"piece length": PIECE, b"files": files, b"pieces": b"".join(hashes)}
        return cls.parse(lt.bencode({b"info": info}))

    def has_index(self, content: bytes) -> bool:
        hashes = tuple(_hashes(content))
        return len(content) == self.index_length and hashes == self.hashes[len(self.data_pieces) :]

    @property
    def data_pieces(self) -> range:
        return range(self.data_length // PIECE)

    @property
    def index_pieces(self) -> range:
        return range(self.data_length // PIECE, len(self.hashes))


class TorrentFiles:
    """Blocking; each write is whole or not there. `seal` and `unseal` are the cipher of an encrypted community."""

    def __init__(
        self,
        data_dir: Path,
        torrent_dir: Path,
        community_id: str,
        seal: Callable[[bytes], bytes] = bytes,
        unseal: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._name = community_id
        self._seal = seal
        self._unseal = unseal
        self._folder = data_dir / community_id
        self._torrent = torrent_dir / f"{community_id}.torrent"
        self._previous = torrent_dir / f"{community_id}.torrent.previous"

    def torrent(self, info_hash: str) -> Torrent | None:
        """The torrent with this hash, if its .torrent file is here."""
        for path in (self._torrent, self._previous):
            try:
                torrent = Torrent.parse(path.read_bytes())
            except (OSError, InvalidArchive):
                continue
            if torrent.info_hash == info_hash:
                return torrent
        return None

    def keep(self, torrent: Torrent) -> None:
        _write(self._torrent, torrent.content)

    def index(self, torrent: Torrent) -> TorrentIndex:
        """The downloaded index. InvalidArchive if it is none."""
        content = (self._folder / "index").read_bytes()[: torrent.index_length]
        return TorrentIndex.parse(self._unseal(content), torrent.data_length)

    def read(self, entry: ArchiveEntry) -> WakuMessageArchive:
        """DistributionError unless it is there and is the one that is meant."""
        place = Place.parse(entry.location)
        try:
            with (self._folder / "data").open("rb") as file:
                file.seek(place.offset)
                return parse_entry(self._unseal(file.read(place.size)), entry)
        except (OSError, InvalidArchive) as error:
            raise DistributionError(f"archive {entry.id} at {place}: {error}") from error

    def restore(self, info_hash: str) -> tuple[Torrent, TorrentIndex]:
        """The owner's torrent with this hash, with its files as they belong to it. IndexLost if that cannot be.

        Files may be ahead of it: they are those of a torrent whose making was interrupted. An encrypted index cannot be
        brought back to what it was.
        """
        torrent = self.torrent(info_hash)
        if torrent is None:
            raise IndexLost(f"the torrent {info_hash} of {self._name} is not here")
        path = self._folder / "index"
        try:
            length, content = (self._folder / "data").stat().st_size, path.read_bytes()
            if length < torrent.data_length:
                raise InvalidArchive(f"{length} bytes of data, not {torrent.data_length}")
            if not torrent.has_index(content):
                content = TorrentIndex.parse(content, length).within(torrent.data_length).to_bytes()
                if not torrent.has_index(content):
                    raise InvalidArchive("the index is that of another torrent")
                _write(path, content)
            index = TorrentIndex.parse(self._unseal(content), torrent.data_length)
        except (OSError, InvalidArchive) as error:
            raise IndexLost(f"the files of the torrent {info_hash} of {self._name}: {error}") from error
        return torrent, index

    def append(self, before: tuple[Torrent, TorrentIndex] | None, archives: Sequence[WakuMessageArchive]) -> Torrent:
        """A new torrent with these archives after those that were there before. OSError if the disk has no room."""
        hashes = list(before[0].hashes[: len(before[0].data_pieces)]) if before else []
        index = before[1] if before else TorrentIndex.empty()
        end = len(hashes) * PIECE
        placed = []
        self._folder.mkdir(parents=True, exist_ok=True)
        data = self._folder / "data"
        with data.open("r+b" if data.exists() else "wb") as file:
            file.seek(end)
            for archive in archives:
                content = self._seal(archive.SerializeToString())
                placed.append((archive, Place(end, len(content))))
                padded = content + bytes(padding(len(content)))
                file.write(padded)
                hashes += _hashes(padded)
                end += len(padded)
            file.truncate()
            os.fsync(file.fileno())
        content = self._seal(index.extended(placed).to_bytes())
        torrent = Torrent.describe(self._name, end, content, hashes)
        _write(self._folder / "index", content)
        if self._torrent.exists():
            _write(self._previous, self._torrent.read_bytes())
        self.keep(torrent)
        return torrent


def _hashes(data: bytes) -> Iterator[bytes]:
    return (hashlib.sha1(data[begin : begin + PIECE]).digest() for begin in range(0, len(data), PIECE))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    new.replace(path)
