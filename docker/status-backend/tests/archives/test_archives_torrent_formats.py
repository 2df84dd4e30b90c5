"""Torrents of archives as bytes: magnet links, the index, the files of a community."""

from __future__ import annotations

import hashlib

import libtorrent
import pytest

from status_backend.archives.codec import InvalidArchive, archive_id, make_archives, parse_archive
from status_backend.archives.distribution import DistributionError, IndexLost
from status_backend.archives.torrent_files import Torrent, TorrentFiles
from status_backend.archives.torrent_index import PIECE, Place, TorrentIndex
from status_backend.archives.torrent_link import MagnetLink
from status_backend.protocol.waku_archive_pb2 import WakuMessageArchiveIndex

HASH = "ab" * 20


def archive_of(world, at: int, size: int = 10):
    (archive,) = make_archives([world.waku_message(f"said at {at}", at, size)], [world.TOPIC], at, at + 10, 10)
    return archive


class TestMagnetLink:
    def test_there_and_back(self, world):
        link = MagnetLink(HASH, world.COMMUNITY, (("127.0.0.1", 9025), ("::1", 1)))
        text = str(link)
        assert text == f"magnet:?xt=urn:btih:{HASH}&dn={world.COMMUNITY}&x.pe=127.0.0.1:9025&x.pe=[::1]:1"
        assert MagnetLink.parse(text) == link

    def test_libtorrent_reads_it_the_same_way(self, world):
        params = libtorrent.parse_magnet_uri(str(MagnetLink(HASH, world.COMMUNITY, (("127.0.0.1", 9025),))))
        assert (str(params.info_hashes.v1), params.name) == (HASH, world.COMMUNITY)
        assert params.peers == [("127.0.0.1", 9025)]

    def test_one_with_trackers_is_taken_without_them(self):
        link = MagnetLink.parse(f"magnet:?xt=urn:btih:{HASH.upper()}&dn=x&tr=udp%3A%2F%2Ftracker.example%3A80")
        assert link == MagnetLink(HASH, "x") and "tracker" not in str(link)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "zDvIndex",
            "magnet:?dn=x",
            "magnet:?xt=urn:btih:abc",
            f"magnet:?xt=urn:btmh:1220{HASH}",
            f"magnet:?xt=urn:btih:{HASH}&x.pe=127.0.0.1",
            f"magnet:?xt=urn:btih:{HASH}&x.pe=127.0.0.1:65536",
            f"magnet:?xt=urn:btih:{HASH}&x.pe=nobody:80",
            "magnet://[?xt=1",
        ],
    )
    def test_nonsense(self, text):
        with pytest.raises(InvalidArchive, match="magnet link"):
            MagnetLink.parse(text)


class TestTorrentIndex:
    @pytest.mark.parametrize("size, pieces", [(1, 1), (PIECE, 1), (PIECE + 1, 2), (3 * PIECE, 3)])
    def test_an_archive_begins_with_a_piece(self, size, pieces):
        assert Place(PIECE, size).pieces == range(1, 1 + pieces)
        assert Place.parse(str(Place(PIECE, size))) == Place(PIECE, size)

    def test_fields_are_the_originals(self, world):
        archive = archive_of(world, 1000)
        index = TorrentIndex.empty().extended([(archive, Place(0, archive.ByteSize()))])
        message = WakuMessageArchiveIndex.FromString(index.to_bytes())
        ((id_, meta),) = message.archives.items()
        assert id_ == archive_id(meta) and meta.metadata == archive.metadata
        assert (meta.offset, meta.size, meta.padding) == (0, archive.ByteSize(), PIECE - archive.ByteSize())
        assert index.entries[id_].location == f"0+{archive.ByteSize()}" and index.length == PIECE

    def test_what_lies_outside_the_data_or_across_pieces_is_refused(self, world):
        archive = archive_of(world, 1000)
        for place, length in (
            (Place(0, 10), 0),
            (Place(PIECE, 10), PIECE),
            (Place(5, 10), PIECE),
            (Place(0, 0), PIECE),
        ):
            content = WakuMessageArchiveIndex()
            meta = content.archives["x"]
            meta.metadata.CopyFrom(archive.metadata)
            meta.offset, meta.size, meta.padding = place.offset, place.size, -place.size % PIECE
            content.archives[archive_id(meta)].CopyFrom(meta)
            del content.archives["x"]
            with pytest.raises(InvalidArchive, match="is no place in"):
                TorrentIndex.parse(content.SerializeToString(), length)

    def test_bytes_that_are_none(self):
        with pytest.raises(InvalidArchive, match="not an archive index"):
            TorrentIndex.parse(b"\xff", PIECE)
        with pytest.raises(InvalidArchive, match="its id is 0x"):
            message = WakuMessageArchiveIndex()
            message.archives["0x00"].size = 1
            TorrentIndex.parse(message.SerializeToString(), PIECE)


