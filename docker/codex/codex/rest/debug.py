"""`/debug`: what the node knows about itself, and its log level."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from ..logs import set_level
from ..version import CONTRACTS, REVISION, VERSION
from .context import NODE, Route, cors, error_answer, json_answer, text_answer


async def info(request: web.Request) -> web.StreamResponse:
    node = request.app[NODE]
    found = await node.debug()
    answer = {
        "id": found["id"],
        "addrs": found["addrs"],
        "repo": str(node.config.data_dir),
        "spr": found["spr"],
        "announceAddresses": found["announceAddresses"],
        "table": found["table"],
        "codex": {"version": VERSION, "revision": REVISION, "contracts": CONTRACTS},
    }
    return json_answer(answer, cors(request, "GET"), indent=2)


async def log_level(request: web.Request) -> web.StreamResponse:
    headers = cors(request, "POST")
    if "level" not in request.query:
        return error_answer(400, "Missing log level", headers)
    try:
        set_level(request.query["level"])
    except ValueError as error:
        return error_answer(500, str(error), headers)
    return text_answer("")


async def openapi(request: web.Request) -> web.StreamResponse:
    """The interface's description; the original serves none."""
    document = files(__package__).joinpath("openapi.json").read_bytes()
    return web.Response(body=document, headers={"Content-Type": "application/json"})


routes = [
    Route("GET", "/openapi.json", openapi),
    Route("GET", "/debug/info", info),
    Route("POST", "/debug/chronicles/loglevel", log_level),
]
