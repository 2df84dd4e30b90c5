"""Archives and indexes as bytes: spans, sizes, ids."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from status_backend.archives.codec import ArchiveIndex, InvalidArchive, make_archives, parse_archive


def spans(archives):
    return [(getattr(a.metadata, "from"), a.metadata.to, len(a.messages)) for a in archives]


def test_one_archive_a_window_and_none_for_quiet_ones(world):
    messages = [world.waku_message("m", t) for t in (100, 109, 110, 131)]
    archives = list(make_archives(messages, [world.TOPIC], 100, 136, 10))
    assert spans(archives) == [(100, 110, 2), (110, 120, 1), (130, 136, 1)]
    assert [list(a.metadata.contentTopic) for a in archives] == [[world.TOPIC]] * 3
    assert [m for a in archives for m in a.messages] == messages


def test_a_rest_of_one_second_is_no_window_of_its_own(world):
    messages = [world.waku_message("m", t) for t in (100, 110)]
    assert spans(make_archives(messages, [], 100, 111, 10)) == [(100, 111, 2)]
    assert spans(make_archives(messages, [], 100, 112, 10)) == [(100, 110, 1), (110, 112, 1)]


def test_a_window_larger_than_an_archive_may_be_becomes_several(world):
    weight = 65 + 35  # signature and payload
    messages = [world.waku_message(f"{n}", 100 + n, size=35) for n in range(5)]
    assert spans(make_archives(messages, [], 100, 110, 10, max_size=2 * weight)) == [
        (100, 110, 2),
        (100, 110, 2),
        (100, 110, 1),
    ]


def test_a_message_larger_than_an_archive_is_left_out(world):
    messages = [world.waku_message("small", 100), world.waku_message("large", 101, size=1000)]
    (archive,) = make_archives(messages, [], 100, 110, 10, max_size=500)
    assert list(archive.messages) == messages[:1]
    assert not list(make_archives(messages[1:], [], 100, 110, 10, max_size=500))


def test_ids_and_bytes_of_the_index(world):
    (archive,) = make_archives([world.waku_message("m", 1000)], [world.TOPIC], 1000, 2000, 1000)
    index = ArchiveIndex().extended([(archive, "zDvCid")])
    # metadata (2): from (2), to (3), content topic (4); cid (3). The version is 0 and so not written.
    meta = bytes.fromhex("120c10e80718d00f2204010203041a06") + b"zDvCid"
    (entry,) = index.entries.values()
    assert entry.id == "0x" + keccak(meta).hex()
    assert (entry.location, entry.start, entry.end) == ("zDvCid", 1000, 2000)
    key = entry.id.encode()
    pair = b"\x0a\x42" + key + b"\x12" + bytes([len(meta)]) + meta
    assert index.to_bytes() == b"\x0a" + bytes([len(pair)]) + pair
    assert ArchiveIndex.parse(index.to_bytes()).entries == index.entries


def test_extending_keeps_what_was_there(world):
    archives = [*make_archives([world.waku_message("m", t) for t in (100, 110)], [], 100, 120, 10)]
    first = ArchiveIndex().extended([(archives[0], "zDvA")])
    both = ArchiveIndex.parse(first.to_bytes()).extended([(archives[1], "zDvB")])
    assert first.entries.items() <= both.entries.items() and len(both.entries) == 2 and len(first.entries) == 1
    assert [entry.start for entry in both.newest_first()] == [110, 100]


def test_what_is_no_archive_or_index(world):
    with pytest.raises(InvalidArchive, match="not an archive index"):
        ArchiveIndex.parse(b"\xff\xff\xff")
    with pytest.raises(InvalidArchive, match="not a message archive"):
        parse_archive(b"\xff\xff\xff")


def test_an_index_that_lists_an_archive_under_another_id(world):
    (archive,) = make_archives([world.waku_message("m", 1000)], [], 1000, 2000, 1000)
    data = ArchiveIndex().extended([(archive, "zDvA")]).to_bytes()
    with pytest.raises(InvalidArchive, match="its id is 0x"):
        ArchiveIndex.parse(data.replace(b"zDvA", b"zDvB"))
