"""Pressure stall information of the kernel: for how long tasks of this host have stood waiting for something scarce."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/proc/pressure")
RESOURCES = ("cpu", "io", "memory")


def stalled(folder: Path = FOLDER) -> dict[str, float]:
    """Seconds since boot in which at least one task waited, by resource. The kernel brings them up to date when they
    are read, so the growth over a time is exact for it. Empty where the kernel has no such figures or hides them.

    The format: `some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS`, then a line for `full`."""
    seconds = {}
    for resource in RESOURCES:
        try:
            some = (folder / resource).read_text().splitlines()[0]
        except OSError:
            continue
        seconds[resource] = int(some.rpartition("total=")[2]) / 1e6
    return seconds


def growth(before: dict[str, float], after: dict[str, float]) -> tuple[float, str]:
    """How long the host stalled between two readings, and for what: the scarcest counts, for stalls overlap."""
    grown = {resource: after[resource] - before[resource] for resource in before if resource in after}
    worst = max(grown, key=lambda resource: grown[resource], default="")
    return grown.get(worst, 0.0), worst
