"""The part of a login that runs the archives: on while history archives are enabled, for owners and members alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import signal_types
from ..rpc import Service, ServiceError
from ..session import Session
from . import dialect as dialects
from .api import PREFERENCE, services_of
from .codex_client import CodexClient, StorageError
from .codex_distribution import CodexDistribution
from .codex_node import open_codex
from .dialect import Dialect, Kind
from .distribution import Distribution, DistributionError
from .host import ArchiveHost
from .importer import ArchiveImporter, ChunkRate
from .interval import PROCESS_INTERVAL, ArchiveInterval
from .member import ArchiveMember
from .owner import ArchiveOwner
from .store import ArchiveStore
from .timings import Timings
from .torrent_manager import open_torrents

log = logging.getLogger(__name__)

OpenDistribution = Callable[[Session, Kind, Timings], Awaitable[Distribution]]
CODEX, TORRENT = "codex", "torrent"


@dataclass(frozen=True)
class _Running:
    """What exists only while a kind of distribution is enabled."""

    store: ArchiveStore
    distribution: Distribution
    owner: ArchiveOwner
    member: ArchiveMember
    importer: ArchiveImporter


class Archives:
    """Made at login; the messenger tells it what happens to communities, and what their owners announce.

    Community ids are `0x` + 66 hex, clocks epoch milliseconds.
    """

    def __init__(
        self,
        session: Session,
        host: ArchiveHost,
        *,
        timings: Timings = Timings(),
        interval: ArchiveInterval = PROCESS_INTERVAL,
        dialect: Dialect | None = None,
        open_distribution: OpenDistribution = open_codex,
        open_torrents: OpenDistribution = open_torrents,
    ) -> None:
        self._session = session
        self._host = host
        self._timings = timings
        self._open: dict[str, OpenDistribution] = {CODEX: open_distribution, TORRENT: open_torrents}
        self._gate = asyncio.Event()
        self._rate = ChunkRate(timings.slow_chunks_per_second)
        self._gate_timer: asyncio.TimerHandle | None = None
        self._running: dict[str, _Running] = {}  # by the names of the kinds, in the dialect's order
        self._why_not_running = "history archives are not enabled"
        self._switch = asyncio.Lock()
        self.interval = interval
        self.dialect = dialect or dialects.chosen()
        self._stores = {kind.name: ArchiveStore(session.db, kind.name) for kind in self.dialect.kinds}
        self.services: list[Service] = services_of(self)

    # Life

    async def start(self) -> None:
        """After the messenger. ServiceError if the login's options make no sense.

        A storage node that cannot be started is logged, does not prevent the login and is tried again at enabling.
        """
        if (interval := _seconds(self._session.options, "messageArchiveInterval")) is not None:
            self.change_interval(interval)
        delay = _seconds(self._session.options, "importInitialDelay")
        if delay is None:
            delay = self._timings.import_initial_delay
        self._gate_timer = asyncio.get_running_loop().call_later(delay, self._gate.set)
        async with self._switch:
            for kind in self.dialect.kinds:
                if not self._session.node_config[kind.section]["Enabled"] or (self._running and self.dialect.exclusive):
                    continue
                try:
                    await self._launch(kind)
                except ServiceError as error:
                    self._why_not_running = str(error)
                    log.error("%s", error)
            await self._resume()

    async def stop(self) -> None:
        if self._gate_timer:
            self._gate_timer.cancel()
        async with self._switch:
            await self._shut_down(list(self._running))

    async def enable(self, overrides: Mapping[str, str] | None = None, kind_name: str = CODEX) -> None:
        """Start this kind of distribution, now and at each login to come. ServiceError, and no change, if that fails.

        `overrides` are fields of the storage node's configuration by dotted path; they do nothing if it runs already.
        """
        kind = next(kind for kind in self.dialect.kinds if kind.name == kind_name)
        section = kind.section
        async with self._switch:
            if kind.name in self._running:
                return
            other = next((other for other in self.dialect.kinds if other.name in self._running), None)
            if other and self.dialect.exclusive:
                raise ServiceError(
                    f"cannot enable {kind.title} archive distribution"
                    f" when {other.title} archive distribution is already enabled"
                )
            before = self._session.node_config[section]
            try:
                self._session.node_config.apply_overrides(overrides or {}, section)
                await self._launch(kind)
                await self._resume()
            except BaseException:
                self._session.node_config.set(section, before)
                raise
            self._session.node_config.set(f"{section}.Enabled", True)
            self._session.signals.emit(signal_types.HISTORY_ARCHIVES_PROTOCOL_ENABLED)

    async def disable(self, *kind_names: str) -> None:
        """These kinds of distribution, without any named: all."""
        async with self._switch:
            kinds = [kind for kind in self.dialect.kinds if kind.name in (kind_names or self._stores)]
            enabled = [kind for kind in kinds if self._session.node_config[kind.section]["Enabled"]]
            if not enabled:
                return
            await self._shut_down(kind.name for kind in enabled)
            self._why_not_running = "history archives are not enabled"
            for kind in enabled:
                self._session.node_config.set(f"{kind.section}.Enabled", False)
            await self._resume()
            self._session.signals.emit(signal_types.HISTORY_ARCHIVES_PROTOCOL_DISABLED)

    async def _launch(self, kind: Kind) -> None:
        distribution = await self._open[kind.name](self._session, kind, self._timings)
        distribution.cipher = self._host
        try:
            await distribution.start()
        except DistributionError as error:
            raise ServiceError(str(error)) from error
        signals, host, store = self._session.signals, self._host, self._stores[kind.name]
        importer = ArchiveImporter(host, store, distribution, signals, self._gate, self._rate, self._timings)
        running = _Running(
            store,
            distribution,
            ArchiveOwner(host, store, distribution, signals, self.interval, kind),
            ArchiveMember(host, store, distribution, importer, signals, kind, self._timings),
            importer,
        )
        started = {**self._running, kind.name: running}
        self._running = {name: started[name] for name in self._stores if name in started}
        for community_id, link in store.held().items():
            if host.is_joined(community_id) and host.archive_support_enabled(community_id):
                await self._offer(distribution, community_id, link)

    async def _resume(self) -> None:
        """Go on with what was going on when the archives last ran."""
        communities = set(self._host.controlled_communities()) if self._running else set()
        for running in self._running.values():
            communities |= {*running.store.pending(), *running.store.unimported()}
        for community_id in communities:
            await self._take_up(community_id)

    async def _shut_down(self, kind_names: Iterable[str]) -> None:
        for name in kind_names:
            if running := self._running.pop(name, None):
                await running.owner.close()
                await running.member.close()
                await running.importer.close()
                await running.distribution.stop()

    @staticmethod
    async def _offer(distribution: Distribution, community_id: str, link: str) -> None:
        try:
            await distribution.offer(community_id, link)
        except DistributionError as error:
            log.error("the archives of %s are not offered: %s", community_id, error)

    # What the messenger tells

    async def keys_arrived(self, community_id: str) -> None:
        for running in self._running.values():
            running.member.keys_changed()
            running.importer.keys_changed()

    async def community_created(self, community_id: str) -> None:
        await self._take_up(community_id)

    async def community_joined(self, community_id: str) -> None:
        await self._take_up(community_id)

    async def community_left(self, community_id: str) -> None:
        await self._let_go(community_id)

    async def settings_changed(self, community_id: str) -> None:
        if self._host.archive_support_enabled(community_id):
            await self._take_up(community_id)
        else:
            await self._let_go(community_id)

    async def on_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        """An index was announced, or came with the answer to a request to join.

        It is remembered also while it cannot be used, because archives are not enabled or the community not joined yet.
        """
        await self._announced(CODEX, community_id, cid, clock_ms)

    async def on_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        """The same for a torrent."""
        await self._announced(TORRENT, community_id, magnet_link, clock_ms)

    def on_description_clock(self, community_id: str, index_cid_clock_ms: int, magnet_link_clock_ms: int = 0) -> None:
        """A description was taken in; it says when an index was announced last, 0 for never."""
        for name, clock_ms in ((CODEX, index_cid_clock_ms), (TORRENT, magnet_link_clock_ms)):
            if clock_ms and name in self._stores:
                self._stores[name].raise_clock(community_id, clock_ms)
        for running in self._running.values():
            running.importer.described()

    def last_index_cid(self, community_id: str) -> str | None:
        """What a new member is told, if there is something and it is being offered."""
        return self._last_link(CODEX, community_id)

    def last_magnet_link(self, community_id: str) -> str | None:
        return self._last_link(TORRENT, community_id)

    def index_cid_clock(self, community_id: str) -> int:
        return self._link_clock(CODEX, community_id)

    def magnet_link_clock(self, community_id: str) -> int:
        return self._link_clock(TORRENT, community_id)

    async def _announced(self, kind_name: str, community_id: str, link: str, clock_ms: int) -> None:
        if not link or self._host.is_control_node(community_id) or kind_name not in self._stores:
            return
        store = self._stores[kind_name]
        info = store.info(community_id)
        if clock_ms < info.link_clock:
            log.info("index %s of %s is older than one announced before: ignored", link, community_id)
        elif self._same(kind_name, link, info.last_link):
            store.raise_clock(community_id, clock_ms)
        else:
            store.announced(community_id, link, clock_ms)
            await self._take_up(community_id)

    def _same(self, kind_name: str, link: str, other: str) -> bool:
        running = self._running.get(kind_name)
        return running.distribution.same(link, other) if running and other else link == other

    def _last_link(self, kind_name: str, community_id: str) -> str | None:
        running = self._running.get(kind_name)
        link = running.store.info(community_id).last_link if running else ""
        return running.distribution.current(link) if running and link else None

    def _link_clock(self, kind_name: str, community_id: str) -> int:
        return self._stores[kind_name].info(community_id).link_clock if kind_name in self._stores else 0

    def _in_charge(self, community_id: str) -> _Running | None:
        """The kind of distribution by which the archives of this community travel, of those that are enabled.

        It is the one that the user prefers. A user who never said so makes archives the dialect's first way, and gets
        them the way in which they were announced last.
        """
        if preference := self._session.settings.get(PREFERENCE) if self.dialect.preference else None:
            return self._running.get(preference)
        if self._host.is_control_node(community_id):
            return next(iter(self._running.values()), None)
        clock = lambda running: running.store.info(community_id).link_clock  # noqa: E731
        return max(self._running.values(), key=clock, default=None)

    async def _take_up(self, community_id: str) -> None:
        """Do for this community what is due, as far as it is not being done."""
        if not self._running or not self._host.archive_support_enabled(community_id):
            return
        in_charge = self._in_charge(community_id)
        for running in list(self._running.values()):
            if running is not in_charge:
                await running.owner.stop(community_id)
                await running.member.stop(community_id)
        if self._host.is_control_node(community_id):
            if in_charge:
                in_charge.owner.start(community_id)
        elif self._host.is_joined(community_id):
            if in_charge:
                await in_charge.member.start(community_id)
            for running in list(self._running.values()):
                if running.store.to_import(community_id):
                    running.importer.start(community_id)

    async def _let_go(self, community_id: str) -> None:
        for running in list(self._running.values()):
            await running.owner.stop(community_id)
            await running.member.stop(community_id)
            await running.importer.stop(community_id)
            await running.distribution.withdraw(community_id)

    # What a user asks

    @property
    def storage(self) -> CodexClient:
        """ServiceError while there is no storage node."""
        running = self._running.get(CODEX)
        if not running:
            raise ServiceError(f"the storage node is not running: {self._why_not_running}")
        assert isinstance(running.distribution, CodexDistribution)
        return running.distribution.client

    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        try:
            await self.storage.connect(peer_id, addrs)
        except StorageError as error:
            raise ServiceError(str(error)) from error
        if CODEX in self._running:
            self._running[CODEX].member.peers_changed()

    async def debug(self) -> dict[str, Any]:
        try:
            return await self.storage.debug()
        except StorageError as error:
            raise ServiceError(str(error)) from error

    async def has_archive(self, community_id: str) -> bool:
        if self.dialect.has_archive_at_index:
            return any(store.info(community_id).index_link for store in self._stores.values())
        for running in self._running.values():
            link = running.store.info(community_id).last_link
            if link and await running.distribution.holds(community_id, link):
                return True
        return False

    def downloaded_ids(self, community_id: str) -> list[str]:
        return [id_ for store in self._stores.values() for id_ in store.downloaded_ids(community_id)]

    def ids_to_import(self, community_id: str) -> list[str]:
        return [entry.id for store in self._stores.values() for entry in store.to_import(community_id)]

    def change_interval(self, seconds: float) -> None:
        """ServiceError unless it is positive. Running loops start over with the new one."""
        try:
            self.interval.change(seconds)
        except ValueError as error:
            raise ServiceError(str(error)) from None

    @property
    def preference(self) -> str:
        """The kind of distribution that the owner uses and the member heeds."""
        return self._session.settings.get(PREFERENCE, self.dialect.kinds[0].name)

    async def prefer(self, kind_name: str) -> None:
        """From now on, also after a login. What is wholly here stays on offer whatever its kind."""
        async with self._switch:
            self._session.settings.set(PREFERENCE, kind_name)
            await self._resume()

    def import_fast(self, fast: bool) -> None:
        self._rate.change(self._timings.fast_chunks_per_second if fast else self._timings.slow_chunks_per_second)


def _seconds(options: Mapping[str, Any], name: str) -> float | None:
    """A number of seconds from the login's request, None where it is not given."""
    value = options.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ServiceError(f"{name}: {value!r} is no number of seconds")
    return float(value)
