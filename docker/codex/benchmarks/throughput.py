"""Throughput and memory of the node against what the machine itself can do.

    python benchmarks/throughput.py [--size MiB] [--json FILE]

Uploads and downloads a dataset over REST, fetches it and a small one with a second node, and prints rates, the ratio
to this machine's sha256 and synced-write rates, latencies, and each process's peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support import PREFIX, Process  # noqa: E402

MiB = 1 << 20
PIECE = os.urandom(MiB)


def piece(number: int) -> bytes:
    """One MiB, different for each number and cheap to make."""
    return number.to_bytes(8, "big") + PIECE[8:]


def sha256_rate() -> float:
    start = time.perf_counter()
    for number in range(256):
        hashlib.sha256(piece(number)).digest()
    return 256 / (time.perf_counter() - start)


def disk_rate(folder: Path) -> float:
    start = time.perf_counter()
    with open(folder / "probe", "wb") as file:
        for number in range(256):
            file.write(piece(number))
        file.flush()
        os.fsync(file.fileno())
    (folder / "probe").unlink()
    return 256 / (time.perf_counter() - start)


async def upload(node: Process, size: int, seed: int = 0) -> tuple[str, float]:
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", node.ports["api"])
    writer.write(f"POST {PREFIX}/data HTTP/1.1\r\nHost: x\r\nContent-Length: {size * MiB}\r\n\r\n".encode())
    for number in range(size):
        writer.write(piece(seed + number))
        await writer.drain()
    head, _, cid = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert b" 200 " in head, head
    return cid.decode(), time.perf_counter() - start


async def download(node: Process, path: str, seed: int = 0) -> float:
    start, expected, got, number = time.perf_counter(), hashlib.sha256(), hashlib.sha256(), seed
    reader, writer = await asyncio.open_connection("127.0.0.1", node.ports["api"], limit=MiB)
    writer.write(f"GET {PREFIX}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    left = int(head.split("Content-Length: ")[1].split("\r\n")[0])
    size = left
    while left:
        data = await reader.read(MiB)
        assert data, f"the body stopped {left} bytes short"
        got.update(data)
        left -= len(data)
    seconds = time.perf_counter() - start
    writer.close()
    if size >= MiB:
        while number - seed < size // MiB:
            expected.update(piece(number))
            number += 1
        assert got.digest() == expected.digest(), "other bytes came back"
    return seconds


def peak_memory(node: Process) -> float:
    status = Path(f"/proc/{node.popen.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def measure(size: int, folder: Path) -> dict[str, float]:
    found = {"sha256_MiB_s": sha256_rate(), "synced_write_MiB_s": disk_rate(folder)}
    started = time.perf_counter()
    with Process(folder / "a", ("--log-level=warn",)) as a:
        found["start_s"] = time.perf_counter() - started
        found["idle_MiB"] = peak_memory(a)
        cid, seconds = await upload(a, size)
        found["upload_MiB_s"] = size / seconds
        found["download_MiB_s"] = size / await download(a, f"/data/{cid}")
        found["peak_one_node_MiB"] = peak_memory(a)
        with Process(folder / "b", ("--log-level=warn",)) as b:
            info = (await a("GET", "/debug/info")).json()
            await b("GET", f"/connect/{info['id']}?addrs={info['addrs'][0]}")
            small = (await a("POST", "/data", {}, os.urandom(65536))).text
            found["fetch_64KiB_s"] = await download(b, f"/data/{small}/network/stream")
            medium, _ = await upload(a, 64, seed=1 << 20)
            found["fetch_64MiB_s"] = await download(b, f"/data/{medium}/network/stream", seed=1 << 20)
            found["fetch_MiB_s"] = size / await download(b, f"/data/{cid}/network/stream")
            found["peak_serving_MiB"], found["peak_fetching_MiB"] = peak_memory(a), peak_memory(b)
    found["upload_to_sha256"] = found["upload_MiB_s"] / found["sha256_MiB_s"]
    found["upload_to_disk"] = found["upload_MiB_s"] / found["synced_write_MiB_s"]
    found["download_to_sha256"] = found["download_MiB_s"] / found["sha256_MiB_s"]
    return {name: round(value, 3) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, metavar="MiB")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codex-benchmark-") as folder:
        found = asyncio.run(measure(options.size, Path(folder)))
    for name, value in found.items():
        print(f"{name:24}{value:>12}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
