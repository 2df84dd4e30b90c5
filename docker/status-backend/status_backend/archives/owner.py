"""The control node's side: makes archives of what was said, at every interval, and tells the members where they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from .. import signal_types
from ..signals import SignalHub
from .codec import MAX_ARCHIVE_SIZE, make_archives, message_size
from .dialect import Kind
from .distribution import Distribution, DistributionError, IndexLost
from .host import ArchiveHost
from .interval import ArchiveInterval
from .store import ArchiveStore

log = logging.getLogger(__name__)


class ArchiveOwner:
    """One loop for each controlled community, as long as history archives are enabled."""

    def __init__(
        self,
        host: ArchiveHost,
        store: ArchiveStore,
        distribution: Distribution,
        signals: SignalHub,
        interval: ArchiveInterval,
        kind: Kind,
        *,
        max_archive_size: int = MAX_ARCHIVE_SIZE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._store = store
        self._distribution = distribution
        self._signals = signals
        self._interval = interval
        self._kind = kind
        self._publish = host.publish_magnet_link if kind.name == "torrent" else host.publish_index_cid
        self._max_archive_size = max_archive_size
        self._clock = clock
        self._loops: dict[str, asyncio.Task[None]] = {}

    def start(self, community_id: str) -> None:
        """Begin the loop of this community, if it has none yet.

        A community without archives waits a whole interval, one whose last archive is younger the remainder of it.
        """
        if community_id in self._loops:
            return
        last_end = self._store.info(community_id).last_message_archive_end_date
        age = self._clock() - last_end if last_end else 0.0
        loop = self._run(community_id, self._interval.seconds - age, self._interval.changes)
        self._loops[community_id] = asyncio.create_task(loop)

    async def stop(self, community_id: str) -> None:
        if task := self._loops.pop(community_id, None):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for community_id in list(self._loops):
            await self.stop(community_id)

    async def _run(self, community_id: str, delay: float, changes: int) -> None:
        now = asyncio.get_running_loop().time
        due = now() + delay
        if self._store.info(community_id).last_link:
            await self._attempt(community_id, self._announce)
        while True:
            if await self._interval.elapsed(max(due - now(), 0.0), changes):
                await self._attempt(community_id, self.tick)
                due = max(due + self._interval.seconds, now())
            else:
                changes = self._interval.changes
                due = now() + self._interval.seconds

    async def _attempt(self, community_id: str, action: Callable[[str], Awaitable[None]]) -> None:
        """The loop outlives whatever goes wrong: what is not archived or not announced now will be at a later tick."""
        try:
            await action(community_id)
        except Exception:
            log.exception("archives of %s: %s failed; trying again at the next tick", community_id, action.__name__)

    async def tick(self, community_id: str) -> None:
        """Make the archives that are due, then announce the index, a new one or again the last one.

        The original announces an index once. Doing it again, and the description with it, lets a member find it who
        was away until the store node had forgotten the announcement.
        """
        try:
            await self._create_archives(community_id)
        except DistributionError as error:
            log.warning("no archives of %s this time: %s", community_id, error)
        if self._store.info(community_id).last_link:
            await self._announce(community_id)
        else:
            await self._host.republish(community_id)

    async def _announce(self, community_id: str) -> None:
        link = self._store.info(community_id).last_link
        await self._distribution.offer(community_id, link)
        clock_ms = int(self._clock() * 1000)
        await self._publish(community_id, self._distribution.current(link), clock_ms)
        self._store.raise_clock(community_id, clock_ms)

    async def _create_archives(self, community_id: str) -> None:
        topics = self._host.archive_topics(community_id)
        end = int(self._clock())
        messages = self._store.unarchived(community_id, topics, before=end)
        info = self._store.info(community_id)
        # A message that came after the archive of its time moves the start back; the others of that time are archived.
        times = [message.timestamp for message in messages[:1]] + [info.last_message_archive_end_date]
        start = min((time for time in times if time), default=end)
        if start >= end:
            return  # never a message so far, so not even a signal
        window = max(round(self._interval.seconds), 1)
        archives = list(make_archives(messages, topics, start, end, window, self._max_archive_size))
        if archives:
            await self._distribution.withdraw(community_id)
        self._signal(signal_types.CREATING_HISTORY_ARCHIVES, community_id)
        for message in messages:
            if message_size(message) > self._max_archive_size:
                log.warning("message %s is too large for an archive: left out", message.hash.hex())
        link = ""
        if archives:
            try:
                link = await self._distribution.publish(community_id, info.last_link, archives)
            except IndexLost as error:
                log.error("%s. Everything is archived again at the next tick", error)
                self._store.forget_archived(community_id)
                raise
        self._store.archived(community_id, messages, end, link)
        if not archives:
            self._signal(signal_types.NO_HISTORY_ARCHIVES_CREATED, community_id, **{"from": start, "to": end})
            return
        self._signal(signal_types.HISTORY_ARCHIVES_CREATED, community_id, **{"from": start, "to": end})
        self._signal(signal_types.HISTORY_ARCHIVES_SEEDING, community_id, **self._kind.seeding_flags)

    def _signal(self, kind: str, community_id: str, **fields: int | bool) -> None:
        self._signals.emit(kind, {"communityId": community_id, **fields})
