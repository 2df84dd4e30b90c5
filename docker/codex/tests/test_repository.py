"""Data on disk: crashes, damage, quota, time to live."""

import asyncio
import errno
import os
import signal

import pytest
from support import PATIENCE, PREFIX, Process, Rest, blob, http, node, read_all

from codex import BlockInUse, ConfigError, NotFound, QuotaExceeded, StorageFailed
from codex.cids import Cid
from codex.repo import Repository

OCTETS = {"Content-Type": "application/octet-stream"}


def files(data_dir, kind):
    return sorted(path for path in (data_dir / "repo" / kind).rglob("*.dsobj"))


def flip_byte(path, at=100):
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 0x10
    path.write_bytes(raw)


async def test_datasets_survive_a_restart(tmp_path):
    async with node(tmp_path) as a:
        cids = {await a.upload(blob(size, size), f"{size}.bin"): size for size in (1, 65536, 200_001)}
        before = await a.space(), sorted(m.cid for m in await a.list())
    async with node(tmp_path) as a:
        assert (await a.space(), sorted(m.cid for m in await a.list())) == before
        for cid, size in cids.items():
            assert await read_all(a, cid, local=True) == blob(size, size)


async def test_kills_lose_nothing_finished_and_leave_nothing_half(tmp_path):
    """Right after an answer, early and late in the next upload."""
    with Process(tmp_path / "a") as a:
        finished = (await a("POST", "/data", OCTETS, blob(300_000, "finished"))).text
        space = (await a("GET", "/space")).json()
        for sent in (0.2, 0.98):
            body = blob(12 << 20, sent)
            reader, writer = await asyncio.open_connection("127.0.0.1", a.ports["api"])
            head = f"POST {PREFIX}/data HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body[: int(len(body) * sent)])
            await writer.drain()
            a.stop(signal.SIGKILL)
            writer.close()
            a.start()
            assert [entry["cid"] for entry in (await a("GET", "/data")).json()["content"]] == [finished]
            assert (await a("GET", "/space")).json() == space  # the half one is gone
            assert (await a("GET", f"/data/{finished}")).body == blob(300_000, "finished")
        assert (await a("POST", "/data", OCTETS, body)).status == 200


async def test_leftovers_of_a_crash_are_dropped_at_start(tmp_path):
    async with node(tmp_path) as a:
        cid = await a.upload(blob(100_000))
        manifest = await a.manifest(cid)
        space = await a.space()
        async with a.repository.upload(65536) as half:
            await half.write(blob(40 * 65536, "half"))
    aside = tmp_path / "repo" / "tmp" / "half.dsobj"
    aside.write_bytes(b"half")
    name = f"{manifest.tree_cid[:-1]}1"
    stray = tmp_path / "repo" / "trees" / name[-2:] / f"{name}.tree"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"no dataset")
    async with node(tmp_path) as a:
        assert await a.space() == space and len(files(tmp_path, "blocks")) == 2
        assert not aside.exists() and not stray.exists()


async def test_a_flipped_byte_is_never_served_and_healed_by_an_upload(tmp_path):
    data = blob(3 * 65536)
    async with node(tmp_path) as a, Rest(a) as rest:
        cid = await a.upload(data)
        for path in files(tmp_path, "blocks"):
            flip_byte(path)
        answer = await rest("GET", f"/data/{cid}")
        assert answer.status == 404 and "Block not found in local store" in answer.text
        with pytest.raises(NotFound):
            await read_all(a, cid, local=True)
        assert await a.upload(data) == cid
        assert await read_all(a, cid, local=True) == data


async def test_a_flipped_byte_in_the_middle_breaks_the_body_off(tmp_path):
    data = blob(4 * 65536)
    async with node(tmp_path) as a, Rest(a) as rest:
        cid = await a.upload(data)
        manifest = await a.manifest(cid)
        third, _ = a.repository.proof(manifest.tree, 2)
        flip_byte(a.repository._blocks.path(str(Cid(1, 0xCD02, 0x12, third))))
        answer = await rest("GET", f"/data/{cid}")
        assert answer.status == 200 and not answer.complete
        assert answer.body == data[: 2 * 65536]


async def test_a_damaged_block_is_fetched_again_from_a_peer(tmp_path):
    data = blob(3 * 65536)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        cid = await a.upload(data)
        assert await b.upload(data) == cid
        await a.connect(b.peer_id, b.addrs)
        flip_byte(files(tmp_path / "a", "blocks")[1])
        assert await read_all(a, cid) == data
        await b.stop()
        assert await read_all(a, cid, local=True) == data


async def test_a_damaged_manifest_or_tree_is_noticed(tmp_path):
    data = blob(3 * 65536)
    async with node(tmp_path) as a:
        cids = [await a.upload(data), await a.upload(b"other")]
    flip_byte(a.config.data_dir / "repo" / "manifests" / cids[0][-2:] / f"{cids[0]}.dsobj", 5)
    async with node(tmp_path) as a:
        assert [manifest.cid for manifest in await a.list()] == [cids[1]]
        assert await a.upload(data) == cids[0]
        tree = (await a.manifest(cids[0])).tree_cid
    flip_byte(a.config.data_dir / "repo" / "trees" / tree[-2:] / f"{tree}.tree", 40)
    async with node(tmp_path) as a:
        with pytest.raises(NotFound):
            await read_all(a, cids[0], local=True)
        assert await a.upload(data) == cids[0]
        assert await read_all(a, cids[0], local=True) == data


