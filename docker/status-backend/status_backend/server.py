"""The HTTP face: `/health`, `/signals`, `/statusgo/<Function>`."""

from __future__ import annotations

import asyncio
import json
import logging

from aiohttp import WSCloseCode, web

from . import __version__
from .api import statusgo
from .backend import Backend
from .signals import Subscription

log = logging.getLogger(__name__)

MAX_BODY = 64 * 2**20
SIGNAL_WRITE_SECONDS = 5.0


class Server:
    """Serves one backend. `port` is known after `start`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._functions = statusgo.functions(backend)
        self._listeners: set[_Listener] = set()
        app = web.Application(client_max_size=MAX_BODY)
        # As Go's mux: any method will do.
        app.router.add_route("*", "/health", self._health)
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

    async def _statusgo(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name in statusgo.NOT_IMPLEMENTED:
            return web.Response(status=501)
        function = self._functions.get(name)
        if function is None:
            return await self._not_found(request)
        try:
            body = (await request.read()).decode()
        except UnicodeDecodeError as error:
            return _json(json.dumps({"error": f"body is not UTF-8: {error}"}))
        log.debug("%s", name)
        return _json(await statusgo.answer(function, body))

    async def _not_found(self, request: web.Request) -> web.Response:
        return web.Response(status=404, text="404 page not found\n")

    async def _signals(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=1)
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
    """One WebSocket on /signals. One that does not take a frame in time is dropped."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, subscription: Subscription) -> None:
        self._request = request
        self._socket = socket
        self._subscription = subscription
        self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        self._subscription.close()
        await self._writer
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _write(self) -> None:
        async for frame in self._subscription:
            try:
                await asyncio.wait_for(self._socket.send_str(frame), SIGNAL_WRITE_SECONDS)
            except (TimeoutError, ConnectionError) as error:
                log.warning("a listener on /signals is dropped: %s", error or "it does not read")
                self._subscription.close()
                if self._request.transport is not None:
                    self._request.transport.abort()
                return


def _json(text: str) -> web.Response:
    """Without the charset that aiohttp would add: clients compare the whole header."""
    return web.Response(body=text.encode(), content_type="application/json")
