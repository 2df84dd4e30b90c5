"""Reading requests, and nwaku's kind of errors: a status and one line of plain text."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from wakunode.message import InvalidMessage, WakuMessage, parse_json


def bad_request(reason: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=reason)


def ok() -> web.Response:
    return web.Response(text="OK")


async def json_body(request: web.Request) -> Any:
    if not request.body_exists:
        raise bad_request("Missing content body")
    if request.content_type != "application/json":
        raise bad_request("Wrong Content-Type, expected application/json")
    try:
        return parse_json(await request.read())
    except ValueError as error:
        raise bad_request(f"Invalid content body, could not decode. {error}") from None


async def strings_body(request: web.Request) -> list[str]:
    """A JSON list of strings."""
    body = await json_body(request)
    if not isinstance(body, list) or not all(isinstance(entry, str) for entry in body):
        raise bad_request("Invalid content body, could not decode. Expected a list of strings")
    return body


def message_of(value: Any) -> WakuMessage:
    """A message from its JSON form, stamped with the present time where it has none."""
    try:
        return WakuMessage.from_json(value).stamped()
    except InvalidMessage as error:
        raise bad_request(f"Invalid content body, could not decode. {error}") from None