class TestTorrentFiles:
    @pytest.fixture
    def files(self, world, tmp_path):
        return TorrentFiles(tmp_path / "archivedata", tmp_path / "torrents", world.COMMUNITY)

    def test_layout(self, world, files, tmp_path):
        archives = [archive_of(world, 1000), archive_of(world, 1010, PIECE)]
        torrent = files.append(None, archives)
        folder = tmp_path / "archivedata" / world.COMMUNITY
        assert {path.name for path in folder.iterdir()} == {"data", "index"}
        data, index = (folder / "data").read_bytes(), (folder / "index").read_bytes()
        assert len(data) == 3 * PIECE and parse_archive(data[: archives[0].ByteSize()]) == archives[0]
        assert not any(data[archives[0].ByteSize() : PIECE])
        metainfo = libtorrent.bdecode((tmp_path / "torrents" / f"{world.COMMUNITY}.torrent").read_bytes())
        info = metainfo[b"info"]
        assert (info[b"name"].decode(), info[b"piece length"]) == (world.COMMUNITY, PIECE)
        assert [(file[b"path"], file[b"length"]) for file in info[b"files"]] == [
            ([b"data"], 3 * PIECE),
            ([b"index"], len(index)),
        ]
        assert str(libtorrent.torrent_info(metainfo).info_hashes().v1) == torrent.info_hash
        content = data + index
        assert torrent.hashes == tuple(
            hashlib.sha1(content[begin : begin + PIECE]).digest() for begin in range(0, len(content), PIECE)
        )
        entries = TorrentIndex.parse(index, len(data)).newest_first()
        assert [files.read(entry) for entry in entries] == archives[::-1]

    def test_a_longer_torrent_shares_the_data_pieces(self, world, files):
        first = files.append(None, [archive_of(world, 1000)])
        second = files.append(files.restore(first.info_hash), [archive_of(world, 1010)])
        assert second.hashes[:1] == first.hashes[:1] and second.data_pieces == range(2)
        assert [entry.start for entry in files.restore(second.info_hash)[1].newest_first()] == [1010, 1000]

    def test_an_interrupted_publication_leaves_the_one_before(self, world, files, tmp_path):
        """The process died after the files were written, before the database knew: the next attempt starts anew."""
        first = files.append(None, [archive_of(world, 1000)])
        lost = files.append(files.restore(first.info_hash), [archive_of(world, 1010, PIECE)])
        torrent, index = files.restore(first.info_hash)
        assert torrent == first and [entry.start for entry in index.newest_first()] == [1000]
        again = files.append((torrent, index), [archive_of(world, 1020)])
        assert [entry.start for entry in files.restore(again.info_hash)[1].newest_first()] == [1020, 1000]
        assert (tmp_path / "archivedata" / world.COMMUNITY / "data").stat().st_size == 2 * PIECE
        with pytest.raises(IndexLost):
            files.restore(lost.info_hash)

    @pytest.mark.parametrize("name", ["data", "index"])
    def test_lost_files(self, world, files, tmp_path, name):
        torrent = files.append(None, [archive_of(world, 1000)])
        path = tmp_path / "archivedata" / world.COMMUNITY / name
        path.write_bytes(path.read_bytes()[:1])
        with pytest.raises(IndexLost):
            files.restore(torrent.info_hash)
        path.unlink()
        with pytest.raises(IndexLost):
            files.restore(torrent.info_hash)

    def test_an_archive_that_is_not_the_one_in_the_index(self, world, files, tmp_path):
        torrent = files.append(None, [archive_of(world, 1000)])
        (entry,) = files.restore(torrent.info_hash)[1].newest_first()
        files.append(None, [archive_of(world, 2000)])
        with pytest.raises(DistributionError, match="an archive from 2000 to 2010, not from 1000 to 1010"):
            files.read(entry)
        (tmp_path / "archivedata" / world.COMMUNITY / "data").write_bytes(b"")
        with pytest.raises(DistributionError, match=entry.id):
            files.read(entry)


class TestTorrent:
    @pytest.mark.parametrize(
        "change",
        [
            {b"piece length": 2**14},
            {b"pieces": b"1" * 20},
            {b"files": [{b"length": PIECE, b"path": [b"data"]}, {b"length": 1, b"path": [b"..", b"index"]}]},
            {b"files": [{b"length": PIECE + 1, b"path": [b"data"]}, {b"length": 1, b"path": [b"index"]}]},
            {b"files": [{b"length": PIECE, b"path": [b"data"]}]},
            {b"files": 1},
            {b"name": b"\xff"},
        ],
    )
    def test_another_layout_is_refused(self, change):
        content = Torrent.describe("name", PIECE, b"i", [bytes(20)]).content
        info = {**libtorrent.bdecode(content)[b"info"], **change}
        with pytest.raises(InvalidArchive, match="not the torrent of an archive"):
            Torrent.parse(libtorrent.bencode({b"info": info}))

    def test_bytes_that_are_none(self):
        for content in (b"", b"no torrent", b"i1e", b"de"):
            with pytest.raises(InvalidArchive, match="not the torrent of an archive"):
                Torrent.parse(content)
