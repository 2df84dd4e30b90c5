"""What can go wrong with a fleet, said for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class FleetError(Exception):
    """Anything that the fleet could not do."""


class NotSupported(FleetError):
    """The runtime has declared that it cannot do this (see Capability)."""


class NodeGone(FleetError):
    """The node was removed, is not running, or is not reachable, so the request makes no sense now."""


class StartError(FleetError):
    """A node did not become healthy.

    Its text says which node, what was awaited, what came instead, and how its log ends.
    """

    def __init__(
        self,
        node: str,
        awaited: str,
        instead: str,
        *,
        log_path: Path,
        log_tail: Sequence[str] = (),
        exit_code: int | None = None,
    ) -> None:
        self.node = node
        self.awaited = awaited
        self.instead = instead
        self.log_path = log_path
        self.log_tail = list(log_tail)
        self.exit_code = exit_code
        tail = "\n".join(f"    {line}" for line in self.log_tail) or "    (it printed nothing)"
        super().__init__(
            f"node {node!r} did not start: awaited {awaited}, but {instead}\n"
            f"its log is {log_path}, the last lines are:\n{tail}"
        )
