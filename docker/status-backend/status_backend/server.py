"""The HTTP face: `/health`, `/metrics`, `/signals`, `/statusgo/<Function>`."""

from __future__ import annotations

import asyncio
import json
import logging

from . import __version__, metrics
from .api import statusgo
from .backend import Backend
from .bodies import Bodies, BodyError
from .http import WSCloseCode, web
from .signals import Subscription

log = logging.getLogger(__name__)

SIGNAL_WRITE_SECONDS = 5.0
PARTING_SECONDS = 1.0


class Server:
    """Serves one backend. `port` is known after `start`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._functions = statusgo.functions(backend)
        self._listeners: set[_Listener] = set()
        self._bodies = Bodies()
        app = web.Application()
        # As Go's mux: any method will do.
        app.router.add_route("*", "/health", self._health)
        app.router.add_route("*", "/metrics", self._metrics)
        app.router.add_route("*", "/signals", self._signals)
        app.router.add_route("*", "/statusgo/{name:.+}", self._statusgo)
        app.router.add_route("*", "/{path:.*}", self._not_found)
        # A client that hung up must not cut a logout or a password change in half.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=1)
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Listeners still get what was emitted before they are parted with."""
        await asyncio.gather(*(listener.close() for listener in self._listeners))
        await self._runner.cleanup()

    @property
    def listeners(self) -> int:
        """How many listen on /signals now."""
        return len(self._listeners)

    async def _health(self, request: web.Request) -> web.Response:
        return _json(json.dumps({"version": __version__}))

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=metrics.render().encode(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _statusgo(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in statusgo.NOT_IMPLEMENTED:
            return web.Response(status=501)
        function = self._functions.get(name)
        if function is None:
            return await self._not_found(request)
        try:
            async with self._bodies.read(request) as body:
                log.debug("%s", name)
                return _json(await statusgo.answer(function, body))
        except BodyError as error:
            return _json(json.dumps({"error": str(error)}), error.status)

    async def _not_found(self, request: web.Request) -> web.Response:
        return web.Response(status=404, text="404 page not found\n")

    async def _signals(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            return web.Response(status=405, text="Method Not Allowed\nwebsocket: request method is not GET")
        # Uncompressed, as the original's: each listener would cost a compression of its own.
        socket = web.WebSocketResponse(timeout=1, compress=False)
        await socket.prepare(request)
        listener = _Listener(request, socket, self._backend.signals.subscribe())
        self._listeners.add(listener)
        try:
            async for _ in socket:  # nothing is expected from a listener; reading notices its end
                pass
        finally:
            self._listeners.discard(listener)
            await listener.close()
        return socket


class _Listener:
    """One WebSocket on /signals. One that does not take a frame in time, or is too far behind, is dropped."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, subscription: Subscription) -> None:
        self._request = request
        self._socket = socket
        self._subscription = subscription
        self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        """It still gets what was emitted before, if it takes that in PARTING_SECONDS."""
        self._subscription.close()
        try:
            async with asyncio.timeout(PARTING_SECONDS):
                await self._writer
                await self._socket.close(code=WSCloseCode.GOING_AWAY)
        except TimeoutError:
            self._drop("it does not read")

    async def _write(self) -> None:
        async for frame in self._subscription:
            try:
                await asyncio.wait_for(self._socket.send_str(frame), SIGNAL_WRITE_SECONDS)
            except (TimeoutError, ConnectionError) as error:
                self._drop(str(error) or "it does not read")
                return
        if self._subscription.overrun:
            self._drop("it reads too slowly")

    def _drop(self, reason: str) -> None:
        log.warning("a listener on /signals is dropped: %s", reason)
        self._subscription.close()
        if self._request.transport is not None:
            self._request.transport.abort()


def _json(text: str, status: int = 200) -> web.Response:
    """Without the charset that aiohttp would add: clients compare the whole header."""
    return web.Response(body=text.encode(), status=status, content_type="application/json")
