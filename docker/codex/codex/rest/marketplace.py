"""The marketplace's routes, which answer as those of a node started without `persistence`."""

from __future__ import annotations

from aiohttp import web

from .context import Route, cors, error_answer


async def not_enabled(request: web.Request) -> web.StreamResponse:
    return error_answer(503, "Persistence is not enabled", cors(request, request.method))


async def options_availability(request: web.Request) -> web.StreamResponse:
    return web.Response(status=204, headers=cors(request, "PATCH"))


routes = [
    Route("GET", "/sales/slots", not_enabled),
    Route("GET", "/sales/slots/{id}", not_enabled),
    Route("GET", "/sales/availability", not_enabled),
    Route("POST", "/sales/availability", not_enabled),
    Route("OPTIONS", "/sales/availability/{id}", options_availability),
    Route("PATCH", "/sales/availability/{id}", not_enabled),
    Route("GET", "/sales/availability/{id}/reservations", not_enabled),
    Route("POST", "/storage/request/{cid}", not_enabled),
    Route("GET", "/storage/purchases", not_enabled),
    Route("GET", "/storage/purchases/{id}", not_enabled),
]
