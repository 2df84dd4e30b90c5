"""What a node's packets really go through, tried out from where the node is."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import time
from collections.abc import Callable
from contextlib import asynccontextmanager

from fault_helper.beacon import PORT

CLOSED_PORT = 9  # "discard": nobody listens there, so a kernel that gets the probe refuses it, and that is an answer
AGAIN = 0.2  # seconds between two tries of a probe that may be lost
OUTSTANDING = 100  # datagrams under way: what a receive buffer holds for sure
LAST_WAIT = 5.0  # seconds for an answer that is neither there nor known to be dropped


async def reach(peers: list[str], seconds: float) -> dict[str, dict[str, bool]]:
    """Which peers answer at all within that time: {"172.19.0.3": {"udp": true, "tcp": false}}."""

    async def both(peer: str) -> dict[str, bool]:
        udp, tcp = await asyncio.gather(_answers(_udp_refused, peer, seconds), _answers(_tcp_refused, peer, seconds))
        return {"udp": udp, "tcp": tcp}

    return dict(zip(peers, await asyncio.gather(*map(both, peers))))


async def _answers(probe: Callable, peer: str, seconds: float) -> bool:
    try:
        await asyncio.wait_for(probe(peer), seconds)
    except TimeoutError:
        return False
    return True


async def _udp_refused(peer: str) -> None:
    refused = asyncio.Event()

    class Probe(asyncio.DatagramProtocol):
        def error_received(self, error: OSError) -> None:
            refused.set()

        def datagram_received(self, data: bytes, sender: tuple) -> None:
            refused.set()

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Probe, remote_addr=(peer, CLOSED_PORT))
    try:
        while not refused.is_set():
            transport.sendto(b"?")
            try:
                await asyncio.wait_for(refused.wait(), AGAIN)
            except TimeoutError:
                pass
    finally:
        transport.close()


async def _tcp_refused(peer: str) -> None:
    while True:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(peer, CLOSED_PORT), 1.0)
        except ConnectionRefusedError:
            return
        except (TimeoutError, OSError):  # no answer, or "no route": tried again until the caller's time is over
            await asyncio.sleep(AGAIN)
        else:
            writer.close()
            return


async def echo_datagrams(beacon: str, count: int, dropped: Callable[[], int]) -> dict[str, object]:
    """How many of `count` datagrams came back, and after how many seconds the fastest of them.

    `dropped` counts what was dropped of this exchange: so nobody waits for a datagram that cannot come. It does not
    count for the result.
    """
    loop = asyncio.get_running_loop()
    progress = asyncio.Event()
    answered: dict[int, float] = {}

    class Probe(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, sender: tuple) -> None:
            number, sent = struct.unpack_from("!Id", data)
            answered.setdefault(number, time.monotonic() - sent)
            progress.set()

    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.connect((beacon, PORT))
    transport, _ = await loop.create_datagram_endpoint(Probe, sock=opened)
    before = dropped()
    sent = 0
    try:
        until = loop.time() + LAST_WAIT
        while len(answered) + dropped() - before < count and loop.time() < until:
            while sent < count and sent - len(answered) - (dropped() - before) < OUTSTANDING:
                transport.sendto(struct.pack("!Id", sent, time.monotonic()) + bytes(52))
                sent += 1
                until = loop.time() + LAST_WAIT
            progress.clear()
            try:  # a drop wakes nobody
                await asyncio.wait_for(progress.wait(), 0.01)
            except TimeoutError:
                pass
    finally:
        transport.close()
    return {"sent": sent, "answered": len(answered), "fastest": min(answered.values(), default=None)}


async def echo_stream(beacon: str, count: int) -> dict[str, object]:
    """`count` bytes there and back over one TCP connection, one after the other; the seconds of the fastest."""
    async with _connection(beacon, "echo") as (reader, writer):
        fastest = float("inf")
        for _ in range(count):
            began = time.monotonic()
            writer.write(b"?")
            await reader.readexactly(1)
            fastest = min(fastest, time.monotonic() - began)
    return {"fastest": fastest}


async def transfer(beacon: str, amount: int) -> dict[str, float]:
    """The seconds that `amount` bytes took over TCP: {"sent": 1.2, "received": 1.1}."""
    took = {}
    async with _connection(beacon, f"take {amount}") as (reader, writer):
        began = time.monotonic()
        for done in range(0, amount, 65536):
            writer.write(bytes(min(65536, amount - done)))
            await writer.drain()
        await reader.readexactly(1)
        took["sent"] = time.monotonic() - began
    async with _connection(beacon, f"give {amount}") as (reader, writer):
        began = time.monotonic()
        for _ in itertools.count():
            if not (data := await reader.read(65536)):
                break
            amount -= len(data)
        took["received"] = time.monotonic() - began
    if amount:
        raise ConnectionError(f"{amount} bytes did not come")
    return took


@asynccontextmanager
async def _connection(beacon: str, what: str):
    reader, writer = await asyncio.open_connection(beacon, PORT)
    try:
        writer.write(f"{what}\n".encode())
        yield reader, writer
    finally:
        writer.close()
