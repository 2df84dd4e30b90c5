"""What the tests share: nodes in this process, nodes as processes, and an HTTP client that hides nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex import CodexConfig, CodexNode
from codex.rest import RestServer

LOOPBACK = "/ip4/127.0.0.1/tcp/0"
PREFIX = "/api/codex/v1"
PATIENCE = 30  # seconds after which something that was to happen has not


def blob(size: int, seed: object = 0) -> bytes:
    """`size` bytes that are the same for the same seed."""
    return random.Random(str(seed)).randbytes(size)


@asynccontextmanager
async def node(data_dir: Path, **config: Any) -> AsyncIterator[CodexNode]:
    """A started node on loopback."""
    running = CodexNode(CodexConfig(data_dir=data_dir, **{"listen_addrs": [LOOPBACK], **config}))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def read_all(running: CodexNode, cid: str, **how: Any) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return b"".join([block async for block in running.download(cid, **how)])


@dataclass
class Answer:
    """One HTTP response as it came. `complete` is False if the connection ended before Content-Length was reached."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


async def http(
    port: int,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    raw: bytes | None = None,
) -> Answer:
    """One request on a connection of its own; `raw` replaces everything that would be sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if raw is None:
            lines = [f"{method} {path} HTTP/1.1", "Host: node", *(f"{k}: {v}" for k, v in (headers or {}).items())]
            if body and not {"Content-Length", "Transfer-Encoding"} & set(headers or {}):
                lines.append(f"Content-Length: {len(body)}")
            raw = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
        writer.write(raw)
        async with asyncio.timeout(PATIENCE):
            return await read_answer(reader, method)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
    status_line, *fields = head.strip().split("\r\n")
    _, status, reason = status_line.split(" ", 2)
    if status == "100":
        return await read_answer(reader, method)
    headers = dict(field.split(": ", 1) for field in fields)
    length = int(headers.get("Content-Length", 0)) if method != "HEAD" else 0
    try:
        return Answer(int(status), reason, headers, await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        return Answer(int(status), reason, headers, error.partial, complete=False)


class Rest:
    """The REST interface of a node in this process."""

    def __init__(self, running: CodexNode, cors_origin: str | None = None) -> None:
        self.node = running
        self._server = RestServer(running, "127.0.0.1", 0, cors_origin)

    async def __aenter__(self) -> Rest:
        await self._server.start()
        self.port = self._server.port
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    async def __call__(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        return await http(self.port, method, PREFIX + path, headers, body)


@dataclass
class Process:
    """A node as a process of its own."""

    data_dir: Path
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def start(self) -> Process:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        ready = self.data_dir.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        self.log = self.data_dir.with_suffix(".log")
        options = ("--api-port=0", f"--listen-addrs={LOOPBACK}", f"--data-dir={self.data_dir}", *self.options)
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "codex", *options],
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[1],
                env={**os.environ, "NODE_READY_FILE": str(ready), **self.env},
            )
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            assert self.popen.poll() is None, f"the node ended at once:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"the node is not ready:\n{self.log.read_text()}"
            time.sleep(0.02)
        self.ports = json.loads(ready.read_text())["ports"]
        return self

    def __enter__(self) -> Process:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(PATIENCE)

    async def __call__(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        return await http(self.ports["api"], method, PREFIX + path, headers, body)
