"""Waits: each knows what it is for, how long it may still take, and what that comes to on a host that stalls."""

from __future__ import annotations

import threading
from types import TracebackType

from pace import host as hosts
from pace.host import Host

MOST = 5.0  # times nominal that a wait is ever stretched to
GRAIN = 0.1  # seconds; to owe less is to owe nothing
INSTANT = 0.001  # seconds; with less left a limit is reached

_lock = threading.Lock()
_open: dict[int, Wait] = {}
_highest = 1.0


class Wait:
    """`seconds` of a host that does not stall. Looked at only when they have passed: then the time in which the host
    stalled meanwhile is given back, as long as there is some, up to MOST times nominal::

        with Wait("archives of 0x02", 30, of="owner") as wait:
            while not there and (left := wait.left()) > 0:
                condition.wait(left)

    While the block lasts the wait is among `open_waits`."""

    def __init__(self, what: str, seconds: float, *, of: str = "", host: Host | None = None) -> None:
        self.what = what
        self.of = of
        self.nominal = seconds
        self._host = host or hosts.current()
        self._slowness = self._host.slowness
        self._since = self._host.reading()
        self._reason = ""
        self._extra = 0.0
        self.limit = seconds * self._slowness
        self.thread = threading.get_ident()

    @property
    def began(self) -> float:
        """Monotonic seconds."""
        return self._since.moment

    @property
    def ends(self) -> float:
        """Monotonic seconds; later perhaps, when the limit is reached and time is owed."""
        return self._since.moment + self.limit

    def left(self) -> float:
        """Seconds until it is worth asking again; 0 when it is over for good."""
        passed = self._passed()
        if self.limit - passed < INSTANT:
            owed, reason = self._host.owed(self._since)
            limit = min(self.nominal * self._slowness + owed, self.nominal * MOST) + self._extra
            if limit - passed < GRAIN:
                return 0.0
            self.limit, self._reason = limit, reason
        return self.limit - passed

    def extend(self, seconds: float) -> None:
        """Time that passed, or will pass, for something else."""
        self._extra += seconds
        self.limit += seconds

    @property
    def stretch(self) -> float:
        """How many times nominal it has lasted; 1 where that was enough."""
        return max(1.0, min(self._passed(), self.limit) / self.nominal) if self.nominal > 0 else 1.0

    def __str__(self) -> str:
        """The limit for people: `30 s (stretched to 41 s: the host stalled for 11.0 s (cpu))`."""
        if self.limit <= self.nominal + GRAIN:
            return f"{self.nominal:g} s"
        slow = f"this host takes {self._slowness:.1f} times the nominal time" if self._slowness > 1 else ""
        reasons = " and ".join(reason for reason in (slow, self._reason) if reason)
        return f"{self.nominal:g} s (stretched to {self.limit:.3g} s: {reasons})"

    def on(self, event: threading.Event) -> bool:
        """Whether the event was set in time."""
        while not event.is_set() and (left := self.left()) > 0:
            event.wait(left)
        return event.is_set()

    def __enter__(self) -> Wait:
        with _lock:
            _open[id(self)] = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _highest
        with _lock:
            del _open[id(self)]
            _highest = max(_highest, self.stretch)

    def _passed(self) -> float:
        return self._host.clock() - self._since.moment


def open_waits() -> list[Wait]:
    """What all threads of this process wait for now, the oldest first."""
    with _lock:
        return sorted(_open.values(), key=lambda wait: wait.began)


def start_counting() -> None:
    """From now on `highest_stretch` counts anew."""
    global _highest
    with _lock:
        _highest = 1.0


def highest_stretch() -> float:
    """Of the waits that ended since `start_counting`."""
    with _lock:
        return _highest
