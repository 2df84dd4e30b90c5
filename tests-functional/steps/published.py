"""Reading what a control node has published, from outside: a Codex node, an index CID and nothing else.

The formats are status-go's (`resources/protobuf/archives.proto`); no status-backend takes part, so what is found here
is in the network and not in one process.
"""

from __future__ import annotations

from dataclasses import dataclass

from Crypto.Hash import keccak
from google.protobuf.message import DecodeError

from clients.codex import CodexClient
from resources.protobuf import archives_pb2
from steps.step import step


@dataclass(frozen=True)
class PublishedArchive:
    """One archive as the index lists it. Times are unix seconds, `start` included and `end` excluded."""

    id: str
    cid: str
    start: int
    end: int
    messages: tuple[archives_pb2.WakuMessage, ...]

    def contains(self, text: str) -> bool:
        """True where a message of the archive carries this text (communities without encryption archive it plainly)."""
        return any(text.encode() in message.payload for message in self.messages)


@step("{codex} reads the archives of index {index_cid}")
def read_published_archives(codex: CodexClient, index_cid: str) -> list[PublishedArchive]:
    """The archives of an index, oldest first, fetched over the network by a node that knows only the index CID.

    Raises AssertionError where index or archive are not what status-go publishes: an id that is not the keccak-256 of
    its index metadata, bytes that are no archive, metadata that differ between index and archive.
    """
    index = _parse(archives_pb2.CodexWakuMessageArchiveIndex, codex.download(index_cid), f"index {index_cid}")
    archives = [_read_archive(codex, archive_id, entry) for archive_id, entry in index.archives.items()]
    return sorted(archives, key=lambda archive: archive.start)


def _read_archive(codex: CodexClient, archive_id: str, entry) -> PublishedArchive:
    expected_id = "0x" + keccak.new(digest_bits=256, data=entry.SerializeToString(deterministic=True)).hexdigest()
    assert archive_id == expected_id, f"archive {archive_id}: its index metadata hash to {expected_id}"
    archive = _parse(archives_pb2.WakuMessageArchive, codex.download(entry.cid), f"archive {entry.cid}")
    assert archive.metadata == entry.metadata, (
        f"archive {entry.cid}: metadata {archive.metadata} but the index says {entry.metadata}"
    )
    return PublishedArchive(
        id=archive_id,
        cid=entry.cid,
        start=getattr(entry.metadata, "from"),
        end=entry.metadata.to,
        messages=tuple(archive.messages),
    )


def _parse(kind, data: bytes, what: str):
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise AssertionError(f"{what}: {len(data)} bytes that are no {kind.DESCRIPTOR.name}: {error}") from error
