"""How fast this host is: a short fixed piece of work of the kind that nodes do, against what it takes elsewhere."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from typing import Any

NOMINAL_CPU = 0.006  # seconds of one round on the two-core machine that the timings were chosen on
ROUNDS = 5
TOLERANCE = 1.25  # what differs less than this between two measurements is noise
SLOWEST = 4.0


@dataclass(frozen=True)
class Calibration:
    """`cpu`: processor seconds of the fastest round. `waited`: wall time over processor time of all rounds, which is
    1 where the work had a processor for itself."""

    cpu: float
    waited: float

    @property
    def slowness(self) -> float:
        """How many times the nominal processor time this host takes; 1 where it is as fast or faster."""
        slowness = self.cpu / NOMINAL_CPU
        return min(slowness, SLOWEST) if slowness > TOLERANCE else 1.0

    @property
    def contention(self) -> float:
        """How many times longer than undisturbed the work took; 1 where nothing disturbed it."""
        return self.waited if self.waited > TOLERANCE else 1.0

    def to_json(self) -> dict[str, Any]:
        figures = {**asdict(self), "slowness": self.slowness, "contention": self.contention}
        return {name: round(figure, 4) for name, figure in figures.items()}


def calibrate() -> Calibration:
    """Takes about a twentieth of a second."""
    began = time.monotonic()
    rounds = [_timed_round() for _ in range(ROUNDS)]
    return Calibration(min(rounds), (time.monotonic() - began) / max(sum(rounds), 1e-6))


def _timed_round() -> float:
    began = time.thread_time()
    _work()
    return time.thread_time() - began


def _work() -> None:
    """Messages as JSON, hashed, put into a database and read again."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE messages (id TEXT PRIMARY KEY, body TEXT)")
        for number in range(400):
            body = json.dumps({"number": number, "text": "message " * 20, "tags": list(range(10))})
            database.execute("INSERT INTO messages VALUES (?, ?)", (hashlib.sha256(body.encode()).hexdigest(), body))
        for (body,) in database.execute("SELECT body FROM messages ORDER BY id"):
            json.loads(body)
    database.close()
