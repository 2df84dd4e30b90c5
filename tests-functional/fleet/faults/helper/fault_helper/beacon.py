"""Somebody to talk to: answers probes over UDP and TCP."""

from __future__ import annotations

import asyncio

PORT = 7007  # in a network namespace of its own
CHUNK = bytes(65536)


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple) -> None:
        self._transport.sendto(data, sender)


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The first line says what: `echo`, `take N` (bytes, then answers with one) or `give N`."""
    try:
        what, *amount = (await reader.readline()).decode().split()
        if what == "echo":
            while data := await reader.read(65536):
                writer.write(data)
        elif what == "take":
            await reader.readexactly(int(amount[0]))
            writer.write(b"!")
        elif what == "give":
            for sent in range(0, int(amount[0]), len(CHUNK)):
                writer.write(CHUNK[: int(amount[0]) - sent])
                await writer.drain()
        await writer.drain()
    except (ConnectionError, ValueError, asyncio.IncompleteReadError):
        pass  # whoever probed has gone
    finally:
        writer.close()


async def serve() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("0.0.0.0", PORT))
    server = await asyncio.start_server(talk, "0.0.0.0", PORT, limit=1 << 30)
    print("ready", flush=True)
    await server.serve_forever()
