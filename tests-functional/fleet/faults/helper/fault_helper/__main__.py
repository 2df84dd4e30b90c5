"""python3 -m fault_helper beacon | shape --network CIDR... --spare ADDRESS... | disk WHAT FOLDER [BYTES] | wait

`shape` takes commands on stdin and answers each on stdout, JSON objects on a line each: {"do": "add", "filter": {...}}.
It ends with its stdin, and its rule ends with it. `disk` answers on stdout; `wait` does nothing and goes on doing it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from fault_helper import beacon, disk, filters, probes
from fault_helper.shaper import Shaper


class Commands:
    def __init__(self, shaper: Shaper) -> None:
        self._shaper = shaper

    async def add(self, filter: dict[str, Any]) -> int:
        return self._shaper.add(filters.make(filter))

    async def remove(self, number: int) -> dict[str, int]:
        counts = self._shaper.filters[number].counts
        self._shaper.remove(number)
        return counts

    async def state(self) -> dict[str, Any]:
        return {
            "filters": {number: each.counts for number, each in self._shaper.filters.items()},
            "survival": self._shaper.survival(),
            "most_delay": self._shaper.most_delay(),
        }

    async def reach(self, peers: list[str], seconds: float) -> dict[str, dict[str, bool]]:
        return await probes.reach(peers, seconds)

    async def echo_datagrams(self, beacon: str, count: int) -> dict[str, object]:
        return await probes.echo_datagrams(beacon, count, lambda: self._shaper.dropped[beacon])

    async def echo_stream(self, beacon: str, count: int) -> dict[str, object]:
        return await probes.echo_stream(beacon, count)

    async def transfer(self, beacon: str, amount: int) -> dict[str, float]:
        return await probes.transfer(beacon, amount)


async def shape(networks: list[str], spared: list[str]) -> None:
    shaper = Shaper(networks, spared)
    try:
        shaper.try_out()
    except OSError as error:
        _say({"unavailable": f"this kernel diverts no packets to user space: {error}"})
        return
    _say({"ready": True})
    commands = Commands(shaper)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        try:
            _say({"answer": await getattr(commands, command.pop("do"))(**command)})
        except Exception as error:  # whoever asked is told, and may ask on
            _say({"error": f"{type(error).__name__}: {error}"})


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="fault_helper")
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("beacon")
    shape_parser = kinds.add_parser("shape")
    shape_parser.add_argument("--network", action="append", default=[])
    shape_parser.add_argument("--spare", action="append", default=[])
    kinds.add_parser("wait")
    disk_parser = kinds.add_parser("disk")
    disk_parser.add_argument("what", choices=["fill", "probe", "empty"])
    disk_parser.add_argument("folder", type=Path)
    disk_parser.add_argument("amount", type=int, nargs="*")
    options = parser.parse_args()
    if options.kind == "beacon":
        asyncio.run(beacon.serve())
    elif options.kind == "shape":
        asyncio.run(shape(options.network, options.spare))
    elif options.kind == "disk":
        _say(getattr(disk, options.what)(options.folder, *options.amount))
    else:
        signal.pause()


main()
