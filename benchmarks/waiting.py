"""How long after a signal was sent the test that waits for it goes on: woken by it, and asking for it as harnesses do.

A real WebSocket server on loopback sends signals to a real SignalClient; a second thread waits. The same is done by
polling the list of received signals each 0.2 s, which is what status-go's own harness does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable

from aiohttp import web

from clients.signals import SignalClient
from journal.journal import Journal

POLL = 0.2  # seconds


class Server:
    """Sends a signal to its one subscriber."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._socket: web.WebSocketResponse | None = None
        self.url = ""
        threading.Thread(target=self._run, daemon=True).start()
        self._started.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()

    async def _start(self) -> None:
        application = web.Application()
        application.router.add_get("/signals", self._signals)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = "ws://{}:{}/signals".format(*runner.addresses[0])
        self._started.set()

    async def _signals(self, request: web.Request) -> web.WebSocketResponse:
        self._socket = web.WebSocketResponse()
        await self._socket.prepare(request)
        async for _ in self._socket:
            pass
        return self._socket

    def emit(self, number: int) -> float:
        """The moment in which it is handed to the socket."""
        text = json.dumps({"type": "messages.new", "event": {"number": number}})

        async def send() -> float:
            moment = time.monotonic()
            await self._socket.send_str(text)
            return moment

        return asyncio.run_coroutine_threadsafe(send(), self._loop).result()


def measure(
    server: Server, client: SignalClient, rounds: int, wait: Callable[[SignalClient, int], float]
) -> list[float]:
    """Milliseconds of each round between sending and the return of `wait`."""
    delays = []
    for number in range(rounds):
        returned: list[float] = []
        waiting = threading.Thread(target=lambda number=number: returned.append(wait(client, number)))
        waiting.start()
        time.sleep(0.05 + (number * 0.037) % POLL)  # so that polls are met at every phase
        sent = server.emit(number)
        waiting.join()
        delays.append((returned[0] - sent) * 1000)
    return delays


def woken(client: SignalClient, number: int) -> float:
    client.expect("messages.new", {"number": number}, start="beginning", timeout=10).wait()
    return time.monotonic()


def polled(client: SignalClient, number: int) -> float:
    while not any(signal["event"]["number"] == number for signal in client.received_signals["messages.new"]):
        time.sleep(POLL)
    return time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    for name, wait in (("woken by the signal", woken), (f"polled each {POLL} s", polled)):
        server = Server()
        client = SignalClient(lambda: server.url, node="alice", journal=Journal())
        client.connect()
        delays = measure(server, client, rounds, wait)
        low, high = min(delays), max(delays)
        print(f"{name}: median {statistics.median(delays):.2f} ms ({low:.2f} to {high:.2f}), {rounds} rounds")
        client.disconnect()


if __name__ == "__main__":
    main()
