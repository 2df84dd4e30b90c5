"""The server under clients that do not behave: methods, bodies, and listeners that are slow, deaf or dead."""

from __future__ import annotations

import asyncio
import concurrent.futures
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import requests

from status_backend import bodies, server, signals
from status_backend.backend import Backend
from status_backend.bodies import MAX_BODY, SMALL_BODY

PATIENCE = 30.0
LISTEN = (
    b"%s /signals HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n"
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "MKCOL")


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Backend, server.Server]]:
    backend = Backend("127.0.0.1")
    serving = server.Server(backend)
    await serving.start("127.0.0.1", 0)
    try:
        yield backend, serving
    finally:
        await backend.close()
        async with asyncio.timeout(PATIENCE):
            await serving.close()


async def deaf_listener(port: int) -> asyncio.StreamWriter:
    """Listens, and reads nothing any more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(LISTEN % (b"GET", b""))
    assert b"101" in await reader.readline()
    return writer


# Methods: the original's routes know none


@pytest.mark.parametrize("method", METHODS)
def test_any_method_will_do(idle_backend, method):
    for path, body, expected in (
        ("/health", "", "version"),
        ("/statusgo/OpenAccounts", "", "open-accounts: no data dir"),
        ("/statusgo/Logout", "", "there is no running node"),
        ("/statusgo/CallRPC", "{}", "JSON-RPC client is unavailable"),
        ("/statusgo/InitializeApplication", "[]", "cannot unmarshal array"),
    ):
        answer = requests.request(method, idle_backend.url + path, data=body, timeout=PATIENCE)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), path
        assert method == "HEAD" or expected in answer.text, path
    assert requests.request(method, idle_backend.url + "/metrics", timeout=PATIENCE).status_code == 200
    for path, status in (("/statusgo/Nope", 404), ("/nope", 404), ("/", 404), ("/statusgo/Login", 501)):
        assert requests.request(method, idle_backend.url + path, timeout=PATIENCE).status_code == status, path


@pytest.mark.parametrize("method", METHODS)
def test_only_a_get_can_become_a_websocket(idle_backend, method):
    host, port = idle_backend.url.removeprefix("http://").split(":")
    assert requests.request(method, idle_backend.url + "/signals", timeout=PATIENCE).status_code == 400
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(LISTEN % (method.encode(), b"Content-Length: 0\r\n" if method != "GET" else b""))
        status = connection.recv(4096).split()[1]
    assert status == (b"101" if method == "GET" else b"405")


# Bodies


@pytest.mark.parametrize("excess", [1, 40 * 2**20])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused(idle_backend, excess, chunked):
    body = b" " * (MAX_BODY + excess)
    pieces = (body[start : start + 2**20] for start in range(0, len(body), 2**20))
    url = idle_backend.url + "/statusgo/CallRPC"
    answer = requests.post(url, data=pieces if chunked else body, timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (413, {"error": f"the body is longer than {MAX_BODY} bytes"})
    assert idle_backend.call("Logout").json() == {"error": "there is no running node"}


@pytest.mark.parametrize("size", [SMALL_BODY - 1, SMALL_BODY, SMALL_BODY + 1, MAX_BODY])
def test_a_body_that_is_long_is_read_whole(idle_backend, size):
    phrase = "word " * (size // 5)
    answer = idle_backend.call("ValidateMnemonic", phrase.ljust(size, "x"))
    assert answer.status_code == 200 and answer.json()["error"]
    assert idle_backend.call("CompressPublicKey", "0x04".ljust(size)).json()["error"].startswith("failed to decode")


def test_many_huge_bodies_take_little_memory(backend):
    """One of them is JSON that takes some twenty times its size when it is decoded."""
    backend.call("InitializeApplication", {"dataDir": str(backend.data_dir)})
    url = f"{backend.url}/statusgo/CallRPC"
    blank = b" " * MAX_BODY
    nested = b'{"jsonrpc": "2.0", "id": 1, "method": "wakuext_chats", "params": [%s[]]}'
    nested %= b"[]," * ((MAX_BODY - len(nested)) // 3)
    before = peak_memory(backend.process.pid)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda body: requests.post(url, data=body, timeout=PATIENCE), [nested, *[blank] * 49]))
    assert [answer.json()["error"]["code"] for answer in answers] == [-32601, *[-32700] * 49]
    assert peak_memory(backend.process.pid) - before < 300


def test_a_body_that_stops_coming_keeps_nobody_waiting(monkeypatch):
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.2)
    head = b"POST /statusgo/Logout HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"

    async def scenario() -> None:
        async with serving() as (_, server_), aiohttp.ClientSession() as client:
            stuck = []
            for sent in (b"", b"x" * SMALL_BODY, b"x" * 500_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", server_.port)
                writer.write(head + sent)
                stuck.append((reader, writer))
            url = f"http://127.0.0.1:{server_.port}/statusgo/Logout"
            for body in ("", "x" * 1_000_000):
                async with asyncio.timeout(PATIENCE), client.post(url, data=body) as answer:
                    assert await answer.json() == {"error": "there is no running node"}
            for reader, writer in stuck:
                async with asyncio.timeout(PATIENCE):
                    assert b" 408 " in await reader.readline()
                writer.close()

    asyncio.run(scenario())


# Listeners


def test_no_listener_slows_another(monkeypatch):
    """While three of forty read nothing, or one byte now and then, the others hear everything."""
    monkeypatch.setattr(server, "SIGNAL_WRITE_SECONDS", 3600)
    monkeypatch.setattr(server, "PARTING_SECONDS", 0.1)

    async def scenario() -> None:
        async with serving() as (backend, server_), aiohttp.ClientSession() as client:
            deaf = [await deaf_listener(server_.port) for _ in range(3)]
            url = f"http://127.0.0.1:{server_.port}/signals"
            good = [await client.ws_connect(url, max_msg_size=0) for _ in range(37)]
            assert server_.listeners == 40
            numbers = range(30)
            for number in numbers:
                backend.signals.emit("test", {"number": number, "padding": "x" * 300_000})
            async with asyncio.timeout(PATIENCE):
                heard = await asyncio.gather(*(hear(listener, len(numbers)) for listener in good))
            assert heard == [list(numbers)] * len(good)
            assert server_.listeners == 40  # the deaf are still waited for: that they are dropped did not help
            for listener in good:
                await listener.close()
            for writer in deaf:
                writer.close()

    asyncio.run(scenario())


def test_a_listener_too_far_behind_is_dropped(monkeypatch):
    """Though it takes a frame often enough: what waits for it is bounded."""
    monkeypatch.setattr(server, "SIGNAL_WRITE_SECONDS", 3600)
    monkeypatch.setattr(signals, "MAX_BEHIND", 2**20)

    async def scenario() -> None:
        async with serving() as (backend, server_):
            writer = await deaf_listener(server_.port)
            while server_.listeners:
                backend.signals.emit("test", "x" * 100_000)
                await asyncio.sleep(0)
            writer.close()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_dead_listeners_are_forgotten():
    async def scenario() -> None:
        async with serving() as (backend, server_):
            for _ in range(20):
                (await deaf_listener(server_.port)).transport.abort()
            async with asyncio.timeout(PATIENCE):
                while server_.listeners:
                    backend.signals.emit("test")
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_deaf_listener_does_not_delay_the_end(monkeypatch):
    monkeypatch.setattr(server, "SIGNAL_WRITE_SECONDS", 3600)
    monkeypatch.setattr(server, "PARTING_SECONDS", 0.1)

    async def scenario() -> None:
        async with serving() as (backend, server_):
            deaf = await deaf_listener(server_.port)
            for _ in range(20):
                backend.signals.emit("test", "x" * 1_000_000)
        deaf.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_without_end_end_it_in_order(start_backend, number):
    backend = start_backend()
    while backend.process.poll() is None:
        backend.process.send_signal(number)
    assert backend.process.returncode == 0
    log = backend.log_path.read_text()
    assert "stopping" in log and "Traceback" not in log and "Exception ignored" not in log


async def hear(listener: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
    return [(await listener.receive_json())["event"]["number"] for _ in range(count)]


def peak_memory(pid: int) -> float:
    """The most that a process ever had in memory, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
