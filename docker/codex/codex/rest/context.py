"""What the routes share: the node, how answers and errors look, CORS."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..node import CodexNode

NODE = web.AppKey("node", CodexNode)
ORIGIN = web.AppKey("origin", object)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Route:
    """One route; `path` is relative to the interface's prefix."""

    method: str
    path: str
    handler: Handler


def json_answer(value: Any, headers: dict[str, str] | None = None, indent: int | None = None) -> web.Response:
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
    body = text.encode("utf-8", "surrogateescape")
    return web.Response(body=body, headers={"Content-Type": "application/json", **(headers or {})})


def text_answer(text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": "text/plain", **(headers or {})})


def error_answer(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the original's handlers return it: the bare message, typed text/html."""
    body = message.encode("utf-8", "surrogateescape")
    return web.Response(status=status, body=body, headers={"Content-Type": "text/html", **(headers or {})})


def cors(request: web.Request, methods: str) -> dict[str, str]:
    """The CORS headers that a handler sets for `methods`; none unless the node was started with --api-cors-origin.

    The original's handlers set them on errors, and on some of their other answers.
    """
    origin = request.app[ORIGIN]
    if not origin:
        return {}
    return {
        "Access-Control-Allow-Origin": str(origin),
        "Access-Control-Allow-Methods": f"{methods}, OPTIONS",
        "Access-Control-Max-Age": "86400",
    }


def origin_allowed(request: web.Request) -> dict[str, str]:
    """The CORS headers that any answer gets if the request names an origin that may call."""
    allowed, origins = str(request.app[ORIGIN] or ""), request.headers.getall("Origin", [])
    if not allowed or len(origins) != 1:
        return {}
    if allowed == "*":
        return {"Access-Control-Allow-Origin": "*"}
    if allowed not in (origins[0], origins[0].partition("://")[2]):
        return {}
    return {"Access-Control-Allow-Origin": origins[0], "Vary": "Origin"}


def wants_text(request: web.Request) -> bool:
    """True if the client's Accept header prefers text/plain to JSON, which is the default."""
    ranked: list[tuple[float, int, str]] = []
    for order, part in enumerate(request.headers.get("Accept", "*/*").split(",")):
        kind, *params = [piece.strip() for piece in part.split(";")]
        quality = next((param[2:] for param in params if param.startswith("q=")), "1")
        try:
            ranked.append((-float(quality), order, kind.lower()))
        except ValueError:
            continue
    known = [kind for _, _, kind in sorted(ranked) if kind in ("text/plain", "application/json", "*/*")]
    return bool(known) and known[0] == "text/plain"
