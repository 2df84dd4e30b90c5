"""A small real server that speaks as status-backend does, told by the test what to answer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from clients.status_backend import StatusBackend
from journal.journal import Journal

Answer = Callable[..., Any]


class BackendServer:
    """HTTP, RPC and signals on a port of the kernel's choice, served by a thread.

    `functions[name](body)` and `methods[name](*params)` give the answers; a method raises `LookupError` to say that it
    does not exist, and returns `{"error": ...}` or `{"result": ...}`."""

    def __init__(self) -> None:
        self.functions: dict[str, Answer] = {
            "InitializeApplication": lambda body: {"accounts": None, "centralizedMetricsInfo": {}},
            "CreateAccountAndLogin": lambda body: {"error": ""},
            "RestoreAccountAndLogin": lambda body: {"error": ""},
            "LoginAccount": lambda body: {"error": ""},
            "Logout": lambda body: {"error": ""},
        }
        self.methods: dict[str, Answer] = {}
        self.calls: list[tuple[str, Any]] = []
        self.has_health = True
        self._sockets: set[web.WebSocketResponse] = set()
        self._registering = asyncio.Lock()  # a client that sees itself connected gets every signal from then on
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self.url = ""

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def emit(self, signal_type: str, event: Any = None) -> None:
        self.send_text(json.dumps({"type": signal_type, "event": event}))

    def send_text(self, text: str) -> None:
        async def send() -> None:
            async with self._registering:
                sockets = list(self._sockets)
            for socket in sockets:
                await socket.send_str(text)

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(5)

    def drop_connections(self) -> None:
        async def close() -> None:
            for socket in list(self._sockets):
                await socket.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(5)

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/health", self._health)
        app.router.add_get("/signals", self._signals)
        app.router.add_post("/statusgo/CallRPC", self._rpc)
        app.router.add_post("/statusgo/{function}", self._function)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        for socket in list(self._sockets):
            await socket.close()
        await runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "1.2.3"}) if self.has_health else web.Response(status=404)

    async def _signals(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        async with self._registering:
            await socket.prepare(request)
            self._sockets.add(socket)
        try:
            async for message in socket:
                assert message.type is not WSMsgType.ERROR
        finally:
            self._sockets.discard(socket)
        return socket

    async def _function(self, request: web.Request) -> web.Response:
        name = request.match_info["function"]
        body = await request.json() if await request.read() else None
        self.calls.append((name, body))
        if name not in self.functions:
            return web.Response(status=404, text="404 page not found\n")
        answer = self.functions[name](body)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return web.Response(
            text=answer if isinstance(answer, str) else json.dumps(answer), content_type="application/json"
        )

    async def _rpc(self, request: web.Request) -> web.Response:
        call = await request.json()
        method, params = call["method"], call.get("params", [])
        self.calls.append((method, params))
        try:
            answer = self.methods[method](*params)
        except LookupError:
            text = f"the method {method} does not exist/is not available"
            answer = {"error": {"code": -32601, "message": text}}
        if isinstance(answer, dict) and isinstance(answer.get("error"), str):
            return web.json_response(answer)
        return web.json_response({"jsonrpc": "2.0", "id": call["id"], **answer})


LOGIN_EVENT = {
    "settings": {
        "public-key": "0x04" + "ab" * 64,
        "key-uid": "0x" + "12" * 32,
        "display-name": "alice",
        "mnemonic": "south goat upgrade thumb rebel tape resemble account arctic relief action vanish",
    },
    "account": {"name": "alice", "key-uid": "0x" + "12" * 32},
}


@pytest.fixture
def backend_server() -> Iterator[Callable[[], BackendServer]]:
    """Starts servers, each at a port of its own."""
    servers: list[BackendServer] = []

    def start() -> BackendServer:
        servers.append(BackendServer())
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(backend_server: Callable[[], BackendServer]) -> BackendServer:
    return backend_server()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.jsonl") as journal:
        yield journal


@pytest.fixture
def backend(server: BackendServer, journal: Journal) -> Iterator[StatusBackend]:
    with StatusBackend(server.url, journal, name="alice", data_dir="/data") as backend:
        yield backend


@pytest.fixture
def login_event() -> dict[str, Any]:
    return LOGIN_EVENT
