"""What one node may use of the machine."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

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
    if not 0.01 <= cpus < 10_000:
        raise ValueError(f"{text!r} is no number of processors: write 2 or 0.5")
    return cpus
