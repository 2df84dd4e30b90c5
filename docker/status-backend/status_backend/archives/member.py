"""The member's side: gets the archives of every announced index, however long it takes until somebody has them."""

from __future__ import annotations

import asyncio
import logging

from .. import signal_types
from ..signals import SignalHub
from .codec import ArchiveEntry, InvalidArchive
from .dialect import Kind
from .distribution import AwaitsKey, Distribution, DistributionError
from .host import ArchiveHost
from .importer import ArchiveImporter
from .store import ArchiveStore
from .timings import Timings

log = logging.getLogger(__name__)

_PATIENCE = 2  # attempts, after which what is here is imported without the rest


class ArchiveMember:
    """At most one download a community: of the index announced last. What is pending survives a restart."""

    def __init__(
        self,
        host: ArchiveHost,
        store: ArchiveStore,
        distribution: Distribution,
        importer: ArchiveImporter,
        signals: SignalHub,
        kind: Kind,
        timings: Timings,
    ) -> None:
        self._host = host
        self._store = store
        self._distribution = distribution
        self._importer = importer
        self._signals = signals
        self._kind = kind
        self._timings = timings
        self._tasks: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._peers_changed = asyncio.Event()
        self._switch = asyncio.Lock()

    async def start(self, community_id: str) -> None:
        """Begin what is pending; a download of an older index is cancelled first, and waited for."""
        async with self._switch:
            link = self._store.info(community_id).pending_link
            running, task = self._tasks.get(community_id, ("", None))
            if not link or not self._wanted(community_id) or (running == link and task and not task.done()):
                return
            await self._cancel(community_id)
            self._tasks[community_id] = (link, asyncio.create_task(self._run(community_id, link)))

    async def stop(self, community_id: str) -> None:
        async with self._switch:
            await self._cancel(community_id)

    async def close(self) -> None:
        for community_id in list(self._tasks):
            await self.stop(community_id)

    def peers_changed(self) -> None:
        """Somebody new is connected: whoever waits before another attempt makes it now."""
        self._peers_changed.set()
        self._peers_changed = asyncio.Event()

    keys_changed = peers_changed  # a key arrived: the same

    def _wanted(self, community_id: str) -> bool:
        return (
            self._host.is_joined(community_id)
            and not self._host.is_control_node(community_id)
            and self._host.archive_support_enabled(community_id)
        )

    async def _cancel(self, community_id: str) -> None:
        _, task = self._tasks.pop(community_id, ("", None))
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, community_id: str, link: str) -> None:
        progress = _Progress(community_id, link, self._store, self._signals, self._kind)
        try:
            await self._download(community_id, link, progress)
        except InvalidArchive as error:
            log.error("%s announced %s, which is of no use: %s", community_id, link, error)
            self._store.drop_pending(community_id, link)
            return
        except Exception:
            log.exception("downloading the archives of %s (index %s) failed", community_id, link)
            return
        self._store.all_downloaded(community_id, link)
        event = {"communityId": community_id, **self._kind.seeding_flags}
        self._signals.emit(signal_types.HISTORY_ARCHIVES_SEEDING, event)
        if self._host.is_joined(community_id):
            self._importer.start(community_id)

    async def _download(self, community_id: str, link: str, progress: _Progress) -> None:
        delay, failures = self._timings.first_retry_after, 0
        while True:
            try:
                existing = self._store.downloaded_ids(community_id)
                return await self._distribution.download(community_id, link, existing, progress)
            except AwaitsKey as error:
                log.warning("archives of %s: %s; waiting for it", community_id, error)
                await self._changed_within(self._timings.key_timeout)
                continue
            except DistributionError as error:
                log.warning("archives of %s: %s; trying again in %g s", community_id, error, delay)
                failures += 1
                if failures == _PATIENCE and self._store.to_import(community_id):
                    self._importer.start(community_id)  # one archive that nobody has is not to hold up the others
            await self._changed_within(delay)
            delay = min(delay * 2, self._timings.last_retry_after)

    async def _changed_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._peers_changed.wait()
        except TimeoutError:
            pass  # time to try again


class _Progress:
    """Records a download in the store, then signals it. Several attempts make one story: each step is told once."""

    def __init__(self, community_id: str, link: str, store: ArchiveStore, signals: SignalHub, kind: Kind) -> None:
        self._community_id = community_id
        self._link = link
        self._store = store
        self._signals = signals
        self._kind = kind
        self._told: set[str] = set()

    def manifest_fetched(self) -> None:
        if self._kind.manifest_signal:
            self._once(signal_types.MANIFEST_FETCHED, indexCid=self._link)

    def index_downloaded(self) -> None:
        self._store.index_downloaded(self._community_id, self._link)
        if self._kind.index_signal:
            self._once(signal_types.INDEX_DOWNLOAD_COMPLETED, indexCid=self._link)

    def archives_started(self) -> None:
        self._once(signal_types.DOWNLOADING_HISTORY_ARCHIVES_STARTED)

    def archive_downloaded(self, entry: ArchiveEntry) -> None:
        self._store.archive_downloaded(self._community_id, entry)
        span = {"communityId": self._community_id, "from": entry.start, "to": entry.end}
        self._signals.emit(signal_types.HISTORY_ARCHIVE_DOWNLOADED, span)

    def _once(self, kind: str, **fields: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._signals.emit(kind, {"communityId": self._community_id, **fields})
