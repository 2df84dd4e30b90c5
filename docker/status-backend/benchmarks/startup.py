"""How long a backend takes from its start until it serves, and what it imports meanwhile.

    python benchmarks/startup.py [--runs 15] [--imports 12]

Wall time counts on an idle machine only; processor time is nearly the same on a busy one. Imports: the best of
three runs each, a package's own time without what it imports in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

NODE = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(NODE), str(NODE.parent / "codex")])}
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--imports", type=int, default=12, help="how many packages are listed")
    arguments = options.parse_args()
    walls, processors = zip(*(start() for _ in range(arguments.runs)), strict=True)
    print(f"start to ready, {arguments.runs} runs, load {os.getloadavg()[0]:.1f}")
    print(f"  wall       {spread(walls)}")
    print(f"  processor  {spread(processors)}")
    print("imported by then, ms of processor time nearly:")
    packages = sorted(imports().items(), key=lambda package: -package[1])
    for name, seconds in packages[: arguments.imports]:
        print(f"  {seconds * 1000:6.1f}  {name}")
    print(f"  {sum(dict(packages).values()) * 1000:6.1f}  in all")


def start() -> tuple[float, float]:
    """Seconds until the ready file is there: on the clock, and of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        command = [sys.executable, "-m", "status_backend", "--address", "127.0.0.1:0", "--log-level", "ERROR"]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env={**ENVIRONMENT, "NODE_READY_FILE": str(ready)})
        while not ready.exists():
            time.sleep(0.002)
        wall = time.perf_counter() - began
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        assert json.loads(ready.read_text())["pid"] == process.pid
        process.send_signal(signal.SIGTERM)
        process.wait()
    return wall, processor


def imports() -> dict[str, float]:
    """Seconds by package."""
    best: dict[str, int] = defaultdict(lambda: 2**62)
    for _ in range(3):
        command = [sys.executable, "-X", "importtime", "-c", "import status_backend.__main__, status_backend.server"]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
        for microseconds, module in IMPORT.findall(done.stderr):
            best[module] = min(best[module], int(microseconds))
    packages: dict[str, float] = defaultdict(float)
    for module, microseconds in best.items():
        packages[module.partition(".")[0]] += microseconds / 1e6
    return packages


def spread(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f} s, median {statistics.median(seconds):.2f} s"


if __name__ == "__main__":
    main()
