"""Conditions of the network under the names that status-go's own tests have for them, made by the fixture `faults`.

So each is proved to take effect, no node needs a privilege, and where one cannot be had its test is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clients.status_backend import StatusBackend

_UNITS = {"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9}


class NetworkConditionsSteps:
    """For test classes that inherit it."""

    _faults: Callable[[], Any]

    @pytest.fixture(autouse=True)
    def _faults_of_this_test(self, request: pytest.FixtureRequest) -> None:
        self._faults = lambda: request.getfixturevalue("faults")

    @contextmanager
    def add_latency(self, node: StatusBackend, latency: float = 300, jitter: float = 50) -> Iterator[None]:
        """Milliseconds, of what the node sends."""
        with self._faults().delay(node, latency, jitter=jitter):
            yield

    @contextmanager
    def add_packet_loss(self, node: StatusBackend, packet_loss: float = 2) -> Iterator[None]:
        """Per cent, of what the node sends and receives."""
        with self._faults().loss(node, packet_loss / 100):
            yield

    @contextmanager
    def add_low_bandwidth(
        self, node: StatusBackend, rate: str = "1mbit", burst: str = "32kbit", limit: str = "12500"
    ) -> Iterator[None]:
        """`rate` as `tc` spells it. Bursts and queues are the shaper's own: `burst` and `limit` have no effect."""
        with self._faults().rate(node, bytes_per_second(rate)):
            yield

    @contextmanager
    def node_pause(self, node: StatusBackend) -> Iterator[None]:
        with self._faults().pause(node):
            yield


def bytes_per_second(rate: str) -> int:
    """Of a rate as `tc` spells it: "1mbit", "500kbit".

    :raises ValueError: it is spelt otherwise"""
    match = re.fullmatch(r"(\d+)([kmg]?bit)", rate.lower())
    if match is None:
        raise ValueError(f"a rate is a number and bit, kbit, mbit or gbit, not {rate!r}")
    return int(match[1]) * _UNITS[match[2]] // 8
