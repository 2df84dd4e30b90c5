"""A node whose clock is wrong: it is started anew under libfaketime.

Nothing is installed and no privilege is needed: in a container the loader is told by /etc/ld.so.preload, a process by
its environment. The monotonic clock stays as it is. A program that does not ask the C library for the time, such as one
in Go, keeps the right time: then the fault is not verified.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol

import requests

from fleet.docker_node import DockerNode
from fleet.errors import NodeGone
from fleet.faults.errors import FaultNotHealed, FaultNotVerified, FaultUnavailable
from fleet.faults.life import Fault, Tell
from fleet.node import Node
from fleet.process_node import ProcessNode
from fleet.spec import NodeState

LEAST = 10.0  # seconds; a `Date:` header is known to a second
TOLERANCE = 3.0
REQUEST_TIMEOUT = 30.0

IN_CONTAINER = "/usr/local/lib/tests-functional-faketime.so.1"
PRELOAD = "/etc/ld.so.preload"
OFFSET = "/etc/faketimerc"


class Preload(Protocol):
    """How a node is given another time at its next start."""

    def put(self, offset: str) -> None: ...

    def take_away(self) -> None: ...


class ClockSkew(Fault):
    """The node ends in good order and starts again with its clock so many seconds fast, or slow where negative; after
    the block once more with the right time."""

    def __init__(self, node: Node, seconds: float, tell: Tell) -> None:
        if abs(seconds) < LEAST:
            raise ValueError(f"a clock skew of {seconds:g} s: at least {LEAST:g} s can be proved, fast or slow")
        super().__init__(f"clock skew {seconds:+g} s", [node], tell)
        self.node = node
        self._seconds = seconds
        self._preload = preload_of(node)
        self._before = 0.0

    def set_up(self) -> None:
        """The engine's host may have a time of its own."""
        library()
        self._before = self._offset(FaultNotVerified)

    def inject(self) -> None:
        self._preload.put(f"{self._seconds:+.3f}")
        self.node.restart()

    def prove(self) -> str:
        gained = self._offset(FaultNotVerified) - self._before
        if abs(gained - self._seconds) > TOLERANCE:
            raise FaultNotVerified(
                f"{self} did nothing: by its Date header the node's clock is off by {gained:+.1f} s. A program that "
                "asks the kernel for the time itself, such as one in Go, cannot be given another"
            )
        return f"its Date header is off by {gained:+.1f} s"

    def confirm(self) -> None:
        if self.node.state() is NodeState.RUNNING:
            self.prove()

    def heal(self) -> None:
        self._preload.take_away()
        self.node.restart()

    def prove_healed(self) -> str:
        gained = self._offset(FaultNotHealed) - self._before
        if abs(gained) > TOLERANCE:
            raise FaultNotHealed(f"{self}: the node's clock is still off by {gained:+.1f} s")
        return f"its Date header is off by {gained:+.1f} s"

    def _offset(self, failure: type[Exception]) -> float:
        """Seconds by which the node's clock is before ours."""
        check = self.node.spec.health
        try:
            url = self.node.url() + check.path
            began = time.time()
            answer = requests.request(check.method, url, data=check.body, timeout=REQUEST_TIMEOUT)
            ours = (began + time.time()) / 2
        except (requests.RequestException, NodeGone) as error:
            raise failure(f"{self}: the node does not tell its time: {error}") from error
        if (date := answer.headers.get("Date")) is None:
            raise failure(f"{self}: the node does not tell its time, its answers have no Date header")
        return parsedate_to_datetime(date).timestamp() + 0.5 - ours


class ContainerPreload:
    def __init__(self, node: DockerNode) -> None:
        self._node = node

    def put(self, offset: str) -> None:
        self._node.copy_in(library(), IN_CONTAINER)
        self._write(OFFSET, f"{offset}\n")
        self._write(PRELOAD, f"{IN_CONTAINER}\n")

    def take_away(self) -> None:
        """An empty list is as good as none."""
        self._write(PRELOAD, "")

    def _write(self, path: str, text: str) -> None:
        with tempfile.TemporaryDirectory(prefix="tests-functional-clock-") as folder:
            file = Path(folder) / "file"
            file.write_text(text)
            self._node.copy_in(file, path)


class ProcessPreload:
    def __init__(self, node: ProcessNode) -> None:
        self._node = node
        self._right = node.spec

    def put(self, offset: str) -> None:
        preload = {"LD_PRELOAD": str(library()), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self._right = self._node.spec
        self._node.spec = replace(self._right, process_env={**self._right.process_env, **preload})

    def take_away(self) -> None:
        self._node.spec = self._right


def preload_of(node: Node) -> Preload:
    return ContainerPreload(node) if isinstance(node, DockerNode) else ProcessPreload(node)


def library() -> Path:
    """libfaketime's, from its wheel. Raises FaultUnavailable."""
    package = importlib.util.find_spec("libfaketime")
    found = sorted(Path(package.origin).parent.glob("vendor/libfaketime/src/libfaketime.so*")) if package else []
    if not found:
        raise FaultUnavailable("no clock skew here: the package libfaketime is not installed, or has no library")
    return found[0]
