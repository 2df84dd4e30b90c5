"""Faults of a node's network: packets of any protocol are dropped, held, or let pass no faster than so many bytes."""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from fleet import concurrently
from fleet.errors import NodeGone
from fleet.faults.errors import FaultNotHealed, FaultNotVerified
from fleet.faults.life import Fault, Tell
from fleet.faults.shaper import Shaper
from fleet.node import Node

SILENCE = 0.5  # seconds without an answer from a peer that count as none: on one machine it takes less than one ms
PATIENCE = 15.0  # seconds for an effect to be gone, on a machine that has other things to do


class Network(Protocol):
    """Where helpers can be had. Raises FaultUnavailable where they cannot."""

    def shaper(self, node: Node) -> Shaper: ...

    def life(self, node: Node) -> str: ...

    def address(self, node: Node) -> str: ...

    def beacon(self) -> str: ...

    def release(self, node: Node) -> None: ...

    def close(self) -> None: ...


class NetworkFault(Fault):
    """A filter in the network namespace of each node in `filtered`. What the harness itself asks of a node passes.

    A container that is started anew has a new network namespace, without any filter: that ends the fault, and is
    noticed. A process has the same one again.
    """

    def __init__(
        self, name: str, nodes: Sequence[Node], filtered: Sequence[Node], network: Network, tell: Tell
    ) -> None:
        super().__init__(name, nodes, tell)
        self.filtered = list(filtered)
        self.network = network
        self._numbers: dict[str, int] = {}
        self._lives: dict[str, str] = {}

    @abstractmethod
    def filter(self, node: Node) -> dict[str, Any]:
        """What the helper of this node is told: the kind of filter and its arguments."""

    def set_up(self) -> None:
        self._on_each(self._baseline)

    def inject(self) -> None:
        for node in self.filtered:
            self._lives[node.name] = self.network.life(node)
            self._numbers[node.name] = self.network.shaper(node).add(self.filter(node))

    def prove(self) -> str:
        return "; ".join(self._on_each(self._effect))

    def confirm(self) -> None:
        for node in self.filtered:
            self._confirm(node)

    def heal(self) -> None:
        for node in self.filtered:
            number = self._numbers.pop(node.name, None)
            if number is not None and self._same_life(node):
                shaper = self.network.shaper(node)
                if number in shaper.state()["filters"]:  # else the helper ended, and the filter with it
                    shaper.remove(number)

    def prove_healed(self) -> str:
        return "; ".join(self._on_each(self._recovery))

    # Of one node

    @abstractmethod
    def _baseline(self, node: Node) -> None:
        """Tries out before the fault what the fault is to change. Raises FaultNotVerified."""

    @abstractmethod
    def _effect(self, node: Node) -> str:
        """Raises FaultNotVerified."""

    @abstractmethod
    def _recovery(self, node: Node) -> str:
        """Raises FaultNotHealed."""

    def _confirm(self, node: Node) -> None:
        if not self._same_life(node):
            raise FaultNotVerified(f"{self}: {node.name} was started anew meanwhile, and without the fault")
        counts = self.network.shaper(node).state()["filters"].get(self._numbers[node.name])
        if counts is None:
            raise FaultNotVerified(f"{self}: its helper at {node.name} ended meanwhile, and the fault with it")

    def _same_life(self, node: Node) -> bool:
        try:
            return self.network.life(node) == self._lives[node.name]
        except NodeGone:
            return False

    def _on_each(self, action: Any) -> list[Any]:
        results: dict[str, Any] = {}

        def keep(node: Node) -> None:
            results[node.name] = action(node)

        concurrently.each(self.filtered, keep)
        return [results[node.name] for node in self.filtered]


