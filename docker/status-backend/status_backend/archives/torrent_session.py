"""A libtorrent session on the event loop. It binds to one host and speaks to nobody but the peers it is told.

libtorrent works in threads of its own and reports by alerts; each batch of them wakes whoever waits here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from importlib import import_module
from ipaddress import ip_address
from typing import Any

from .distribution import DistributionError
from .listen import bind_address

log = logging.getLogger(__name__)


class TorrentSession:
    """`host` is an address or a name, an empty one all interfaces. Where `port` is 0 or taken the kernel chooses."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._session: Any = None
        self._pipe: tuple[int, int] = (-1, -1)
        self._news = asyncio.Event()
        self._removed: dict[str, asyncio.Event] = {}
        self._flushed: dict[str, int] = {}
        self.endpoints: tuple[tuple[str, int], ...] = ()

    async def start(self) -> None:
        """DistributionError if the host has no such address."""
        lt = await asyncio.to_thread(import_module, "libtorrent")
        try:
            address = await asyncio.to_thread(bind_address, self._host)
        except OSError as error:
            raise DistributionError(f"torrents cannot listen on {self._host}: {error}") from error
        category = lt.alert.category_t
        self._session = await asyncio.to_thread(
            lt.session,
            {
                "listen_interfaces": f"[{address}]:{self._port}" if address.version == 6 else f"{address}:{self._port}",
                "max_retry_port_bind": 0,
                "listen_system_port_fallback": True,
                "alert_mask": category.error_notification
                | category.status_notification
                | category.storage_notification
                | category.piece_progress_notification,
                # Nobody else is asked, or told.
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "enable_outgoing_utp": False,
                "enable_incoming_utp": False,
                "allow_multiple_connections_per_ip": True,  # several backends on one machine
                # Between index and archives a member wants nothing for a moment: no reason to hang up.
                "close_redundant_connections": False,
                "tick_interval": 100,  # ms
                # An owner that was away is back within seconds.
                "min_reconnect_time": 1,
                "max_failcount": 1000,
                "peer_connect_timeout": 5,
            },
        )
        self._session.listen_port()  # answered once it listens, or cannot
        self._listen_to_alerts()
        heard = self._handle_alerts()
        found = [
            (str(alert.address), alert.port)
            for alert in heard
            if isinstance(alert, lt.listen_succeeded_alert) and alert.socket_type == lt.socket_type_t.tcp
        ]
        outside = [endpoint for endpoint in found if not ip_address(endpoint[0]).is_loopback]
        self.endpoints = tuple(outside or found)
        if not found:
            await self.stop()
            raise DistributionError(f"torrents cannot listen on {address} port {self._port}")
        where = ", ".join(f"{host}:{port}" for host, port in self.endpoints)
        log.info("torrents are served at %s", where)
        if self._port and self._port not in [port for _, port in found]:
            log.warning("port %d is taken: torrents are served on another", self._port)

    async def stop(self) -> None:
        if self._session is None:
            return
        asyncio.get_running_loop().remove_reader(self._pipe[0])
        last = [self._session]
        self._session = None
        await asyncio.to_thread(last.clear)  # waits until all sockets and files are closed
        for end in self._pipe:
            os.close(end)

    async def add(self, params: Any) -> Any:
        """A torrent's handle, once its files are checked or it looks for its metadata. `params` are libtorrent's."""
        lt = import_module("libtorrent")
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        params.flags |= lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd
        handle = self._session.add_torrent(params)
        busy = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
        try:
            await self.until(handle, lambda: handle.status().state not in busy)
        except BaseException:
            await asyncio.shield(self.remove(handle))
            raise
        return handle

    async def remove(self, handle: Any) -> None:
        """Returns when nothing touches its files any more."""
        info_hash = str(handle.info_hashes().v1)
        removed = self._removed.setdefault(info_hash, asyncio.Event())
        self._session.remove_torrent(handle)
        await removed.wait()
        self._removed.pop(info_hash, None)

    async def flush(self, handle: Any) -> None:
        """Returns when all that was downloaded is in the files."""
        info_hash = str(handle.info_hashes().v1)
        before = self._flushed.get(info_hash, 0)
        handle.flush_cache()
        await self.until(handle, lambda: self._flushed.get(info_hash, 0) > before)

    async def until(self, handle: Any, condition: Callable[[], bool]) -> None:
        """Waits for what an alert will tell. DistributionError if the torrent fails, as on a full disk."""
        while True:
            self._news.clear()
            status = handle.status()
            if status.errc.value():
                raise DistributionError(f"torrent {status.name}: {status.errc.message()}")
            if condition():
                return
            await self._news.wait()

    def _listen_to_alerts(self) -> None:
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, False)
        self._session.set_alert_fd(self._pipe[1])
        asyncio.get_running_loop().add_reader(self._pipe[0], self._alerted)

    def _alerted(self) -> None:
        os.read(self._pipe[0], 4096)
        self._handle_alerts()

    def _handle_alerts(self) -> list[Any]:
        lt = import_module("libtorrent")
        alerts = self._session.pop_alerts()
        for alert in alerts:
            log.debug("%s: %s", type(alert).__name__, alert.message())
            if isinstance(alert, lt.torrent_removed_alert):
                self._removed.setdefault(str(alert.info_hashes.v1), asyncio.Event()).set()
            elif isinstance(alert, lt.cache_flushed_alert):
                info_hash = str(alert.handle.info_hashes().v1)
                self._flushed[info_hash] = self._flushed.get(info_hash, 0) + 1
        self._news.set()
        return alerts
