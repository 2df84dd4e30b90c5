"""The HTTP server: routes, and what the original does alike for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web

from ..errors import NotStarted
from ..node import CodexNode
from ..version import SERVER
from . import data, debug, marketplace, peers
from .context import NODE, ORIGIN, error_answer, origin_allowed
from .protocol import Connection

PREFIX = "/api/codex/v1"
SHUTDOWN_TIMEOUT = 1.0


class RestServer:
    """The interface of one node on one address.

    Port 0 means one that the kernel chooses; `port` is the real one once started.
    """

    def __init__(self, node: CodexNode, host: str, port: int, cors_origin: str | None = None) -> None:
        self.host, self.port = host, port
        app = web.Application(middlewares=[_refusals])
        app[NODE], app[ORIGIN] = node, cors_origin
        app.on_response_prepare.append(_finish_headers)
        for module in (data, peers, debug, marketplace):
            for route in module.routes:
                app.router.add_route(route.method, PREFIX + route.path, route.handler, expect_handler=_expect)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_TIMEOUT)

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await self._runner.setup()
        loop, manager = asyncio.get_running_loop(), self._runner.server
        assert manager is not None
        self._server = await loop.create_server(lambda: Connection(manager, loop), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        await self._runner.cleanup()


@web.middleware
async def _refusals(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """No such path or method: 404 without a body, never 405. A request line without a version is malformed."""
    if request.version < HttpVersion10:
        return web.Response(status=400)
    if request.version > HttpVersion11:
        return web.Response(status=505)
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return web.Response(status=404)
    except NotStarted as error:
        return error_answer(503, str(error))


async def _expect(request: web.Request) -> None:
    """Tell who waits for it to go on; other expectations are none of the original's business."""
    if request.version == HttpVersion11 and request.headers["Expect"].strip().lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # it is no part of the answer


async def _finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    response.headers["Connection"] = "close"
    response.headers["Server"] = SERVER
    for name, value in origin_allowed(request).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Length", "0")  # also to HEAD and with 204
