"""The HTTP face: `/health`, `/signals`, `/statusgo/<Function>`."""

from __future__ import annotations

import asyncio
import json
import logging

from aiohttp import WSMsgType, web

from . import __version__
from .api import statusgo
from .backend import Backend
from .signals import Subscription

log = logging.getLogger(__name__)

MAX_BODY = 64 * 2**20
_SIGNAL_WRITE_SECONDS = 5


class Server:
    """Serves one backend. `port` is known after `start`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._functions = statusgo.functions(backend)
        self._sockets: set[web.WebSocketResponse] = set()
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
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"shutting down")
        await self._runner.cleanup()

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
        subscription = self._backend.signals.subscribe()
        await socket.prepare(request)
        self._sockets.add(socket)
        writer = asyncio.create_task(self._write(request, socket, subscription))
        try:
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    log.debug("signals socket: %s", socket.exception())
        finally:
            self._sockets.discard(socket)
            subscription.close()
            await writer
        return socket

    @staticmethod
    async def _write(request: web.Request, socket: web.WebSocketResponse, subscription: Subscription) -> None:
        """Send what is emitted; a socket that does not take a frame in time is dropped."""
        async for frame in subscription:
            try:
                await asyncio.wait_for(socket.send_str(frame), _SIGNAL_WRITE_SECONDS)
            except (TimeoutError, ConnectionError) as error:
                log.warning("signals: a listener is dropped: %s", error or "it does not read")
                subscription.close()
                if request.transport is not None:
                    request.transport.abort()
                return


def _json(text: str) -> web.Response:
    """Without the charset that aiohttp would add: clients compare the whole header."""
    return web.Response(body=text.encode(), content_type="application/json")
