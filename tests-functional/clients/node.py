"""What clients want of the node they talk to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol


class NodeLike(Protocol):
    """Any object like this will do; a bare URL is enough too, at the cost of logs in messages."""

    name: str
    log_path: Path

    def url(self, port: str) -> str:
        """http://HOST:PORT of the named port, as it is now."""

    def logs(self, tail: int | None = None) -> list[str]: ...

    def state(self) -> NodeState: ...

    def exit_code(self) -> int | None: ...


class StorageLike(Protocol):
    """A storage node beside a backend."""

    node: NodeLike  # another one after `join`

    def join(self, spr: str) -> None:
        """The network of the node with this SPR. Before archives are enabled."""


class NodeState(Protocol):
    """An enumeration whose values are words."""

    value: str


class NodeReport:
    """Tells the journal about a node when a wait for it has failed."""

    def __init__(self, node: NodeLike | None, connection: Callable[[], str]) -> None:
        self._node = node
        self._connection = connection

    def state(self) -> str:
        if self._node is None:
            return ""
        try:
            code = self._node.exit_code()
        except Exception as error:  # it must not take the place of the failure that it explains
            return f"state unknown ({type(error).__name__}: {error})"
        return self._node.state().value + ("" if code is None else f" with exit code {code}")

    def connection(self) -> str:
        return self._connection()

    def log_tail(self, lines: int) -> Sequence[str]:
        return self._node.logs(lines) if self._node else ()

    def log_path(self) -> str:
        return str(self._node.log_path) if self._node else ""
