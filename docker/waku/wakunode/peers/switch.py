"""All links of a node: accepts, dials and re-dials them, floods messages over them, and asks peers for services."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWSTimeout, web

from wakunode.identity import Identity
from wakunode.message import Envelope
from wakunode.multiaddr import Multiaddr
from wakunode.peers.handshake import GOING_AWAY, TOO_MANY, Hello, LinkFault, LinkRefused, Socket, shake_hands
from wakunode.peers.link import Handler, Link, RequestFailed
from wakunode.relay import Relay
from wakunode.serving import listen

HEARTBEAT_SECONDS = 5
FIRST_REDIAL_SECONDS = 0.1
LAST_REDIAL_SECONDS = 2.0
REFUSED_REDIAL_SECONDS = 10.0
DIAL_SECONDS = 3

MAX_FRAME = 64 * 1024 * 1024
"""Bytes; the answer to a store query has up to a hundred messages."""

log = logging.getLogger(__name__)


class DialFailed(Exception):
    """A peer that cannot be reached, or with whom no link may be."""


class Switch:
    def __init__(self, identity: Identity, relay: Relay, hello: Callable[[], Hello], max_links: int) -> None:
        self._identity = identity
        self._relay = relay
        self._hello = hello
        self._max_links = max_links
        self._handlers: dict[str, Handler] = {}
        self._links: list[Link] = []
        self._keepers: dict[Multiaddr, asyncio.Task[None]] = {}
        self._session: ClientSession | None = None
        self._runner: web.AppRunner | None = None
        relay.add_listener(self._flood)
        relay.on_topics_changed(self._announce_topics)

    @property
    def links(self) -> list[Link]:
        return list(self._links)

    @property
    def static_addresses(self) -> list[Multiaddr]:
        return list(self._keepers)

    def serve(self, method: str, handler: Handler) -> None:
        """Answer the requests of peers for `method`."""
        self._handlers[method] = handler

    async def start(self, host: str, port: int) -> int:
        """Accept links; the port bound."""
        app = web.Application()
        app.router.add_get("/", self._accept)
        app.on_shutdown.append(self._say_goodbye)
        self._session = ClientSession(timeout=ClientTimeout(total=None))
        self._runner, port = await listen(app, host, port)
        return port

    async def stop(self) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    def keep(self, addresses: Iterable[Multiaddr]) -> None:
        """Dial these peers, and again whenever there is no link with them."""
        for address in addresses:
            if address not in self._keepers:
                self._start_keeper(address)

    async def connect(self, address: Multiaddr) -> None:
        """Link with a peer once and keep it so; raises DialFailed where the first dial fails."""
        if self.link_to(address.peer_id) is None:
            try:
                link = await self._dial(address, "Rest")
            except (ClientError, OSError, LinkFault) as error:
                raise DialFailed(f"{address}: {_text(error)}") from error
            if keeper := self._keepers.pop(address, None):
                keeper.cancel()
            self._start_keeper(address, self._run(link))
        else:
            self.keep([address])

    def link_to(self, peer_id: str | None) -> Link | None:
        return next((link for link in self._links if link.peer.peer_id == peer_id and not link.closed.is_set()), None)

    async def request(self, protocol: str, method: str, params: Any, peer_id: str | None = None) -> Any:
        """Ask the given peer, or any that serves the protocol; raises RequestFailed."""
        link = (
            self.link_to(peer_id) if peer_id else next((x for x in self._links if protocol in x.peer.protocols), None)
        )
        if link is None:
            raise RequestFailed(503, "No suitable service peer & none discovered")
        return await link.request(method, params)

    def _flood(self, envelope: Envelope, source: object | None) -> None:
        for link in self._links:
            if link is not source:
                link.forward(envelope)

    def _announce_topics(self) -> None:
        for link in self._links:
            link.send_subscriptions()

    async def _accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=1, compress=False, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        if len(self._links) >= self._max_links:
            log.warning("link from %s refused: %d links are open already", request.remote, len(self._links))
            await socket.close(code=TOO_MANY, message=b"too many connections")
            return socket
        try:
            link = await self._welcome(socket, None, "Inbound")
            await self._run(link)
        except (LinkFault, ConnectionError) as fault:
            log.warning("link from %s refused: %s", request.remote, fault)
        finally:
            if request.transport is not None and not socket.closed:
                request.transport.abort()
        return socket

    async def _dial(self, address: Multiaddr, origin: str) -> Link:
        assert self._session is not None
        async with asyncio.timeout(DIAL_SECONDS):
            socket = await self._session.ws_connect(
                address.url, heartbeat=HEARTBEAT_SECONDS, timeout=ClientWSTimeout(ws_close=1), max_msg_size=MAX_FRAME
            )
        return await self._welcome(socket, address.peer_id, origin)

    async def _welcome(self, socket: Socket, expected: str | None, origin: str) -> Link:
        try:
            peer = await shake_hands(socket, self._identity, self._hello(), expected)
        except (LinkFault, ConnectionError) as fault:
            code = fault.code if isinstance(fault, LinkFault) else GOING_AWAY
            await socket.close(code=code, message=str(fault).encode()[:120])
            raise
        link = Link(socket, peer, origin, self._relay, self._handlers)
        self._links.append(link)
        log.info("link with %s (%s)", peer.peer_id, origin)
        return link

    async def _run(self, link: Link) -> None:
        code, reason = GOING_AWAY, "stopping"
        try:
            await link.run()
        except LinkFault as fault:
            code, reason = fault.code, str(fault)
            log.info("link with %s ended: %s", link.peer.peer_id, fault)
        finally:
            self._links.remove(link)
            await link.close(code, reason)

    def _start_keeper(self, address: Multiaddr, running: Coroutine[Any, Any, None] | None = None) -> None:
        keeper = asyncio.create_task(self._keep(address, running))
        keeper.add_done_callback(_report)
        self._keepers[address] = keeper

    async def _keep(self, address: Multiaddr, running: Coroutine[Any, Any, None] | None) -> None:
        delay, last_error = FIRST_REDIAL_SECONDS, ""
        while True:
            try:
                if running is not None:
                    await running
                elif (link := self.link_to(address.peer_id)) is not None:
                    await link.closed.wait()
                else:
                    await self._run(await self._dial(address, "Static"))
                delay, last_error = FIRST_REDIAL_SECONDS, ""
            except (ClientError, OSError, LinkFault) as error:
                level = logging.DEBUG if _text(error) == last_error else logging.WARNING
                log.log(level, "cannot link with %s, will try again: %s", address, _text(error))
                last_error = _text(error)
                delay = (
                    REFUSED_REDIAL_SECONDS if isinstance(error, LinkRefused) else min(2 * delay, LAST_REDIAL_SECONDS)
                )
            running = None
            await asyncio.sleep(delay)

    async def _say_goodbye(self, _: web.Application) -> None:
        await asyncio.gather(*(link.close(GOING_AWAY, "stopping") for link in self._links))


def _report(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and (fault := keeper.exception()):
        log.error("a peer is dialled no more", exc_info=fault)


def _text(error: BaseException) -> str:
    return "nothing answered in time" if isinstance(error, TimeoutError) else str(error) or repr(error)