async def test_the_quota_is_kept_and_a_refused_upload_makes_room_later(tmp_path):
    """The refused upload's first block stays counted, as in the original, until somebody needs the room."""
    async with node(tmp_path, storage_quota=200_000) as a:
        first = await a.upload(blob(60_000))
        with pytest.raises(QuotaExceeded, match="Unable to store block zDx"):
            await a.upload(blob(400_000, "big"))
        assert 65536 * 2 < (await a.space())["quotaUsedBytes"] <= 200_000
        assert [manifest.cid for manifest in await a.list()] == [first]
        second = await a.upload(blob(120_000, "fits"))
        assert await read_all(a, first) == blob(60_000) and await read_all(a, second) == blob(120_000, "fits")


async def test_space_counts_shared_blocks_once_and_deleting_gives_it_back(tmp_path):
    async with node(tmp_path) as a:
        empty = await a.space()
        typed = await a.upload(b"four", mimetype="text/plain")
        one = (await a.space())["quotaUsedBytes"]
        untyped = await a.upload(b"four")
        assert one == 65604 and (await a.space())["quotaUsedBytes"] - one == 56
        await a.delete(typed)
        assert await read_all(a, untyped, local=True) == b"four"
        await a.delete(untyped)
        await a.delete(untyped)
        assert await a.space() == empty and not files(tmp_path, "blocks")


async def test_a_block_of_a_dataset_cannot_be_deleted_by_itself(tmp_path):
    async with node(tmp_path) as a:
        cid = await a.upload(b"block")
        block = files(tmp_path, "blocks")[0].name.removesuffix(".dsobj")
        with pytest.raises(BlockInUse):
            await a.delete(block)
        assert await read_all(a, cid) == b"block"


async def test_expired_datasets_go_and_others_stay(tmp_path):
    repository = Repository(tmp_path / "repo", 1 << 30, ttl=1000)
    await repository.open()
    manifests = []
    for text in (b"old", b"new"):
        async with repository.upload(65536) as upload:
            await upload.write(text)
            manifests.append(await upload.finish())
    repository.close()
    old = repository._manifests.path(manifests[0].cid)
    os.utime(old, (old.stat().st_mtime - 2000,) * 2)
    repository = Repository(tmp_path / "repo", 1 << 30, ttl=1000)
    await repository.open()
    assert await repository.expire(most=1000) == [manifests[0]]
    assert repository.datasets() == [manifests[1]] and repository.total_blocks == 2
    repository.close()


async def test_maintenance_runs_by_itself(tmp_path):
    async with node(tmp_path, block_ttl=0, block_maintenance_interval=0.05) as a:
        await a.upload(b"short lived")
        async with asyncio.timeout(PATIENCE):
            while (await a.space())["quotaUsedBytes"]:
                await asyncio.sleep(0.01)
        assert await a.list() == []


async def test_a_full_disk_is_an_error_and_harms_nothing(tmp_path, monkeypatch):
    async with node(tmp_path) as a, Rest(a) as rest:
        cid = await a.upload(b"before")
        space = await a.space()

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr("codex.repo.files.write_all", full)
            with pytest.raises(StorageFailed, match="No space left on device"):
                await a.upload(blob(100_000))
            answer = await rest("POST", "/data", OCTETS, blob(100_000))
            assert answer.status == 500 and "No space left on device" in answer.text
        assert await a.space() == space and not list((tmp_path / "repo" / "tmp").iterdir())
        assert await read_all(a, cid) == b"before"
        assert await a.upload(blob(100_000))


async def test_a_repository_has_one_owner(tmp_path):
    async with node(tmp_path) as a:
        with pytest.raises(ConfigError, match="in use"):
            async with node(tmp_path):
                pass
        assert await a.upload(b"still works")


async def test_an_upload_given_up_leaves_no_trace_in_the_list(tmp_path):
    async with node(tmp_path) as a, Rest(a) as rest:
        reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
        writer.write(
            f"POST {PREFIX}/data HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n".encode() + blob(4_000_000)
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        del reader
        assert await a.list() == []
        assert (await http(rest.port, "GET", PREFIX + "/data")).json() == {"content": []}


async def test_uploads_at_the_same_time_share_blocks(tmp_path):
    data = blob(2 << 20)
    async with node(tmp_path) as a:
        cids = await asyncio.gather(*(a.upload(data, f"{n}.bin") for n in range(6)))
        assert len(set(cids)) == 6 and (await a.space())["totalBlocks"] == 32 + 6
        await asyncio.gather(*(a.delete(cid) for cid in cids[:5]))
        assert await read_all(a, cids[5], local=True) == data


async def test_deleting_while_downloading_ends_the_download_or_completes_it(tmp_path):
    data = blob(40 * 65536)
    async with node(tmp_path) as a:
        cid = await a.upload(data)
        stream = a.download(cid, local=True)
        got = await anext(stream)
        await a.delete(cid)
        with pytest.raises(NotFound):
            async for block in stream:
                got += block
        assert data.startswith(got)