class Partition(NetworkFault):
    """Two groups of nodes that do not reach each other. Within each all is well."""

    def __init__(
        self, left: Sequence[Node], right: Sequence[Node], filtered: Sequence[Node], network: Network, tell: Tell
    ) -> None:
        """`filtered`: which of the two groups does the dropping. That is enough: it drops both directions."""
        names = [", ".join(node.name for node in group) for group in (left, right)]
        super().__init__("partition " + " | ".join(names), [*left, *right], filtered, network, tell)
        self._others = list(right if filtered is left else left)
        self._addresses: dict[str, str] = {}

    def set_up(self) -> None:
        self._addresses = {node.name: self.network.address(node) for node in self._others}
        super().set_up()

    def filter(self, node: Node) -> dict[str, Any]:
        return {"kind": "cut", "peers": list(self._addresses.values())}

    def _baseline(self, node: Node) -> None:
        if missing := self._reached(node, PATIENCE, False):
            raise FaultNotVerified(f"{self}: before it was injected {node.name} did not reach {', '.join(missing)}")

    def _effect(self, node: Node) -> str:
        if reached := self._reached(node, SILENCE, True):
            raise FaultNotVerified(f"{self} did nothing: {node.name} reaches {', '.join(reached)}")
        counts = self.network.shaper(node).state()["filters"][self._numbers[node.name]]
        return f"{node.name} reaches none of them by UDP or TCP, {counts['dropped']} of its packets were dropped"

    def _confirm(self, node: Node) -> None:
        super()._confirm(node)
        for other in self._others:
            try:
                address = self.network.address(other)
            except NodeGone:  # it is down, so it is not reached either
                continue
            if address != self._addresses[other.name]:
                raise FaultNotVerified(f"{self}: {other.name} came back at another address, and was not cut off there")
        self._effect(node)

    def _recovery(self, node: Node) -> str:
        if missing := self._reached(node, PATIENCE, False):
            raise FaultNotHealed(f"{self}: {node.name} still does not reach {', '.join(missing)}")
        return f"{node.name} reaches all of them by UDP and TCP"

    def _reached(self, node: Node, seconds: float, reached: bool) -> list[str]:
        """Which others are reached, or are not, and by which protocol."""
        addresses = {self.network.address(other): other.name for other in self._others}
        answers = self.network.shaper(node).reach(list(addresses), seconds)
        return [
            f"{addresses[address]} ({protocol})"
            for address, by in answers.items()
            for protocol, answered in by.items()
            if answered is reached
        ]


class Delay(NetworkFault):
    """What the node sends arrives later, so a round trip takes so much longer. Packets stay in order."""

    PROBES = 10

    def __init__(
        self, node: Node, seconds: float, jitter: float, rng: random.Random, network: Network, tell: Tell
    ) -> None:
        """`jitter`: by how many seconds more or less, each packet drawn evenly."""
        if not 0 <= jitter < seconds:
            raise ValueError(f"a delay of {seconds:g} s with a jitter of {jitter:g} s: 0 <= jitter < delay is needed")
        spread = f" ± {jitter * 1000:g}" if jitter else ""
        super().__init__(f"delay {seconds * 1000:g}{spread} ms", [node], [node], network, tell)
        self._seconds = seconds
        self._jitter = jitter
        self._seed = rng.getrandbits(64)

    def filter(self, node: Node) -> dict[str, Any]:
        return {"kind": "delay", "seconds": self._seconds, "jitter": self._jitter, "seed": self._seed}

    def _baseline(self, node: Node) -> None:
        self._recovered(node, FaultNotVerified, "before it was injected")

    def _effect(self, node: Node) -> str:
        least = self._seconds - self._jitter
        took = self._fastest(node, self.PROBES)
        if short := {protocol: seconds for protocol, seconds in took.items() if seconds < least}:
            raise FaultNotVerified(f"{self} did nothing: a round trip took no more than {_figures(short)}")
        return f"round trips to another address take at least {_figures(took)}"

    def _recovery(self, node: Node) -> str:
        return self._recovered(node, FaultNotHealed, "after it was healed")

    def _recovered(self, node: Node, failure: type[Exception], when: str) -> str:
        """The fastest of many round trips is short again, but for other delays in force."""
        others = self.network.shaper(node).state()["most_delay"]
        for _ in range(self.PROBES):
            took = self._fastest(node, self.PROBES)
            if max(took.values()) < others + (self._seconds - self._jitter) / 2:
                return f"round trips take {_figures(took)}"
        raise failure(f"{self}: {when} round trips take {_figures(took)} at least")

    def _fastest(self, node: Node, count: int) -> dict[str, float]:
        shaper, beacon = self.network.shaper(node), self.network.beacon()
        datagrams = shaper.echo_datagrams(beacon, count)["fastest"]
        return {
            "udp": math.inf if datagrams is None else datagrams,
            "tcp": shaper.echo_stream(beacon, count)["fastest"],
        }


