"""The routes of a node, as its options ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from wakunode.node import Node
from wakunode.rest.admin import AdminRoutes
from wakunode.rest.debug import DebugRoutes
from wakunode.rest.lightpush import LightpushRoutes
from wakunode.rest.relay import RelayRoutes
from wakunode.rest.store import StoreRoutes
from wakunode.rest.stream import StreamRoute


def make_app(node: Node) -> web.Application:
    # base64 makes a message a third bigger; the rest of the body is small
    app = web.Application(client_max_size=2 * node.options.max_message_size + 64 * 1024, middlewares=[_not_found])
    app.on_response_prepare.append(_bare_content_type)
    DebugRoutes(node).add_to(app.router)
    StoreRoutes(node).add_to(app.router)
    LightpushRoutes(node).add_to(app.router)
    if node.options.relay:
        RelayRoutes(node).add_to(app.router)
        StreamRoute(node.relay).add_to(app)
    else:
        _refuse(app, "relay", "--relay")
    if node.options.rest_admin:
        AdminRoutes(node).add_to(app.router)
    else:
        _refuse(app, "admin", "--rest-admin")
    return app


@web.middleware
async def _not_found(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """An unknown path, or method of a known one, is 404 without a body, as in nwaku."""
    if request.match_info.http_exception:
        return web.Response(status=404)
    return await handler(request)


async def _bare_content_type(_: web.Request, response: web.StreamResponse) -> None:
    """nwaku names no charset."""
    if response.charset:
        response.charset = None


def _refuse(app: web.Application, prefix: str, option: str) -> None:
    async def refuse(_: web.Request) -> web.Response:
        text = f"/{prefix} endpoints are not available. Please check your configuration: {option}"
        return web.Response(status=404, text=text)

    app.router.add_route("*", f"/{prefix}/{{tail:.*}}", refuse)
