"""The part of a login that runs the archives: on while history archives are enabled, for owners and members alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
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
from .dialect import Dialect
from .host import ArchiveHost
from .importer import ArchiveImporter, ChunkRate
from .interval import PROCESS_INTERVAL, ArchiveInterval
from .member import ArchiveMember
from .owner import ArchiveOwner
from .store import ArchiveStore
from .timings import Timings

log = logging.getLogger(__name__)

OpenDistribution = Callable[[Session, Dialect, Timings], Awaitable[CodexDistribution]]


@dataclass(frozen=True)
class _Running:
    """What exists only while the archives are enabled."""

    distribution: CodexDistribution
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
    ) -> None:
        self._session = session
        self._host = host
        self._timings = timings
        self._open_distribution = open_distribution
        self._store = ArchiveStore(session.db)
        self._gate = asyncio.Event()
        self._rate = ChunkRate(timings.slow_chunks_per_second)
        self._gate_timer: asyncio.TimerHandle | None = None
        self._running: _Running | None = None
        self._why_not_running = "history archives are not enabled"
        self._switch = asyncio.Lock()
        self.interval = interval
        self.dialect = dialect or dialects.chosen()
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
        if self._session.node_config[self.dialect.section]["Enabled"]:
            async with self._switch:
                try:
                    await self._launch()
                except ServiceError as error:
                    self._why_not_running = str(error)
                    log.error("%s", error)

    async def stop(self) -> None:
        if self._gate_timer:
            self._gate_timer.cancel()
        async with self._switch:
            await self._shut_down()

    async def enable(self, overrides: Mapping[str, str]) -> None:
        """Start the storage node, now and at each login to come. ServiceError, and nothing changed, if that fails.

        `overrides` are fields of the storage node's configuration by dotted path; they do nothing if it runs already.
        """
        section = self.dialect.section
        async with self._switch:
            if self._running:
                return
            before = self._session.node_config[section]
            try:
                self._session.node_config.apply_overrides(overrides, section)
                await self._launch()
            except BaseException:
                self._session.node_config.set(section, before)
                raise
            self._session.node_config.set(f"{section}.Enabled", True)
            self._session.signals.emit(signal_types.HISTORY_ARCHIVES_PROTOCOL_ENABLED)

    async def disable(self) -> None:
        section = self.dialect.section
        async with self._switch:
            if not self._session.node_config[section]["Enabled"]:
                return
            await self._shut_down()
            self._why_not_running = "history archives are not enabled"
            self._session.node_config.set(f"{section}.Enabled", False)
            self._session.signals.emit(signal_types.HISTORY_ARCHIVES_PROTOCOL_DISABLED)

    async def _launch(self) -> None:
        distribution = await self._open_distribution(self._session, self.dialect, self._timings)
        try:
            await distribution.start()
        except StorageError as error:
            raise ServiceError(str(error)) from error
        signals, host, store = self._session.signals, self._host, self._store
        importer = ArchiveImporter(host, store, distribution, signals, self._gate, self._rate, self._timings)
        self._running = _Running(
            distribution,
            ArchiveOwner(host, store, distribution, signals, self.interval, self.dialect),
            ArchiveMember(host, store, distribution, importer, signals, self.dialect, self._timings),
            importer,
        )
        await self._resume()

    async def _resume(self) -> None:
        """Go on with what was going on when the archives last ran."""
        for community_id in {*self._host.controlled_communities(), *self._store.pending(), *self._store.unimported()}:
            await self._take_up(community_id)

    async def _shut_down(self) -> None:
        running, self._running = self._running, None
        if running:
            await running.owner.close()
            await running.member.close()
            await running.importer.close()
            try:
                await running.distribution.stop()
            except StorageError as error:
                log.error("%s", error)

    # What the messenger tells

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
        info = self._store.info(community_id)
        if not cid or self._host.is_control_node(community_id):
            return
        if clock_ms < info.index_cid_clock:
            log.info("index %s of %s is older than one announced before: ignored", cid, community_id)
        elif cid == info.last_cid:
            self._store.raise_clock(community_id, clock_ms)
        else:
            self._store.announced(community_id, cid, clock_ms)
            await self._take_up(community_id)

    def on_description_clock(self, community_id: str, clock_ms: int) -> None:
        """A description was taken in; it says when an index was announced last."""
        self._store.raise_clock(community_id, clock_ms)
        if self._running:
            self._running.importer.described()

    def last_index_cid(self, community_id: str) -> str | None:
        """What a new member is told, if there is something and it is being offered."""
        return self._store.info(community_id).last_cid or None if self._running else None

    def index_cid_clock(self, community_id: str) -> int:
        return self._store.info(community_id).index_cid_clock

    async def _take_up(self, community_id: str) -> None:
        """Do for this community what is due, as far as it is not being done."""
        if not self._running or not self._host.archive_support_enabled(community_id):
            return
        if self._host.is_control_node(community_id):
            self._running.owner.start(community_id)
        elif self._host.is_joined(community_id):
            await self._running.member.start(community_id)
            if self._store.to_import(community_id):
                self._running.importer.start(community_id)

    async def _let_go(self, community_id: str) -> None:
        if self._running:
            await self._running.owner.stop(community_id)
            await self._running.member.stop(community_id)
            await self._running.importer.stop(community_id)

    # What a user asks

    @property
    def storage(self) -> CodexClient:
        """ServiceError while there is no storage node."""
        if not self._running:
            raise ServiceError(f"the storage node is not running: {self._why_not_running}")
        return self._running.distribution.client

    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        try:
            await self.storage.connect(peer_id, addrs)
        except StorageError as error:
            raise ServiceError(str(error)) from error
        if self._running:
            self._running.member.peers_changed()

    async def debug(self) -> dict[str, Any]:
        try:
            return await self.storage.debug()
        except StorageError as error:
            raise ServiceError(str(error)) from error

    async def has_archive(self, community_id: str) -> bool:
        info = self._store.info(community_id)
        if self.dialect.has_archive_at_index:
            return bool(info.index_cid)
        return bool(info.last_cid and self._running and await self._running.distribution.holds(info.last_cid))

    def downloaded_ids(self, community_id: str) -> list[str]:
        return self._store.downloaded_ids(community_id)

    def ids_to_import(self, community_id: str) -> list[str]:
        return [entry.id for entry in self._store.to_import(community_id)]

    def change_interval(self, seconds: float) -> None:
        """ServiceError unless it is positive. Running loops start over with the new one."""
        try:
            self.interval.change(seconds)
        except ValueError as error:
            raise ServiceError(str(error)) from None

    @property
    def preference(self) -> str:
        """The kind of distribution that the owner uses and the member heeds; Codex is the only one yet."""
        return self._session.settings.get(PREFERENCE, dialects.CODEX.name)

    @preference.setter
    def preference(self, kind: str) -> None:
        self._session.settings.set(PREFERENCE, kind)

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
