"""Every fault there is, by its name."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fleet import concurrently
from fleet.faults.clock import ClockSkew
from fleet.faults.disk import DiskFull
from fleet.faults.errors import FaultUnavailable
from fleet.faults.life import Fault, Tell
from fleet.faults.network import Delay, Loss, Network, Partition, Rate
from fleet.faults.process import Kill, Pause, Restart
from fleet.node import Node

F = TypeVar("F", bound=Fault)


class Faults:
    """`with faults.kill(node): ...`, and so with every other. See `Fault` for what all of them do.

    A fault acts on nodes of the test that asks. Other tests use the shared ones too: those can only be the peers that a
    node is cut off from.
    """

    def __init__(
        self,
        tell: Tell = lambda node, name, phase, text: None,
        *,
        network: Callable[[], Network] | None = None,
        rng: Callable[[str], random.Random] = random.Random,
        node_of: Callable[[Any], Node] = lambda given: given,
        is_shared: Callable[[Node], bool] = lambda node: False,
    ) -> None:
        """`network` gives the helpers of network faults, or raises FaultUnavailable. `rng` makes a generator for the
        name of a fault. `node_of` makes a Node of what tests have in hand, such as a client."""
        self._tell = tell
        self._get_network = network
        self._rng = rng
        self._node_of = node_of
        self._is_shared = is_shared
        self._made: list[Fault] = []
        self._disturbed: dict[str, Node] = {}

    def kill(self, node: Any) -> Kill:
        """Dead by SIGKILL during the block, started again with its data after it."""
        return self._keep(Kill(self._own(node), self._tell))

    def restart(self, node: Any) -> Restart:
        """Ended in good order before the block, started again with its data after it."""
        return self._keep(Restart(self._own(node), self._tell))

    def pause(self, node: Any) -> Pause:
        """Frozen during the block: connected, and silent."""
        return self._keep(Pause(self._own(node), self._tell))

    def partition(self, left: Any, right: Any) -> Partition:
        """Nothing goes between the two groups, by whatever protocol; each is a node or a list of nodes.

        One of the groups must be the test's own nodes.
        """
        groups = [[self._node_of(each) for each in _several(group)] for group in (left, right)]
        own = [group for group in groups if not any(map(self._is_shared, group))]
        if not own:
            raise ValueError("both groups of a partition have nodes that all tests of the run share")
        return self._disturbing(
            min(own, key=len), lambda network, filtered: Partition(*groups, filtered, network, self._tell)
        )

    def delay(self, node: Any, ms: float, jitter: float = 0.0) -> Delay:
        """What the node sends arrives `ms` milliseconds later, give or take up to `jitter`: so do all answers to it."""
        rng = self._rng("delay")
        return self._disturbing(
            [self._own(node)],
            lambda network, nodes: Delay(*nodes, ms / 1000, jitter / 1000, rng, network, self._tell),
        )

    def loss(self, node: Any, fraction: float) -> Loss:
        """Each packet that the node sends or gets is lost with this probability."""
        rng = self._rng("loss")
        return self._disturbing(
            [self._own(node)], lambda network, nodes: Loss(*nodes, fraction, rng, network, self._tell)
        )

    def rate(self, node: Any, bytes_per_second: float) -> Rate:
        """The node sends no more than this, and gets no more, headers included."""
        return self._disturbing(
            [self._own(node)], lambda network, nodes: Rate(*nodes, bytes_per_second, network, self._tell)
        )

    def clock_skew(self, node: Any, seconds: float) -> ClockSkew:
        """The node is started anew with its clock so many seconds fast (slow: negative), and once more to heal it."""
        return self._keep(ClockSkew(self._own(node), seconds, self._tell))

    def disk_full(self, node: Any, leave: int = 0) -> DiskFull:
        """Nothing more can be written into the node's data directory, but for `leave` bytes. The test must be marked
        `sized_data`."""
        return self._keep(DiskFull(self._own(node), leave, self._tell))

    def close(self) -> None:
        """Ends the helpers of network faults. Raises RuntimeError where a fault was made and never entered: then it was
        no fault at all."""
        disturbed, self._disturbed = list(self._disturbed.values()), {}
        concurrently.each(disturbed, lambda node: self._get_network().release(node))
        made, self._made = self._made, []
        if unused := [str(fault) for fault in made if not fault.entered]:
            raise RuntimeError(f"made and never injected, for want of a `with`: {', '.join(unused)}")

    def _own(self, given: Any) -> Node:
        node = self._node_of(given)
        if self._is_shared(node):
            raise ValueError(f"{node.name} is shared by all tests of the run: no fault may hit it")
        return node

    def _disturbing(self, filtered: list[Node], make: Callable[[Network, list[Node]], F]) -> F:
        if self._get_network is None:
            raise FaultUnavailable("no network faults here: nothing was given to have them by")
        fault = make(self._get_network(), filtered)
        self._disturbed |= {node.name: node for node in filtered}
        return self._keep(fault)

    def _keep(self, fault: F) -> F:
        self._made.append(fault)
        return fault


def _several(group: Any) -> Sequence[Any]:
    return group if isinstance(group, list | tuple | set) else [group]
