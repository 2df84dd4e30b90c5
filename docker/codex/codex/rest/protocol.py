"""One HTTP connection, judged as the original judges it before a route is looked up.

A connection carries one request. Its head, request line and headers, is collected here first: it may be 8 KiB long
and need not name a host, which aiohttp would insist on.
"""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.web_protocol import RequestHandler

MAX_HEAD = 8192
HEAD_TIMEOUT = 60.0  # seconds from the connection to the end of the head
HOST = re.compile(rb"\r\nhost[ \t]*:", re.IGNORECASE)


class Connection(RequestHandler):
    """aiohttp's connection behind that filter."""

    def __init__(self, manager: Any, loop: asyncio.AbstractEventLoop) -> None:
        limits = dict.fromkeys(("max_line_size", "max_field_size", "max_headers"), MAX_HEAD)
        options: dict[str, Any] = {**limits, "auto_decompress": False, "access_log": None}
        super().__init__(manager, loop=loop, **options)
        self._clock = loop
        self._head: bytearray | None = bytearray()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline = self._clock.call_later(HEAD_TIMEOUT, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            super().data_received(data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if max(end, len(self._head) if end < 0 else 0) > MAX_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif end >= 0:
            head = bytes(self._head)
            self._head_is_over()
            super().data_received(head if HOST.search(head, 0, end + 4) else _with_host(head))

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP with an empty body."""
        if status == 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        request._version = HttpVersion11  # aiohttp takes 1.0 for what it cannot read
        response = web.Response(status=status, headers={"Connection": "close", "Content-Type": "text/plain"})
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
        }
        if self.transport is not None:
            lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in fields.items())]
            self.transport.write("\r\n".join([*lines, "", ""]).encode())
        self.force_close()


def _with_host(head: bytes) -> bytes:
    line, _, rest = head.partition(b"\r\n")
    return line + b"\r\nHost: codex\r\n" + rest
