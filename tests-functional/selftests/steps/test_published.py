"""Reading published archives: what status-go publishes is understood, anything else is refused."""

from __future__ import annotations

from typing import Any

import pytest
from Crypto.Hash import keccak

from resources.protobuf import archives_pb2
from steps.published import read_published_archives

INDEX = "zDvIndex"


class Shelf:
    """Stands in for a Codex client: content by CID, nothing else."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def download(self, cid: str) -> bytes:
        return self.content[cid]


def metadata(start: int, end: int) -> archives_pb2.WakuMessageArchiveMetadata:
    return archives_pb2.WakuMessageArchiveMetadata(**{"from": start, "to": end}, contentTopic=[b"\x01\x02\x03\x04"])


def publish(shelf: Shelf, *archives: tuple[int, int, list[bytes]], **wrong: Any) -> None:
    index = archives_pb2.CodexWakuMessageArchiveIndex()
    for start, end, payloads in archives:
        cid = f"zDv{start}"
        archive = archives_pb2.WakuMessageArchive(
            metadata=wrong.get("inner_metadata", metadata(start, end)),
            messages=[archives_pb2.WakuMessage(payload=payload) for payload in payloads],
        )
        entry = archives_pb2.CodexWakuMessageArchiveIndexMetadata(metadata=metadata(start, end), cid=cid)
        archive_id = "0x" + keccak.new(digest_bits=256, data=entry.SerializeToString(deterministic=True)).hexdigest()
        index.archives[wrong.get("archive_id", archive_id)].CopyFrom(entry)
        shelf.content[cid] = wrong.get("archive_bytes", archive.SerializeToString())
    shelf.content[INDEX] = wrong.get("index_bytes", index.SerializeToString())


def test_archives_come_oldest_first_with_what_is_in_them() -> None:
    shelf = Shelf()
    publish(shelf, (20, 30, [b"...second..."]), (10, 20, [b"...first...", b"...more..."]))
    older, newer = read_published_archives(shelf, INDEX)
    assert (older.start, older.end, newer.start, newer.end) == (10, 20, 20, 30)
    assert older.contains("more") and not older.contains("second")
    assert newer.contains("second")


@pytest.mark.parametrize(
    "wrong, complaint",
    [
        ({"archive_id": "0x" + "00" * 32}, "its index metadata hash to 0x"),
        ({"inner_metadata": metadata(10, 21)}, "but the index says"),
        ({"archive_bytes": b"\xff\xff\xff"}, "archive zDv10: 3 bytes that are no WakuMessageArchive"),
        ({"index_bytes": b"\xff\xff\xff"}, "index zDvIndex: 3 bytes that are no CodexWakuMessageArchiveIndex"),
    ],
    ids=["archive id", "metadata", "archive bytes", "index bytes"],
)
def test_what_is_not_as_status_go_publishes_it_is_refused(wrong: dict[str, Any], complaint: str) -> None:
    shelf = Shelf()
    publish(shelf, (10, 20, [b"..."]), **wrong)
    with pytest.raises(AssertionError, match=complaint):
        read_published_archives(shelf, INDEX)
