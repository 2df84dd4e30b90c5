"""Feeds downloaded archives to the messenger, slowly enough not to disturb who is using it."""

from __future__ import annotations

import asyncio
import logging

from .. import signal_types
from ..protocol.waku_archive_pb2 import WakuMessage, WakuMessageArchive
from ..signals import SignalHub
from .codec import ArchiveEntry
from .distribution import AwaitsKey, Distribution, DistributionError
from .host import ArchiveHost
from .store import ArchiveStore
from .timings import Timings

log = logging.getLogger(__name__)

CHUNK = 10  # messages handled at once


class ChunkRate:
    """Lets one chunk pass each 1/`per_second`. Changing the rate takes effect on who is waiting."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._last: float | None = None
        self._changed = asyncio.Event()

    def change(self, per_second: float) -> None:
        self._per_second = per_second
        self._changed.set()

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time
        while self._last is not None and (delay := self._last + 1 / self._per_second - now()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(delay):
                    await self._changed.wait()
            except TimeoutError:
                pass  # the turn has come
        self._last = now()


class ArchiveImporter:
    """At most one import a community at a time. `gate` is opened when importing may begin after a login.

    An import survives the download of a newer index: it takes the newer archives in as well. The original starts over
    instead, which at short intervals never comes to an end.
    """

    def __init__(
        self,
        host: ArchiveHost,
        store: ArchiveStore,
        distribution: Distribution,
        signals: SignalHub,
        gate: asyncio.Event,
        rate: ChunkRate,
        timings: Timings,
    ) -> None:
        self._host = host
        self._store = store
        self._distribution = distribution
        self._signals = signals
        self._gate = gate
        self._rate = rate
        self._timings = timings
        self._described = asyncio.Event()
        self._keys_changed = asyncio.Event()
        self._asked: set[str] = set()
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, community_id: str) -> None:
        """Import what is not imported yet; a running import is followed by another look."""
        self._asked.add(community_id)
        if community_id not in self._running:
            self._running[community_id] = asyncio.create_task(self._run(community_id))

    async def stop(self, community_id: str) -> None:
        if task := self._running.pop(community_id, None):
            task.cancel()
            await asyncio.wait([task])
        self._asked.discard(community_id)

    async def close(self) -> None:
        for community_id in list(self._running):
            await self.stop(community_id)

    def described(self) -> None:
        """A community's description arrived: there may be channels now that were unknown before."""
        self._described.set()
        self._described = asyncio.Event()

    def keys_changed(self) -> None:
        """A key arrived: it may be the one of an archive that waits."""
        self._keys_changed.set()
        self._keys_changed = asyncio.Event()

    async def _run(self, community_id: str) -> None:
        try:
            await self._gate.wait()
            while community_id in self._asked:
                self._asked.discard(community_id)
                try:
                    await self._import_all(community_id)
                except Exception:
                    log.exception("importing the archives of %s stopped; the rest is tried later", community_id)
                self._signal(signal_types.DOWNLOADING_HISTORY_ARCHIVES_FINISHED, community_id)
        finally:
            if self._running.get(community_id) is asyncio.current_task():
                del self._running[community_id]

    async def _import_all(self, community_id: str) -> None:
        tried: set[str] = set()
        while entry := next((e for e in self._store.to_import(community_id) if e.id not in tried), None):
            if not self._host.is_joined(community_id):
                return
            tried.add(entry.id)
            try:
                await self._import(community_id, entry)
            except DistributionError as error:
                log.error("archive %s of %s is not imported: %s", entry.id, community_id, error)

    async def _import(self, community_id: str, entry: ArchiveEntry) -> None:
        archive = await self._load(community_id, entry)
        self._signal(signal_types.IMPORTING_HISTORY_ARCHIVE_MESSAGES, community_id)
        messages = list(archive.messages)
        await self._channels_known(community_id, messages)
        for begin in range(0, len(messages), CHUNK):
            await self._rate.turn()
            await self._host.handle_archived(community_id, messages[begin : begin + CHUNK])
        self._store.imported(entry.id)

    async def _load(self, community_id: str, entry: ArchiveEntry) -> WakuMessageArchive:
        """Waits for its key, if that is not here. After that it is left for the next import."""
        try:
            async with asyncio.timeout(self._timings.key_timeout):
                while True:
                    changed = self._keys_changed
                    try:
                        return await self._distribution.load(community_id, entry)
                    except AwaitsKey as error:
                        log.warning("archive %s of %s: %s; waiting for it", entry.id, community_id, error)
                    await changed.wait()
        except TimeoutError as error:
            raise DistributionError(f"no key within {self._timings.key_timeout:g} s") from error

    async def _channels_known(self, community_id: str, messages: list[WakuMessage]) -> None:
        """An archive may tell of a channel whose description is still on its way: its messages would be dropped."""

        def unknown() -> int:
            topics = self._host.archive_topics(community_id)
            return sum(message.topic not in topics for message in messages)

        try:
            async with asyncio.timeout(self._timings.description_timeout):
                while unknown():
                    await self._described.wait()
        except TimeoutError:
            log.warning("%d archived messages of %s are of channels that it has not", unknown(), community_id)

    def _signal(self, kind: str, community_id: str) -> None:
        self._signals.emit(kind, {"communityId": community_id})
