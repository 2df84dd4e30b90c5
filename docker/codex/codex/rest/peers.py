"""`/peerid`, `/spr`, `/connect`: who this node is and whom it knows."""

from __future__ import annotations

from aiohttp import web

from ..errors import DialFailed, InvalidPeerId, PeerNotFound
from ..network.addresses import is_multiaddr
from .context import NODE, Route, cors, error_answer, json_answer, text_answer, wants_text


async def peer_id(request: web.Request) -> web.StreamResponse:
    return _either(request, "id", request.app[NODE].peer_id)


async def spr(request: web.Request) -> web.StreamResponse:
    return _either(request, "spr", request.app[NODE].spr)


def _either(request: web.Request, name: str, value: str) -> web.StreamResponse:
    headers = cors(request, "GET")
    return text_answer(value, headers) if wants_text(request) else json_answer({name: value}, headers)


async def connect(request: web.Request) -> web.StreamResponse:
    headers = cors(request, "GET")
    given = request.query.getall("addrs", [])
    # As in the original one address that does not parse spoils the list, and the peer is looked up instead.
    addrs = given if all(map(is_multiaddr, given)) else []
    try:
        await request.app[NODE].connect(request.match_info["peer"], addrs)
    except (InvalidPeerId, PeerNotFound, DialFailed) as error:
        return error_answer(400, str(error), headers)
    return text_answer("Successfully connected to peer", headers)


routes = [
    Route("GET", "/peerid", peer_id),
    Route("GET", "/spr", spr),
    Route("GET", "/connect/{peer}", connect),
]
