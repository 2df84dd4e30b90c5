"""Fetches the archives of an index that are missing into the Codex node's own store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from .codec import MAX_STORED_SIZE, ArchiveEntry, ArchiveIndex
from .codex_client import CodexClient, StorageError, StorageRefused, StorageTimeout
from .timings import Timings

log = logging.getLogger(__name__)

MAX_AT_ONCE = 32


def _ignore(entry: ArchiveEntry) -> None:
    pass


class CodexArchiveDownloader:
    """Several at once, begun newest first. An archive counts as downloaded when all of it is stored here.

    `on_starting` and `on_downloaded` get each archive's entry; what they raise ends the whole download.
    """

    def __init__(
        self,
        client: CodexClient,
        index: ArchiveIndex,
        existing_ids: Collection[str] = (),
        *,
        timings: Timings = Timings(),
        on_starting: Callable[[ArchiveEntry], None] = _ignore,
        on_downloaded: Callable[[ArchiveEntry], None] = _ignore,
    ) -> None:
        self._client = client
        self._timings = timings
        self._on_starting = on_starting
        self._on_downloaded = on_downloaded
        self._missing = [entry for entry in index.newest_first() if entry.id not in existing_ids]
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._task: asyncio.Task[None] | None = None
        self.total = len(index.entries)
        self.downloaded = self.total - len(self._missing)
        self.pending = 0
        self.progress: dict[str, bool] = {}  # by archive id: whether it is here
        self.errors: dict[str, StorageError] = {}  # by archive id
        self.is_cancelled = False

    @property
    def is_complete(self) -> bool:
        """Begun, and nothing pending any more: downloaded, failed, timed out or cancelled."""
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Returns at once."""
        self.pending = len(self._missing)
        self._task = asyncio.create_task(self._download_all())

    async def wait(self) -> None:
        """Until complete. Cancelling the waiter does not cancel the download: that is `cancel`."""
        if self._task is None:
            raise RuntimeError("the download was not started")
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def cancel(self) -> None:
        """Give up what is pending, and return when nothing runs any more."""
        if self._task is None or self._task.done():
            return
        self.is_cancelled = True
        self._task.cancel()
        await asyncio.wait([self._task])
        self.pending = 0

    async def _download_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for entry in self._missing:
                group.create_task(self._download(entry))

    async def _download(self, entry: ArchiveEntry) -> None:
        async with self._slots:
            self.progress[entry.id] = False
            self._on_starting(entry)
            try:
                await self._fetch(entry.location)
            except StorageError as error:
                log.warning("archive %s: %s", entry.id, error)
                self.errors[entry.id] = error
            else:
                self.progress[entry.id] = True
                self.downloaded += 1
                self._on_downloaded(entry)
            self.pending -= 1

    async def _fetch(self, cid: str) -> None:
        """The manifest first: what is too large is not begun."""
        manifest = await self._client.fetch_manifest(cid, self._timings.trigger_timeout)
        if manifest.cid == cid and manifest.dataset_size > MAX_STORED_SIZE:
            raise StorageRefused(f"{cid} has {manifest.dataset_size} bytes, at most {MAX_STORED_SIZE} may be")
        manifest = await self._client.trigger_download(cid, self._timings.trigger_timeout)
        if manifest.cid != cid:
            raise StorageError(f"CID mismatch: asked for {cid}, got the manifest of {manifest.cid}")
        try:
            async with asyncio.timeout(self._timings.polling_timeout):
                while not await self._has(cid):
                    await asyncio.sleep(self._timings.polling_interval)
        except TimeoutError:
            raise StorageTimeout(f"{cid} is not here {self._timings.polling_timeout:g} s after its manifest") from None

    async def _has(self, cid: str) -> bool:
        try:
            return await self._client.has_cid(cid)
        except StorageError as error:
            log.warning("%s; asking again", error)
            return False
