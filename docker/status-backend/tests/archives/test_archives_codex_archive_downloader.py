"""The original's CodexArchiveDownloaderSuite: what is fetched, in which order, and how a download ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from status_backend.archives.archive_downloader import CodexArchiveDownloader
from status_backend.archives.codex_client import CodexClient

pytestmark = pytest.mark.anyio


class TestCodexArchiveDownloaderSuite:
    @pytest.fixture
    async def given(self, world):
        """Three archives that a peer has; `given.make()` is a downloader that notes what it does."""
        owner, node = world.FakeCodex(), world.FakeCodex()
        node.link(owner)
        _, index = await world.index_of(owner, (1000, 2000), (2000, 3000), (3000, 4000))
        given = type("Given", (), {})()
        given.node, given.index, given.started, given.done = node, index, [], []
        given.any_done = asyncio.Event()
        given.by_start = {entry.start: entry for entry in index.entries.values()}

        def make(index=index, existing=(), **timings):
            times = replace(world.FAST, **timings)
            client = CodexClient(node, (world.FakeCodexError,), times)
            return CodexArchiveDownloader(
                client,
                index,
                existing,
                timings=times,
                on_starting=given.started.append,
                on_downloaded=lambda entry: (given.done.append(entry), given.any_done.set()),
            )

        given.make = make
        given.world = world
        return given

    async def test_basic_single_archive(self, given):
        single = await given.world.index_of(given.node.peers[0], (1000, 2000))
        downloader = given.make(index=single[1])
        assert not downloader.is_complete
        downloader.start()
        await downloader.wait()
        assert [(e.id, e.start, e.end) for e in given.done] == [(*single[1].entries, 1000, 2000)]
        assert (downloader.total, downloader.downloaded, downloader.pending) == (1, 1, 0)
        assert downloader.is_complete and not downloader.is_cancelled
        assert given.node.stored.keys() == {given.done[0].location}

    async def test_multiple_archives(self, given):
        downloader = given.make()
        downloader.start()
        await downloader.wait()
        assert [entry.start for entry in given.started] == [3000, 2000, 1000]
        assert len(given.done) == downloader.downloaded == 3
        assert downloader.progress == dict.fromkeys(given.index.entries, True)

    async def test_empty_work_list_completes(self, given):
        downloader = given.make(existing=set(given.index.entries))
        downloader.start()
        await downloader.wait()
        assert downloader.is_complete and downloader.downloaded == 3 and not given.node.calls

    async def test_error_during_trigger_download(self, given):
        entry = given.by_start[1000]
        given.node.faults["fetch", entry.location] = given.world.FakeCodexError("no")
        downloader = given.make(existing=set(given.index.entries) - {entry.id})
        downloader.start()
        await downloader.wait()
        assert given.started == [entry] and not given.done
        assert ("exists", entry.location) not in given.node.calls
        assert downloader.is_complete and downloader.downloaded == 2 and entry.id in downloader.errors

    async def test_manifest_of_something_else_is_an_error(self, given):
        entry = given.by_start[1000]

        async def other_manifest(cid):
            return type("Manifest", (), {"cid": "zDvOther", "dataset_size": 1})

        given.node.fetch = other_manifest
        downloader = given.make(existing=set(given.index.entries) - {entry.id})
        downloader.start()
        await downloader.wait()
        assert "CID mismatch" in str(downloader.errors[entry.id]) and not given.done

    async def test_actual_cancellation_during_trigger_download(self, given):
        entry = given.by_start[3000]
        given.node.held["fetch", entry.location] = asyncio.Event()
        downloader = given.make(existing=set(given.index.entries) - {entry.id})
        downloader.start()
        await given.node.until_called("fetch", entry.location)
        await downloader.cancel()
        assert downloader.is_cancelled and downloader.is_complete and not given.done

    async def test_cancellation_during_polling(self, given):
        entry = given.by_start[3000]
        given.node.stalled.add(entry.location)
        downloader = given.make(existing=set(given.index.entries) - {entry.id})
        downloader.start()
        await given.node.until_called("exists", entry.location)
        assert downloader.pending == 1
        await downloader.cancel()
        assert downloader.pending == 0 and downloader.is_cancelled and downloader.downloaded == 2

    async def test_polling_timeout(self, given):
        given.node.stalled |= {entry.location for entry in given.index.entries.values()}
        downloader = given.make(polling_timeout=0.03)
        downloader.start()
        await downloader.wait()
        assert downloader.is_complete and downloader.downloaded == 0 and not downloader.is_cancelled
        assert downloader.errors.keys() == given.index.entries.keys()

    async def test_polling_goes_on_after_an_error(self, given):
        entry = given.by_start[1000]
        given.node.faults["exists", entry.location] = given.world.FakeCodexError("busy")
        downloader = given.make(existing=set(given.index.entries) - {entry.id})
        downloader.start()
        await given.node.until_called("exists", entry.location)
        del given.node.faults["exists", entry.location]
        await downloader.wait()
        assert given.done == [entry]

    async def test_with_existing_archives(self, given):
        missing = given.by_start[2000]
        downloader = given.make(existing=set(given.index.entries) - {missing.id})
        assert downloader.downloaded == 2
        downloader.start()
        await downloader.wait()
        assert given.done == [missing]
        assert (downloader.total, downloader.downloaded) == (3, 3)
        assert {cid for _, cid in given.node.calls} == {missing.location}

    async def test_partial_success_one_success_one_error(self, given):
        failing = given.by_start[2000]
        given.node.faults["fetch", failing.location] = given.world.FakeCodexError("no")
        downloader = given.make(existing={given.by_start[3000].id})
        downloader.start()
        await downloader.wait()
        assert given.done == [given.by_start[1000]] and not downloader.is_cancelled

    async def test_partial_success_success_error_cancellation(self, given):
        good, failing, held = (given.by_start[start] for start in (1000, 2000, 3000))
        given.node.faults["fetch", failing.location] = given.world.FakeCodexError("no")
        given.node.held["fetch", held.location] = asyncio.Event()
        downloader = given.make()
        downloader.start()
        async with asyncio.timeout(given.world.DEADLINE):
            await given.any_done.wait()
        await downloader.cancel()
        assert given.done == [good] and downloader.downloaded == 1 and downloader.is_cancelled

    async def test_no_success_only_cancellation(self, given):
        for entry in given.index.entries.values():
            given.node.held["fetch", entry.location] = asyncio.Event()
        downloader = given.make()
        downloader.start()
        await given.node.until_called("fetch", given.by_start[1000].location)
        await downloader.cancel()
        assert downloader.downloaded == 0 and downloader.is_cancelled and downloader.is_complete

    async def test_no_success_only_errors(self, given):
        for entry in given.index.entries.values():
            given.node.faults["fetch", entry.location] = given.world.FakeCodexError("no")
        downloader = given.make()
        downloader.start()
        await downloader.wait()
        assert downloader.is_complete and downloader.downloaded == 0 and not downloader.is_cancelled
