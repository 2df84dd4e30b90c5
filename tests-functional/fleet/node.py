"""What both runtimes offer. The contract suite in selftests/fleet holds them to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from fleet.spec import Capability, ExecResult, NodeSpec, NodeState, Usage


class Node(Protocol):
    """A started node. Every call is blocking and returns when its effect is there."""

    spec: NodeSpec
    name: str
    log_path: Path  # grows while the node runs

    @property
    def image_id(self) -> str:
        """What the engine calls its image, whatever name that may have now; "" for a process."""

    @property
    def data_path(self) -> str:
        """The data directory as the node itself sees it: what to put into a request to the node."""

    @property
    def handle(self) -> dict[str, Any]:
        """JSON that `Runtime.attach` of another process of the same run makes a Node of."""

    def url(self, port: str | None = None) -> str:
        """http://host:port as the tests reach it; by default the health check's port. Changes when docker restarts it.

        Raises NodeGone where the node has no such address now (stopped, disconnected).
        """

    def address(self, port: str | None = None) -> tuple[str, int]:
        """(host, port) as other nodes of the run reach it."""

    def state(self) -> NodeState: ...

    def exit_code(self) -> int | None:
        """How it ended: 0..255, 128 + N for signal N; None while it runs or where nobody could know."""

    def logs(self, tail: int | None = None) -> list[str]:
        """All lines so far, or the last `tail`, over all restarts."""

    def start(self) -> None:
        """Starts a stopped node with its data and waits until it is healthy. Raises StartError."""

    def stop(self) -> int | None:
        """Sends the stop signal, kills after `stop_timeout`; returns the exit code."""

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, the data stays."""

    def restart(self) -> None: ...

    def pause(self) -> None:
        """Freezes it: connections stay open, nothing is answered."""

    def resume(self) -> None: ...

    def send_signal(self, name: str) -> None:
        """Sends it a signal ("SIGUSR1") and returns before it has taken effect."""

    def disconnect(self) -> None:
        """Takes it off the network (its published ports go too). Raises NotSupported without Capability.DISCONNECT."""

    def reconnect(self) -> None: ...

    def exec(self, argv: Sequence[str]) -> ExecResult:
        """Runs a command beside the running node, in its data directory and with its environment."""

    def copy_in(self, source: Path, target: str) -> None:
        """Copies a file or folder from here to `target` (relative: to the data directory)."""

    def copy_out(self, source: str, target: Path) -> None:
        """Copies a file or folder of the node (relative: to the data directory) to `target` here."""

    def usage(self) -> Usage: ...

    def remove(self) -> None:
        """Ends it if need be and removes all of it but the log. May be called again."""


class Runtime(Protocol):
    """Where nodes run."""

    name: str
    capabilities: frozenset[Capability]

    def start(self, specs: Sequence[NodeSpec], log_dir: Path, *, test: str = "") -> list[Node]:
        """Starts all concurrently and returns them healthy, in the order of `specs`; if one fails, none is left."""

    def attach(self, handle: dict[str, Any]) -> Node:
        """A node that another process of this run started."""

    def remove_worker(self, worker: str) -> list[str]:
        """For the controller, when a worker died: removes its nodes. Returns what there was, a line each."""

    def keep(self, nodes: Sequence[Node]) -> None:
        """Nodes that `close` shall leave alone."""

    def close(self) -> None:
        """Removes the nodes that this runtime started, and on the controller what they shared."""
