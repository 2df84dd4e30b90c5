"""Every fault there is, by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fleet.faults.life import Fault, Tell
from fleet.faults.process import Kill, Pause, Restart
from fleet.node import Node, Runtime

F = TypeVar("F", bound=Fault)


class Faults:
    """`with faults.kill(node): ...`, and so with every other. See `Fault` for what all of them do.

    A fault acts on nodes of the test that asks. Other tests use the shared ones too: those can only be the peers that a
    node is cut off from.
    """

    def __init__(
        self,
        runtime: Runtime,
        tell: Tell = lambda node, name, phase, text: None,
        *,
        node_of: Callable[[Any], Node] = lambda given: given,
        is_shared: Callable[[Node], bool] = lambda node: False,
    ) -> None:
        """`node_of` makes a Node of what tests have in hand, such as a client."""
        self._runtime = runtime
        self._tell = tell
        self._node_of = node_of
        self._is_shared = is_shared
        self._made: list[Fault] = []

    def kill(self, node: Any) -> Kill:
        """Dead by SIGKILL during the block, started again with its data after it."""
        return self._keep(Kill(self._own(node), self._tell))

    def restart(self, node: Any) -> Restart:
        """Ended in good order before the block, started again with its data after it."""
        return self._keep(Restart(self._own(node), self._tell))

    def pause(self, node: Any) -> Pause:
        """Frozen during the block: connected, and silent."""
        return self._keep(Pause(self._own(node), self._tell))

    def close(self) -> None:
        """Raises RuntimeError where a fault was made and never entered: then it was no fault at all."""
        made, self._made = self._made, []
        if unused := [str(fault) for fault in made if not fault.entered]:
            raise RuntimeError(f"made and never injected, for want of a `with`: {', '.join(unused)}")

    def _own(self, given: Any) -> Node:
        node = self._node_of(given)
        if self._is_shared(node):
            raise ValueError(f"{node.name} is shared by all tests of the run: no fault may hit it")
        return node

    def _keep(self, fault: F) -> F:
        self._made.append(fault)
        return fault