class Loss(NetworkFault):
    """Each packet that the node sends or gets is lost with the same probability."""

    EXPECTED = 40  # losses among the probes, so that it is seen whether they are so many
    FEWEST, MOST = 400, 20000
    SIGMAS = 5  # once in two million

    def __init__(self, node: Node, fraction: float, rng: random.Random, network: Network, tell: Tell) -> None:
        if not 0.001 <= fraction <= 1:
            raise ValueError(f"a loss of {fraction!r}: a fraction between 0.001 and 1 is needed")
        super().__init__(f"loss {fraction:.1%}", [node], [node], network, tell)
        self._fraction = fraction
        self._others = 1.0  # the share of packets that other faults let pass
        self._seed = rng.getrandbits(64)

    def filter(self, node: Node) -> dict[str, Any]:
        return {"kind": "loss", "fraction": self._fraction, "seed": self._seed}

    def _baseline(self, node: Node) -> None:
        self._others = self.network.shaper(node).state()["survival"]
        self._compare(node, self._others, FaultNotVerified, "before it was injected")

    def _effect(self, node: Node) -> str:
        return self._compare(node, self._others * (1 - self._fraction), FaultNotVerified, "after it was injected")

    def _recovery(self, node: Node) -> str:
        survival = self.network.shaper(node).state()["survival"]
        return self._compare(node, survival, FaultNotHealed, "after it was healed")

    def _compare(self, node: Node, survival: float, failure: type[Exception], when: str) -> str:
        """`survival`: of a packet, past all that is in force. Each probe goes to another container and back."""
        survival **= 2
        count = min(self.MOST, max(self.FEWEST, math.ceil(self.EXPECTED / self._fraction / 2)))
        probes = self.network.shaper(node).echo_datagrams(self.network.beacon(), count)
        lost = 1 - probes["answered"] / probes["sent"]
        band = self.SIGMAS * math.sqrt(survival * (1 - survival) / count) + self._fraction / 10
        said = f"{lost:.2%} of {probes['sent']} datagrams there and back were lost"
        if abs(lost - (1 - survival)) > band:
            raise failure(f"{self}: {when} {said}, expected were {1 - survival:.2%} ± {band:.2%}")
        return said


class Rate(NetworkFault):
    """No more than so many bytes each second, headers included, each way. What comes faster waits, then is dropped."""

    SECONDS = 0.5  # that a probe takes at this rate
    TRIES = 5
    SLOWEST, FASTEST = 1000, 20_000_000

    def __init__(self, node: Node, bytes_per_second: float, network: Network, tell: Tell) -> None:
        if not self.SLOWEST <= bytes_per_second <= self.FASTEST:
            raise ValueError(f"a rate of {bytes_per_second!r} B/s: {self.SLOWEST} to {self.FASTEST} can be had")
        super().__init__(f"rate {bytes_per_second:g} B/s", [node], [node], network, tell)
        self._rate = bytes_per_second
        self._amount = round(bytes_per_second * self.SECONDS) + 3000  # what a rate lets pass at once

    def filter(self, node: Node) -> dict[str, Any]:
        return {"kind": "rate", "bytes_per_second": self._rate}

    def _baseline(self, node: Node) -> None:
        self._recovered(node, FaultNotVerified, "before it was injected")

    def _effect(self, node: Node) -> str:
        took = self._transfer(node)
        if min(took.values()) < self.SECONDS:
            raise FaultNotVerified(f"{self} did nothing: {self._amount} bytes took {_figures(took)}")
        return f"{self._amount} bytes take {_figures(took)}"

    def _recovery(self, node: Node) -> str:
        return self._recovered(node, FaultNotHealed, "after it was healed")

    def _recovered(self, node: Node, failure: type[Exception], when: str) -> str:
        """The same amount takes less time than the rate would allow."""
        for _ in range(self.TRIES):
            took = self._transfer(node)
            if max(took.values()) < self.SECONDS:
                return f"{self._amount} bytes take {_figures(took)}"
        raise failure(f"{self}: {when} {self._amount} bytes took {_figures(took)}, so slow it is without the fault")

    def _transfer(self, node: Node) -> dict[str, float]:
        return self.network.shaper(node).transfer(self.network.beacon(), self._amount)


def _figures(seconds: dict[str, float]) -> str:
    return ", ".join(f"{value * 1000:.1f} ms ({name})" for name, value in seconds.items())
