"""What the host went through while a test ran: pressure, load, kills for want of memory, room on the disk."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pace import pressure

OVERLOADED_SHARE = 0.8  # of the time some task waited for a processor
OVERLOADED_LOAD = 4.0  # runnable tasks for each processor, where the kernel has no pressure figures
LEAST_DISK = 100 * 1024**2  # bytes


@dataclass(frozen=True)
class HostState:
    """Counters at one moment; two of them make statements about the time between."""

    moment: float  # monotonic seconds
    cpu_wait: float | None  # seconds in which some task waited for a processor, since boot
    oom_kills: int | None  # since boot
    load: float
    disk_free: int
    processors: int

    @classmethod
    def now(cls, folder: Path) -> HostState:
        return cls(
            time.monotonic(),
            pressure.stalled().get("cpu"),
            _oom_kills(),
            os.getloadavg()[0],
            shutil.disk_usage(folder).free,
            os.cpu_count() or 1,
        )

    def since(self, before: HostState) -> list[str]:
        """What was wrong with the host meanwhile, a line each, with the figure; nothing on a healthy host."""
        wrong = []
        if self.oom_kills is not None and before.oom_kills is not None and self.oom_kills > before.oom_kills:
            wrong.append(f"out of memory: the kernel killed {self.oom_kills - before.oom_kills} process(es) meanwhile")
        if self.disk_free < LEAST_DISK:
            wrong.append(f"disk full: {self.disk_free / 1024**2:.0f} MiB are left where the logs are")
        elapsed = self.moment - before.moment
        if self.cpu_wait is not None and before.cpu_wait is not None:
            share = (self.cpu_wait - before.cpu_wait) / elapsed if elapsed > 0 else 0.0
            if share > OVERLOADED_SHARE:
                wrong.append(f"overload: some task waited for a processor {share:.0%} of the time")
        elif self.load > OVERLOADED_LOAD * self.processors:
            wrong.append(f"overload: load {self.load:.1f} on {self.processors} processors")
        return wrong


def _oom_kills() -> int | None:
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return None
    counts = [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]
    return counts[0] if counts else None
