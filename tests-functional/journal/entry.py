"""One line of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SIGNAL = "signal"
RPC = "rpc"
HTTP = "http"
STEP = "step"
NOTE = "note"

RESERVED = frozenset({"seq", "wall", "mono", "node", "kind"})


@dataclass(frozen=True, slots=True)
class Entry:
    """`seq` counts from 0 within one journal; `wall` is Unix time and `mono` the process's monotonic clock, both in
    seconds. `data` depends on `kind`:

    signal  {"type", "event"}
    rpc     {"method", "params", "result" | "error", "duration"}
    http    {"method", "url", "request", "status", "response" | "error", "duration"}
    step    {"name", "phase": "begin" | "end" | "failed", "duration"?, "error"?}
    note    {"text"}

    Durations are seconds."""

    seq: int
    wall: float
    mono: float
    node: str
    kind: str
    data: Mapping[str, Any]
