"""What one node may use of the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psutil

UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
LEAST_MEMORY = 6 * 1024**2  # docker refuses less


@dataclass(frozen=True)
class Limits:
    """`memory` in bytes, `cpus` in cores (1.5 is one and a half); None where there is no limit."""

    memory: int | None = None
    cpus: float | None = None

    def __bool__(self) -> bool:
        return self != UNLIMITED

    def __str__(self) -> str:
        memory = f"{self.memory / 1024**2:g} MiB of memory" if self.memory else ""
        cpus = f"{self.cpus:g} processors" if self.cpus else ""
        return ", ".join(filter(None, (memory, cpus))) or "none"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


UNLIMITED = Limits()
PROCESS_MEMORY = hasattr(psutil, "RLIMIT_DATA")  # on Linux


def limit_memory(process: psutil.Process, size: int) -> None:
    """What a process, and each of its children by itself, may have of memory of its own: it is refused more."""
    if PROCESS_MEMORY:
        process.rlimit(psutil.RLIMIT_DATA, (size, size))


def missing_for_processes(limits: Limits) -> list[str]:
    """What cannot be kept to where nodes are processes, a line each."""
    lines = ["--node-cpus is for containers: a process cannot be held to a share"] if limits.cpus else []
    if limits.memory and not PROCESS_MEMORY:
        lines.append("--node-memory is for containers: this system cannot limit a process")
    return lines


def missing_in_engine(limits: Limits, info: Mapping[str, Any]) -> list[str]:
    """The same for an engine, by what it says of itself (GET /info): its kernel may lack what it takes."""
    lines = ["--node-cpus: this engine has no CPU quota"] if limits.cpus and not info["CpuCfsQuota"] else []
    if limits.memory and not info["MemoryLimit"]:
        lines.append("--node-memory: this engine cannot limit memory")
    return lines


def parse_memory(text: str) -> int:
    """Bytes of "512m", "2g", "1048576" (as docker writes it). Raises ValueError."""
    match = re.fullmatch(r"(\d+)\s*([bkmg]?)b?", text.strip().lower())
    if not match:
        raise ValueError(f"{text!r} is no amount of memory: write 512m or 2g")
    size = int(match[1]) * UNITS[match[2]]
    if size < LEAST_MEMORY:
        raise ValueError(f"{text!r} is less than the 6m that docker asks for")
    return size


def parse_cpus(text: str) -> float:
    """Raises ValueError."""
    try:
        cpus = float(text)
    except ValueError:
        cpus = 0.0
    if not 0.01 <= cpus < 10_000:  # nor is "nan"
        raise ValueError(f"{text!r} is no number of processors: write 2 or 0.5")
    return cpus
