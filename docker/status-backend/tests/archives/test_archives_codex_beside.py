"""The archives over Codex nodes beside the backends: processes of their own, spoken to over REST."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from codex_process import CodexProcess

from status_backend.archives.codex_client import CodexClient, StorageError, StorageTimeout
from status_backend.archives.codex_node import VARIABLE
from status_backend.archives.codex_rest import CodexRestError, CodexRestNode

pytestmark = pytest.mark.anyio

DATA = random.Random(2).randbytes(5 * 65536 + 4321)
NOBODY_HAS_IT = "zDvZRwzm93r6pbHvCDtfXiLiLF96cXTiX5rkv1fWMLGfV1NJX8cr"


@pytest.fixture(scope="module")
def processes(tmp_path_factory) -> Iterator[list[CodexProcess]]:
    folder = tmp_path_factory.mktemp("codex")
    started: list[CodexProcess] = []
    try:
        started += [CodexProcess(folder / name) for name in ("a", "b")]
        yield started
    finally:
        for process in started:
            process.kill()


@pytest.fixture
async def clients(processes):
    clients = [CodexClient(CodexRestNode(process.url), (CodexRestError,)) for process in processes]
    for client in clients:
        await client.start()
    yield clients
    for client in clients:
        await client.stop()


async def test_from_one_node_to_the_other(clients):
    here, there = clients
    cid = await here.upload_archive(DATA)
    assert await here.has_cid(cid) and not await there.has_cid(cid)
    info = await here.debug()
    await there.connect(info["id"], info["addrs"])

    manifest = await there.fetch_manifest(cid)
    assert (manifest.cid, manifest.dataset_size) == (cid, len(DATA))
    data = bytearray()
    await there.download(cid, data.extend)
    assert data == DATA
    assert await there.local_download(cid) == DATA

    await there.remove_cid(cid)
    await there.remove_cid(cid)
    assert not await there.has_cid(cid)
    with pytest.raises(StorageError, match="not found in local store"):
        await there.local_download(cid)
    assert (await there.trigger_download(cid)).cid == cid


async def test_what_fails(clients):
    client, _ = clients
    for wrong in ("zDvNoCid", "../../peerid", "a/b?c#d", ""):
        with pytest.raises(StorageError):
            await client.has_cid(wrong)
    with pytest.raises(StorageTimeout, match="no answer within 0.1 s"):
        await client.trigger_download(NOBODY_HAS_IT, timeout=0.1)
    peer = (await client.debug())["id"]
    with pytest.raises(StorageError, match="Unable to dial peer"):
        await client.connect(peer, ["/ip4/127.0.0.1/tcp/1"])
    with pytest.raises(StorageError, match="incorrect PeerId"):
        await client.connect("nobody", [])


async def test_the_cid_is_that_of_an_embedded_node(world, clients):
    async with world.profile("p", real=True).login(world.FakeHost()) as embedded:
        assert await embedded.archives.storage.upload_archive(DATA) == await clients[0].upload_archive(DATA)


async def test_owner_and_member_each_with_a_node_beside(world, processes, monkeypatch):
    def profile(name, process):
        monkeypatch.setenv(VARIABLE, process.url)
        return world.profile(name, real=True, timings=replace(world.FAST, call_timeout=30))

    control = world.FakeHost(control_node=True)
    async with profile("owner", processes[0]).login(control) as alice:
        async with profile("member", processes[1]).login(world.FakeHost()) as bob:
            world.store_message(alice.db, "hello", 1000)
            alice.archives.change_interval(0.05)
            await alice.signals.until("historyArchivesSeeding")
            alice.archives.change_interval(3600)
            cid = alice.archives.last_index_cid(world.COMMUNITY)
            await bob.archives.on_index_cid(world.COMMUNITY, cid, 1)
            info = await alice.archives.debug()
            await bob.archives.connect(info["id"], info["addrs"])
            await bob.signals.until("downloadingHistoryArchivesFinished")
            assert [m.payload for m in bob.host.imported] == [b"hello"]
            assert await bob.archives.storage.has_cid(cid)
        assert not (world.profile("member").directory / "data" / "codex" / "node").exists()
    clients = [CodexRestNode(process.url) for process in processes]
    for client in clients:  # they outlive the profiles, and keep what they have
        await client.start()
        assert await client.exists(cid)
        await client.stop()
