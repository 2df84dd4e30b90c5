"""The original's CodexClientTestSuite, as far as it is not about REST: each call, its deadline, its kind of error."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from status_backend.archives.codex_client import ARCHIVE_FILENAME, CodexClient, StorageError, StorageTimeout

pytestmark = pytest.mark.anyio


class TestCodexClientTestSuite:
    @pytest.fixture
    async def given(self, world):
        node, peer = world.FakeCodex(), world.FakeCodex()
        node.link(peer)
        return SimpleNamespace(
            node=node,
            peer=peer,
            remote=await peer.upload(b"on the peer" * 20),
            client=CodexClient(node, (world.FakeCodexError,), replace(world.FAST, call_timeout=0.05)),
            error=world.FakeCodexError,
        )

    async def test_start_and_stop_are_idempotent(self, given):
        await given.client.start()
        await given.client.start()
        assert given.node.running
        await given.client.stop()
        await given.client.stop()
        assert not given.node.running

    async def test_upload_success(self, given):
        cid = await given.client.upload_archive(b"archive")
        assert given.node.stored[cid] == b"archive"
        assert cid == await given.client.upload(b"archive", ARCHIVE_FILENAME)

    async def test_download_success(self, given):
        data = bytearray()
        await given.client.download(given.remote, data.extend)
        assert data == b"on the peer" * 20

    async def test_download_with_context_cancel(self, given):
        given.node.held["piece", given.remote] = asyncio.Event()
        task = asyncio.create_task(given.client.download(given.remote, len))
        await given.node.until_called("piece", given.remote)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_has_cid_success(self, given):
        assert not await given.client.has_cid(given.remote)
        await given.client.trigger_download(given.remote)
        assert await given.client.has_cid(given.remote)

    async def test_has_cid_request_error(self, given):
        given.node.faults["exists", given.remote] = given.error("Incorrect Cid")
        with pytest.raises(StorageError, match=f"look for {given.remote} in the own store: Incorrect Cid"):
            await given.client.has_cid(given.remote)

    async def test_has_cid_wants_all_of_it_not_just_the_manifest(self, given):
        await given.client.trigger_download(given.remote)
        given.node.held["piece", given.remote] = asyncio.Event()  # a block that does not come
        with pytest.raises(StorageTimeout):
            await given.client.has_cid(given.remote)

    async def test_remove_cid_success(self, given):
        cid = await given.client.upload_archive(b"archive")
        await given.client.remove_cid(cid)
        assert not await given.client.has_cid(cid)

    async def test_remove_cid_error(self, given):
        given.node.faults["delete", "zDvX"] = given.error("in use")
        with pytest.raises(StorageError, match="remove zDvX: in use"):
            await given.client.remove_cid("zDvX")

    async def test_trigger_download(self, given):
        manifest = await given.client.trigger_download(given.remote)
        assert (manifest.cid, manifest.dataset_size) == (given.remote, 220)

    async def test_trigger_download_request_error(self, given):
        given.node.faults["fetch", given.remote] = given.error("Error retries exhausted")
        with pytest.raises(StorageError, match="retries exhausted"):
            await given.client.trigger_download(given.remote)

    async def test_trigger_download_of_what_nobody_has(self, given):
        with pytest.raises(StorageTimeout, match="cannot fetch zDvNobody: no answer within 0.05 s"):
            await given.client.trigger_download("zDvNobody")

    async def test_trigger_download_cancellation(self, given):
        given.node.held["fetch", given.remote] = asyncio.Event()
        task = asyncio.create_task(given.client.trigger_download(given.remote))
        await given.node.until_called("fetch", given.remote)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_fetch_manifest(self, given):
        assert (await given.client.fetch_manifest(given.remote)).dataset_size == 220

    async def test_local_download_success(self, given):
        cid = await given.client.upload_archive(b"archive")
        assert await given.client.local_download(cid) == b"archive"

    async def test_local_download_request_error(self, given):
        with pytest.raises(StorageError, match="not found in local store"):
            await given.client.local_download(given.remote)

    async def test_local_download_cancellation(self, given):
        cid = await given.client.upload_archive(b"archive")
        given.node.held["piece", cid] = asyncio.Event()
        task = asyncio.create_task(given.client.local_download(cid))
        await given.node.until_called("piece", cid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_connect_error(self, given):
        with pytest.raises(StorageError, match="connect to 16Uiu2 at no address: Unable to find Peer!"):
            await given.client.connect("16Uiu2", [])

    async def test_a_fault_of_the_program_is_not_dressed_up(self, given):
        given.node.faults["exists", "zDvX"] = TypeError("a bug")
        with pytest.raises(TypeError):
            await given.client.has_cid("zDvX")
