"""One HTTP connection, judged as the original judges it before a route is looked up.

A connection carries one request. Its head, request line and headers, is collected here first: it may be 8 KiB long
and need not name a host, which aiohttp would insist on. What follows its body is not looked at.
"""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from aiohttp import EMPTY_PAYLOAD, HttpVersion11, StreamReader, web
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from ..version import SERVER

MAX_HEAD = 8192
HEAD_TIMEOUT = 60.0  # seconds from the connection to the end of the head
HALF_CLOSED_TIMEOUT = 5.0  # seconds without a byte of an answer after which a client that sends no more is gone
HOST = re.compile(rb"\r\nhost[ \t]*:", re.IGNORECASE)
BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding)[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)


class Connection(RequestHandler):
    """aiohttp's connection behind that filter."""

    def __init__(self, manager: Any, loop: asyncio.AbstractEventLoop) -> None:
        limits = dict.fromkeys(("max_line_size", "max_field_size", "max_headers"), MAX_HEAD)
        options: dict[str, Any] = {**limits, "auto_decompress": False, "access_log": None}
        super().__init__(manager, loop=loop, **options)
        self._clock = loop
        self._head: bytearray | None = bytearray()
        self._body: StreamReader = EMPTY_PAYLOAD
        self._left: int | None = None  # bytes of the body that are still to come, if its length was announced
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline = self._clock.call_later(HEAD_TIMEOUT, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio heeds the answer
        """The client sends no more. It may have gone, or have closed its half only and still be reading."""
        if self._head is not None:
            return False
        if not self._body.is_eof():
            self._break_off("the body has ended too early")
        self._close_if_idle(-1)
        return True

    def _close_if_idle(self, before: int) -> None:
        sent = self._current_request.writer.output_size if self._current_request else 0
        if sent > before:
            self._deadline = self._clock.call_later(HALF_CLOSED_TIMEOUT, self._close_if_idle, sent)
        elif self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            self._take_body(data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if max(end, len(self._head) if end < 0 else 0) > MAX_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif end >= 0:
            head, body = bytes(self._head[: end + 4]), bytes(self._head[end + 4 :])
            self._head_is_over()
            self._left = _announced(head)
            super().data_received(head if HOST.search(head) else _with_host(head))
            if self._messages:  # none if the server is closing
                self._body = self._messages[-1][1]
                self._take_body(body)

    def _take_body(self, data: bytes) -> None:
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        if data:
            super().data_received(data)
            if self._request_count > 1:  # the parser's complaint
                self._break_off("the chunks of the body cannot be read")

    def _break_off(self, reason: str) -> None:
        """Tell who reads the body that no more of it comes."""
        self._body.set_exception(RequestPayloadError(reason))
        self._body.feed_eof()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP with an empty body."""
        if status == 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        request._version = HttpVersion11  # aiohttp takes 1.0 for what it cannot read
        headers = {"Connection": "close", "Content-Type": "text/plain", "Server": SERVER}
        response = web.Response(status=status, headers=headers)
        response.force_close()
        return response

    def _head_is_over(self) -> None:
        self._head = None
        if self._deadline:
            self._deadline.cancel()

    def _refuse(self, status: HTTPStatus) -> None:
        self._head_is_over()
        fields = {
            "Date": formatdate(usegmt=True),
            "Content-Type": "text/plain",
            "Content-Length": "0",
            "Connection": "close",
            "Server": SERVER,
        }
        if self.transport is not None:
            lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in fields.items())]
            self.transport.write("\r\n".join([*lines, "", ""]).encode())
        self.force_close()


def _with_host(head: bytes) -> bytes:
    line, _, rest = head.partition(b"\r\n")
    return line + b"\r\nHost: codex\r\n" + rest


def _announced(head: bytes) -> int | None:
    """Length of the body; None if it is chunked, or if that is for aiohttp to refuse."""
    fields = BODY.findall(head)
    if not fields:
        return 0
    return int(fields[0]) if len(fields) == 1 and fields[0].strip().isdigit() else None
