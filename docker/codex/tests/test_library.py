"""The node as a library: what status-backend embeds."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from support import LOOPBACK, blob, node, read_all

from codex import CodexConfig, CodexError, CodexNode, EmptyUpload, IncorrectCid, NotAManifest, NotFound

MISSING = "zDvZRwzm9nCsVNwv7R6yrjcombSP3DKYHDGQ8suQnGd63jroR47D"


async def test_start_and_stop_are_idempotent(tmp_path):
    running = CodexNode(CodexConfig(data_dir=tmp_path, listen_addrs=[LOOPBACK]))
    await running.stop()
    with pytest.raises(CodexError, match="not started"):
        await running.list()
    for _ in range(2):
        await running.start()
        await running.start()
        peer_id = running.peer_id
        assert peer_id.startswith("16Uiu2HA") and running.spr.startswith("spr:")
        await running.stop()
        await running.stop()
    await asyncio.gather(running.start(), running.start())
    assert running.peer_id == peer_id
    await running.stop()


@pytest.mark.parametrize("size", [1, 2, 65535, 65536, 65537, 131072, 65536 * 7, 65536 * 8 + 1])
async def test_all_sizes_around_the_block_size(tmp_path, size):
    async with node(tmp_path) as a:
        cid = await a.upload(blob(size))
        assert await read_all(a, cid) == blob(size)
        assert (await a.manifest(cid)).blocks == -(-size // 65536)


async def test_streams_in_and_out(tmp_path):
    async def chunks():
        for at in range(0, 500_000, 3_333):
            yield blob(500_000)[at : at + 3_333]

    async with node(tmp_path) as a:
        cid = await a.upload(chunks(), filename="x.bin")
        sizes = [len(block) async for block in a.download(cid)]
        assert sum(sizes) == 500_000 and max(sizes) <= 65536
        assert await a.upload(blob(500_000), filename="x.bin") == cid


async def test_errors_are_of_their_kind(tmp_path):
    async with node(tmp_path) as a:
        with pytest.raises(EmptyUpload, match="Empty leaves"):
            await a.upload(b"")
        for call in (a.manifest, a.exists, a.delete, a.fetch):
            with pytest.raises(IncorrectCid):
                await call("nonsense")
        with pytest.raises(IncorrectCid):
            await anext(a.download("nonsense"))
        with pytest.raises(NotFound, match="Block not found in local store"):
            await anext(a.download(MISSING, local=True))
        cid = await a.upload(b"x")
        block = next((tmp_path / "repo" / "blocks").rglob("*.dsobj")).name.removesuffix(".dsobj")
        assert await a.exists(block) and await a.exists(cid) and not await a.exists((await a.manifest(cid)).tree_cid)
        with pytest.raises(NotAManifest):
            await a.manifest(block)
        with pytest.raises(CodexError):
            await a.upload(b"x", block_size=0)


async def test_everything_that_waits_has_a_timeout(tmp_path):
    async def stuck():
        yield b"first"
        await asyncio.Event().wait()

    async with node(tmp_path) as a:
        for waiting in (
            a.manifest(MISSING, timeout=0.02),
            a.fetch(MISSING, timeout=0.02),
            a.upload(stuck(), timeout=0.02),
            anext(a.download(MISSING, timeout=0.02)),
        ):
            with pytest.raises(TimeoutError):
                await waiting
        assert await a.list() == [] and (await a.space())["totalBlocks"] == 0


async def test_cancelling_leaves_a_working_node(tmp_path):
    async with node(tmp_path) as a:
        for turn in range(10):
            task = asyncio.create_task(a.upload(blob(6 << 20, turn)))
            await asyncio.sleep(0.004 * turn)
            task.cancel()
            await asyncio.wait([task])
        listed = await a.list()
        cid = await a.upload(blob(6 << 20, 3))
        assert await read_all(a, cid) == blob(6 << 20, 3)
        for manifest in listed:
            assert len(await read_all(a, manifest.cid, local=True)) == manifest.dataset_size
    async with node(tmp_path) as a:
        assert await read_all(a, cid, local=True) == blob(6 << 20, 3)


async def test_stop_ends_what_waits(tmp_path):
    running = CodexNode(CodexConfig(data_dir=tmp_path, listen_addrs=[LOOPBACK]))
    await running.start()
    waiting = asyncio.create_task(running.manifest(MISSING))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await running.stop()
    with pytest.raises((CodexError, ConnectionError)):
        await waiting


async def test_debug_has_what_libcodex_has(tmp_path):
    async with node(tmp_path) as a:
        found = await a.debug()
        assert list(found) == ["id", "addrs", "spr", "announceAddresses", "table"]
        assert found["id"] == a.peer_id and found["addrs"] == a.addrs == a.listening


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, codex, codex.cli; print([m for m in ('libp2p', 'trio', 'aiohttp', 'google') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
