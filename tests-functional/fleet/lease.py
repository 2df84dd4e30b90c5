"""Who holds a run, carried by all that belongs to it, so that others can tell whether it still lives."""

from __future__ import annotations

import enum
import functools
import json
import os
import platform
import subprocess
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

MARGIN = 3600.0  # seconds by which the clocks of two machines may differ
SAME_SECOND = 1.0


class Standing(enum.Enum):
    """What can be said of a run from here."""

    RUNNING = "its controller lives"
    GUARDED = "its controller is gone; a reaper keeps it or is removing it"
    ELSEWHERE = "another machine or user holds it"
    REBOOTED = "this machine was booted since"
    OVER = "nobody holds it any more"


@dataclass(frozen=True)
class Lease:
    """Process `controller`, started at `started` (as `start_of` says it), holds the run until `expires`.

    `began` and `expires` are seconds since 1970. `boot` is of one boot of one machine, `pids` of the pid namespace that
    `controller` is a number of.
    """

    run_id: str
    host: str
    boot: str
    pids: str
    user: int
    controller: int
    started: str
    began: float
    expires: float

    @classmethod
    def of_this_process(cls, run_id: str, lifetime: float) -> Lease:
        now, pid = time.time(), os.getpid()
        here = (platform.node(), boot_id(), pid_namespace(), os.getuid())
        return cls(run_id, *here, pid, start_of(pid) or "", round(now, 3), round(now + lifetime, 3))

    def to_text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Lease:
        """Raises ValueError for anything else than what `to_text` gives."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(f"no lease: {error}") from error

    def standing(self, guarded: Collection[str]) -> Standing:
        """`guarded`: ids of the runs that have a living reaper here (see fleet.reaper)."""
        same_boot = (self.boot, self.pids) == (boot_id(), pid_namespace())
        # Another user's processes may be hidden from this one.
        if same_boot and os.getuid() in (0, self.user):
            if self.started == start_of(self.controller):
                return Standing.RUNNING
            return Standing.GUARDED if self.run_id in guarded else Standing.OVER
        if time.time() > self.expires + MARGIN:
            return Standing.OVER
        if self.host == platform.node() and self.boot != boot_id() and self.began < psutil.boot_time() - SAME_SECOND:
            return Standing.REBOOTED
        return Standing.ELSEWHERE


def start_of(pid: int) -> str | None:
    """When a process started, by a clock that nobody sets; None where it has ended (a zombie has)."""
    stat = Path("/proc", str(pid), "stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None


@functools.cache
def boot_id() -> str:
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    return subprocess.check_output(["sysctl", "-n", "kern.bootsessionuuid"], text=True).strip()


@functools.cache
def pid_namespace() -> str:
    linux = Path("/proc/self/ns/pid")
    return os.readlink(linux) if linux.exists() else ""
