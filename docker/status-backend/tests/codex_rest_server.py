"""A raw socket that answers byte for byte as a real Codex node does, faults included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

# What a real node writes behind, or into, a download.
STRAY = (
    b"HTTP/1.1 404 Not Found\r\ndate: Tue, 24 Nov 2026 02:07:32 GMT\r\ncontent-type: text/plain\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)

Answer = bytes | Callable[[], AsyncIterator[bytes]]


class CodexRestServer:
    """`answers["GET /data/CID"]` is what is written: bytes in one piece, or what a generator yields.

    Every answer ends the connection. `requests` holds (what, headers, body) of what had an answer; `arrived` is set
    when a generator is asked for its answer, `hung_up` when the client goes while it still runs.
    """

    def __init__(self, prefix: str) -> None:
        self.answers: dict[str, Answer] = {"GET /peerid": answer({"id": "16Uiu2HA"})}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = asyncio.Event()
        self.hung_up = asyncio.Event()
        self._prefix = prefix

    async def __aenter__(self) -> CodexRestServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        what = f"{method} {target.removeprefix(self._prefix)}"
        given = self.answers.get(what)
        if given and what != "GET /peerid":
            self.requests.append((what, headers, body))
        if callable(given):
            self.arrived.set()
            writing = asyncio.create_task(self._write(writer, given()))
            await asyncio.wait([writing, asyncio.create_task(_end(reader))], return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                writing.cancel()
                self.hung_up.set()
        else:
            writer.write(given or response(b"", status="404 Not Found"))
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter, parts: AsyncIterator[bytes]) -> None:
        async for part in parts:
            writer.write(part)
            await writer.drain()


async def _end(reader: asyncio.StreamReader) -> None:
    """Until the client has hung up; one that has not read all it was sent does so with a reset."""
    with suppress(ConnectionResetError):
        await reader.read()


def response(body: bytes, status: str = "200 OK", length: int | None = None, stray: bytes = b"") -> bytes:
    """`length` is what is said of the body, where that is not the truth."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + body + stray


def answer(value: Any) -> bytes:
    return response(json.dumps(value).encode())


async def never() -> AsyncIterator[bytes]:
    """What is asked for is looked for, for hours."""
    await asyncio.Event().wait()
    yield b""
