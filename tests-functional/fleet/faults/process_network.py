"""Helpers of network faults as processes: one in the network namespace of each node concerned, and one to talk to."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time

from fleet.faults.image import HELPER
from fleet.faults.shaper import Shaper
from fleet.private_network import SUBNET, Place
from fleet.process_node import ProcessNode
from fleet.process_runtime import ProcessRuntime

PROGRAM = [sys.executable, "-m", "fault_helper"]


class Pipes:
    """A Channel to a process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._line = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(process.stdout, selectors.EVENT_READ)

    def write(self, line: bytes) -> None:
        self._process.stdin.write(line)

    def readline(self, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._line:
            if not self._selector.select(deadline - time.monotonic()):
                raise TimeoutError(f"no answer within {timeout:g} s")
            if not (more := self._process.stdout.read(65536)):
                return b""
            self._line += more
        line, _, self._line = self._line.partition(b"\n")
        return line + b"\n"

    def close(self) -> None:
        self._selector.close()
        self._process.kill()
        self._process.communicate()


class ProcessNetwork:
    """See fleet.faults.network.Network. A node that starts anew keeps its network namespace, and what disturbs it."""

    def __init__(self, runtime: ProcessRuntime) -> None:
        self._network = runtime.network
        self._worker = runtime.run.worker
        self._environment = {"PYTHONPATH": str(HELPER), **runtime.run.environment()}
        self._shapers: dict[str, Shaper] = {}
        self._beacon: Place | None = None
        self._lock = threading.RLock()

    def address(self, node: ProcessNode) -> str:
        return node.address()[0]

    def life(self, node: ProcessNode) -> str:
        return node.place.address

    def shaper(self, node: ProcessNode) -> Shaper:
        with self._lock:
            if node.name in self._shapers and not self._shapers[node.name].alive():
                self.release(node)
            if node.name not in self._shapers:
                self._shapers[node.name] = self._start(node)
            return self._shapers[node.name]

    def beacon(self) -> str:
        with self._lock:
            if self._beacon is None:
                self._beacon = self._network.place(f"beacon-{self._worker}", [*PROGRAM, "beacon"], self._environment)
            return self._beacon.address

    def release(self, node: ProcessNode) -> None:
        with self._lock:
            if shaper := self._shapers.pop(node.name, None):
                shaper.close()

    def close(self) -> None:
        with self._lock:
            while self._shapers:
                self._shapers.popitem()[1].close()
            if self._beacon is not None:
                self._beacon.close()
                self._beacon = None

    def _start(self, node: ProcessNode) -> Shaper:
        process = subprocess.Popen(
            [*node.place.inside, *PROGRAM, "shape", "--network", str(SUBNET)],
            env={**os.environ, **self._environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        pipes = Pipes(process)
        try:
            return Shaper(pipes, node.name)
        except BaseException:
            pipes.close()
            raise
