"""The host as waits see it: by how much it is slower than nominal, and how long it stalled meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from pace import pressure
from pace.calibration import Calibration


def _load() -> float:
    """Runnable tasks for each processor, over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


@dataclass(frozen=True)
class Reading:
    """The host at one moment; the growth from one to another tells how it was in between."""

    moment: float  # monotonic seconds
    stalled: dict[str, float]


@dataclass(frozen=True)
class Host:
    """Without a calibration it counts as fast; the functions are there to be replaced in tests."""

    calibration: Calibration | None = None
    stalled: Callable[[], dict[str, float]] = pressure.stalled
    load: Callable[[], float] = _load
    clock: Callable[[], float] = time.monotonic

    def reading(self) -> Reading:
        return Reading(self.clock(), self.stalled())

    @property
    def slowness(self) -> float:
        """What every deadline is multiplied by from the start."""
        return self.calibration.slowness if self.calibration else 1.0

    def owed(self, since: Reading) -> tuple[float, str]:
        """Seconds since then in which the host did not do what was waited for, and why, in words.

        Where the kernel has no pressure figures, they are what the contention of the calibration or the load average
        makes of the time that has passed, whichever is more."""
        if since.stalled:
            stalled, resource = pressure.growth(since.stalled, self.stalled())
            return stalled, f"the host stalled for {stalled:.1f} s ({resource})"
        load = self.load()
        contention = max(self.calibration.contention if self.calibration else 1.0, load, 1.0)
        elapsed = self.clock() - since.moment
        return elapsed * (1 - 1 / contention), f"{load:.1f} runnable tasks for each processor of the host"


_current = Host()


def use(host: Host) -> Host:
    """All waits of this process that begin from now on are measured on this host. Returns the one before."""
    global _current
    before, _current = _current, host
    return before


def current() -> Host:
    return _current
