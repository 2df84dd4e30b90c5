"""The original's CodexIndexDownloaderTestSuite: the manifest first, then a file that is whole or not there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from status_backend.archives.codex_client import CodexClient, StorageError, StorageTimeout
from status_backend.archives.index_downloader import CodexIndexDownloader

pytestmark = pytest.mark.anyio


class TestCodexIndexDownloaderTestSuite:
    @pytest.fixture
    async def given(self, world, tmp_path):
        owner, node = world.FakeCodex(), world.FakeCodex()
        node.link(owner)
        cid, index = await world.index_of(owner, (1000, 2000), (2000, 3000))
        client = CodexClient(node, (world.FakeCodexError,), world.FAST)
        path = tmp_path / "community" / "index"
        return SimpleNamespace(
            world=world,
            node=node,
            client=client,
            cid=cid,
            data=index.to_bytes(),
            path=path,
            downloader=CodexIndexDownloader(client, cid, path),
        )

    async def test_got_manifest_success(self, given):
        assert not given.downloader.got_manifest.is_set() and given.downloader.dataset_size == 0
        await given.downloader.fetch_manifest()
        assert given.downloader.got_manifest.is_set()

    async def test_got_manifest_error(self, given):
        given.node.faults["manifest", given.cid] = given.world.FakeCodexError("Error retries exhausted")
        with pytest.raises(StorageError, match="manifest zDv.*: Error retries exhausted"):
            await given.downloader.fetch_manifest()
        assert not given.downloader.got_manifest.is_set()

    async def test_got_manifest_cid_mismatch(self, given):
        async def other_manifest(cid):
            return SimpleNamespace(cid="zDvOther", dataset_size=5)

        given.node.manifest = other_manifest
        with pytest.raises(StorageError, match="CID mismatch"):
            await given.downloader.fetch_manifest()
        assert not given.downloader.got_manifest.is_set() and given.downloader.dataset_size == 0

    async def test_got_manifest_cancellation(self, given):
        given.node.held["manifest", given.cid] = asyncio.Event()
        task = asyncio.create_task(given.downloader.fetch_manifest())
        await given.node.until_called("manifest", given.cid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not given.downloader.got_manifest.is_set()

    async def test_got_manifest_deadline(self, given):
        downloader = CodexIndexDownloader(given.client, "zDvNobodyHasThis", given.path, timeout=0.02)
        with pytest.raises(StorageTimeout, match="no answer within 0.02 s"):
            await downloader.fetch_manifest()

    async def test_got_manifest_records_dataset_size(self, given):
        await given.downloader.fetch_manifest()
        assert given.downloader.dataset_size == len(given.data)

    async def test_download_index_file_stores_file_correctly(self, given):
        await given.downloader.download_index_file()
        assert given.path.read_bytes() == given.data
        assert [p.name for p in given.path.parent.iterdir()] == ["index"]
        assert given.downloader.is_complete

    async def test_download_index_file_tracks_progress(self, given):
        release = given.node.held["piece", given.cid] = asyncio.Event()
        task = asyncio.create_task(given.downloader.download_index_file())
        await given.node.until_called("piece", given.cid)
        assert given.downloader.bytes_completed == 0 and not given.downloader.is_complete
        release.set()
        await task
        assert given.downloader.bytes_completed == len(given.data)

    async def test_download_index_file_cancellation(self, given):
        given.node.held["piece", given.cid] = asyncio.Event()
        task = asyncio.create_task(given.downloader.download_index_file())
        await given.node.until_called("piece", given.cid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not list(given.path.parent.iterdir()) and not given.downloader.is_complete

    async def test_download_index_file_error_handling(self, given):
        given.node.faults["piece", given.cid] = given.world.FakeCodexError("connection lost")
        with pytest.raises(StorageError, match="connection lost"):
            await given.downloader.download_index_file()
        assert not list(given.path.parent.iterdir()) and not given.downloader.is_complete
