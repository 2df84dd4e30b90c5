"""The program in a node's network namespace (helper/fault_helper), as the harness sees it."""

from __future__ import annotations

import json
import threading
from typing import Any, Protocol

from fleet.errors import FleetError
from fleet.faults.errors import FaultUnavailable

START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 120.0  # seconds; the longest probe takes a few


class ShaperGone(FleetError):
    """The program has ended, and its filters with it."""


class Channel(Protocol):
    """stdin and stdout of the program."""

    def write(self, line: bytes) -> None:
        """Raises OSError where the program has ended."""

    def readline(self, timeout: float) -> bytes:
        """b"" at the end. Raises OSError, TimeoutError."""

    def close(self) -> None:
        """Ends the program."""


class Shaper:
    """Commands are answered in their order. Threads may use it. Raises ShaperGone where nobody answers any more."""

    def __init__(self, channel: Channel, of: str) -> None:
        self._channel = channel
        self._of = of
        self._lock = threading.Lock()
        said = self._hear(START_TIMEOUT)
        if reason := said.get("unavailable"):
            raise FaultUnavailable(f"no network faults here: {reason}")

    def add(self, description: dict[str, Any]) -> int:
        """Puts a filter into force; see the helper's filters for their arguments. Returns its number."""
        return self._ask("add", filter=description)

    def remove(self, number: int) -> dict[str, int]:
        """Returns what it did: packets {"seen", "dropped", "held"}."""
        return self._ask("remove", number=number)

    def state(self) -> dict[str, Any]:
        """{"filters": {number: counts}, "survival": share that all let pass, "most_delay": seconds by all}."""
        state = self._ask("state")
        return {**state, "filters": {int(number): counts for number, counts in state["filters"].items()}}

    def reach(self, peers: list[str], seconds: float) -> dict[str, dict[str, bool]]:
        """Which addresses answer within that time: {address: {"udp": bool, "tcp": bool}}."""
        return self._ask("reach", peers=peers, seconds=seconds)

    def echo_datagrams(self, beacon: str, count: int) -> dict[str, Any]:
        """{"sent", "answered", "fastest": seconds or None}."""
        return self._ask("echo_datagrams", beacon=beacon, count=count)

    def echo_stream(self, beacon: str, count: int) -> dict[str, Any]:
        """{"fastest": seconds}."""
        return self._ask("echo_stream", beacon=beacon, count=count)

    def transfer(self, beacon: str, amount: int) -> dict[str, float]:
        """Seconds that so many bytes took over TCP: {"sent", "received"}."""
        return self._ask("transfer", beacon=beacon, amount=amount)

    def alive(self) -> bool:
        try:
            self.state()
        except ShaperGone:
            return False
        return True

    def close(self) -> None:
        self._channel.close()

    def _ask(self, what: str, **arguments: Any) -> Any:
        with self._lock:
            try:
                self._channel.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
            except OSError as error:
                raise self._gone(str(error)) from error
            said = self._hear(ANSWER_TIMEOUT)
        if "error" in said:
            raise FleetError(f"the fault helper of {self._of} could not {what}: {said['error']}")
        return said["answer"]

    def _hear(self, timeout: float) -> dict[str, Any]:
        try:
            line = self._channel.readline(timeout)
        except OSError as error:  # TimeoutError is one
            raise self._gone(str(error) or type(error).__name__) from error
        if not line:
            raise self._gone("its output has ended")
        return json.loads(line)

    def _gone(self, why: str) -> ShaperGone:
        return ShaperGone(f"the fault helper of {self._of} is gone: {why}")
