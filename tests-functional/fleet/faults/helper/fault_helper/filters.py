"""What becomes of a packet: each filter says when it may go on, or that it is lost."""

from __future__ import annotations

import random
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from fault_helper.packets import Packet

BURST = 3000  # bytes that a rate lets pass at once: two full packets
LONGEST_QUEUE = 0.5  # seconds that a packet waits for a rate; what would wait longer is dropped, as routers do
SHORTEST_QUEUE = 15000  # bytes that may wait however low the rate: a TCP connection begins with ten full packets


class Filter:
    """`judge` takes the moment at which the packet would go on, and returns a moment not before it; None drops it."""

    least_delay = 0.0  # seconds by which it holds up every packet that is sent
    most_delay = 0.0
    survival = 1.0  # the share of packets that it lets pass

    def __init__(self) -> None:
        self.counts = {"seen": 0, "dropped": 0, "held": 0}

    def __call__(self, packet: Packet, at: float) -> float | None:
        self.counts["seen"] += 1
        judged = self.judge(packet, at)
        if judged is None:
            self.counts["dropped"] += 1
        elif judged > at:
            self.counts["held"] += 1
        return judged

    def judge(self, packet: Packet, at: float) -> float | None:
        return at


class Cut(Filter):
    """Nothing goes to these peers or comes from them."""

    def __init__(self, peers: list[str]) -> None:
        super().__init__()
        self._peers = {ip_address(peer) for peer in peers}

    def judge(self, packet: Packet, at: float) -> float | None:
        return None if packet.peer in self._peers else at


class Delay(Filter):
    """What is sent is held for `seconds`, give or take up to `jitter`, and stays in its order."""

    def __init__(self, seconds: float, jitter: float, seed: int) -> None:
        super().__init__()
        self.least_delay, self.most_delay = seconds - jitter, seconds + jitter
        self._random = random.Random(seed)
        self._last = 0.0

    def judge(self, packet: Packet, at: float) -> float | None:
        if packet.sent:
            self._last = max(self._last, at + self._random.uniform(self.least_delay, self.most_delay))
            return self._last
        return at


class Loss(Filter):
    """Each packet, sent or received, is lost with this probability."""

    def __init__(self, fraction: float, seed: int) -> None:
        super().__init__()
        self.survival = 1 - fraction
        self._random = random.Random(seed)

    def judge(self, packet: Packet, at: float) -> float | None:
        return at if self._random.random() < self.survival else None


class Rate(Filter):
    """So many bytes each second, headers included, each way. What comes faster waits, and then is dropped."""

    def __init__(self, bytes_per_second: float) -> None:
        super().__init__()
        self._rate = bytes_per_second
        self._burst = BURST / bytes_per_second
        self._longest = max(LONGEST_QUEUE, SHORTEST_QUEUE / bytes_per_second)
        self._free = {True: 0.0, False: 0.0}  # by direction: when the link has sent all that it was given

    def judge(self, packet: Packet, at: float) -> float | None:
        free = max(self._free[packet.sent], at) + packet.size / self._rate
        goes = max(at, free - self._burst)
        if goes - at > self._longest:
            return None
        self._free[packet.sent] = free
        return goes


class Nothing(Filter):
    """A fault that does nothing: by this the harness tries whether it would notice."""


KINDS = {kind.__name__.lower(): kind for kind in (Cut, Delay, Loss, Rate, Nothing)}


def make(description: Mapping[str, Any]) -> Filter:
    """{"kind": "loss", "fraction": 0.1, "seed": 1}: the kind's name and its arguments."""
    arguments = dict(description)
    return KINDS[arguments.pop("kind")](**arguments)
