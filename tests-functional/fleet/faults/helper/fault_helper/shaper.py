"""Puts packets through the filters that are in force now."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import socket
from collections import Counter
from ipaddress import ip_address, ip_network

from fault_helper.divert import divert
from fault_helper.filters import Filter
from fault_helper.packets import Packet, PacketQueue


class Shaper:
    """Touches what is exchanged with `networks`, but for the addresses in `spared`: over those the harness comes.

    While no filter is in force no packet is diverted.
    """

    def __init__(self, networks: list[str], spared: list[str]) -> None:
        self.filters: dict[int, Filter] = {}
        self.dropped: Counter[str] = Counter()  # by peer
        self._networks = [ip_network(network) for network in networks]
        self._spared = {ip_address(address) for address in spared}
        self._numbers = itertools.count(1)
        self._queue: PacketQueue | None = None
        self._rule: socket.socket | None = None
        self._held: list[tuple[float, int, Packet]] = []
        self._timer: asyncio.TimerHandle | None = None

    def try_out(self) -> None:
        """Raises OSError where this kernel cannot divert packets."""
        self._open()
        self._close()

    def add(self, added: Filter) -> int:
        if self._queue is None:
            self._open()
            asyncio.get_running_loop().add_reader(self._queue.socket, self._receive)
        number = next(self._numbers)
        self.filters[number] = added
        return number

    def remove(self, number: int) -> None:
        del self.filters[number]
        if not self.filters:
            asyncio.get_running_loop().remove_reader(self._queue.socket)
            self._close()

    def survival(self) -> float:
        """The share of packets that all filters together let pass."""
        return math.prod(each.survival for each in self.filters.values())

    def most_delay(self) -> float:
        return sum(each.most_delay for each in self.filters.values())

    def _open(self) -> None:
        self._queue = PacketQueue()
        try:
            self._rule = divert(self._queue.number)
        except BaseException:
            self._queue.close()
            self._queue = None
            raise

    def _close(self) -> None:
        """First the rule: what is queued already still gets its verdict."""
        self._rule.close()
        self._receive()
        for _, _, packet in self._held:
            self._queue.accept(packet)
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.close()
        self._queue = self._rule = None

    def _receive(self) -> None:
        now = asyncio.get_running_loop().time() if self.filters else 0.0
        for packet in self._queue.receive():
            goes = self._judge(packet, now)
            if goes is None:
                self.dropped[str(packet.peer)] += 1
                self._queue.drop(packet)
            elif goes <= now:
                self._queue.accept(packet)
            else:
                heapq.heappush(self._held, (goes, packet.number, packet))
        self._set_timer()

    def _judge(self, packet: Packet, now: float) -> float | None:
        if packet.peer in self._spared or not any(packet.peer in network for network in self._networks):
            return now
        goes: float | None = now
        for each in self.filters.values():
            goes = each(packet, goes)
            if goes is None:
                break
        return goes

    def _release(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._held and self._held[0][0] <= now:
            self._queue.accept(heapq.heappop(self._held)[2])
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            self._timer = asyncio.get_running_loop().call_at(self._held[0][0], self._release)
