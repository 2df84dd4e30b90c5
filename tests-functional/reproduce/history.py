"""What became of each test here before, in one file beside the runs; it stays when runs are deleted.

python -m reproduce.history [--logs-dir DIR] [PATTERN]     a table of the tests whose ids have PATTERN in them
"""

from __future__ import annotations

import argparse
import datetime
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce import reasons

FILE = "history.sqlite"
TESTS = "tests-functional/tests/"  # where most tests are; the table leaves it out
LOGS = Path(__file__).parents[1] / "logs"
OF_ONE_TEST = 500  # outcomes that are kept, the latest ones
IN_ALL = 50_000
BUSY = 30.0  # seconds to wait for another run that writes

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, test TEXT NOT NULL, runtime TEXT NOT NULL, image TEXT NOT NULL,
    run TEXT NOT NULL, ended REAL NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, seed INTEGER, folder TEXT
);
CREATE INDEX IF NOT EXISTS by_test ON outcomes (test, runtime, image, id);
"""


@dataclass(frozen=True)
class Past:
    """What is known of one test in one runtime, with one image. `failures`: when, and why, latest last."""

    test: str
    runtime: str
    image: str
    runs: int
    failures: tuple[tuple[float, str], ...]

    @property
    def where(self) -> str:
        return self.runtime if self.image == "reference" else f"{self.runtime}, {self.image}"

    def told(self, reason: str = "") -> str:
        """A line for whoever looks at a failure for `reason`, or at a test that passed."""
        if not self.runs:
            return f"never ran here before ({self.where})"
        if not self.failures:
            return f"failed in none of the last {self.runs} runs here ({self.where})"
        same = sum(why == reason for _, why in self.failures)
        again = f", for the same reason in {same}" if reason else ""
        last = _date(self.failures[-1][0])
        return f"failed {len(self.failures)} of the last {self.runs} runs here ({self.where}), last on {last}{again}"


class History:
    """Each call is a transaction of its own, so that runs at the same time do not disturb each other.

    Raises sqlite3.Error where the file is not to be used."""

    def __init__(self, logs_dir: Path) -> None:
        self.path = logs_dir / FILE

    def add(self, record: Mapping[str, Any], *, runtime: str, image: str, run: str, folder: str) -> None:
        """`record` is that of test.json. A test that was skipped tells nothing."""
        if record["outcome"] == reasons.SKIPPED:
            return
        test = record.get("test", record["id"])
        ended = max((phase["end"] for phase in record["phases"]), default=record["began"])
        row = (
            test,
            runtime,
            image,
            run,
            ended,
            record["outcome"],
            reasons.of_record(record),
            record.get("seed"),
            folder,
        )
        with self._open() as db:
            db.execute(
                "INSERT INTO outcomes (test, runtime, image, run, ended, outcome, reason, seed, folder) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row,
            )  # fmt: skip
            db.execute(
                "DELETE FROM outcomes WHERE test = ? AND runtime = ? AND image = ? AND id <= (SELECT id FROM outcomes "
                "WHERE test = ? AND runtime = ? AND image = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (test, runtime, image, test, runtime, image, OF_ONE_TEST),
            )
            db.execute("DELETE FROM outcomes WHERE id <= (SELECT MAX(id) FROM outcomes) - ?", (IN_ALL,))

    def of(self, test: str, runtime: str, image: str) -> Past:
        with self._open() as db:
            rows = db.execute(
                "SELECT ended, outcome, reason FROM outcomes WHERE test = ? AND runtime = ? AND image = ? ORDER BY id",
                (test, runtime, image),
            ).fetchall()
        return _past((test, runtime, image), rows)

    def all(self, pattern: str = "") -> list[Past]:
        """Of the tests whose ids have `pattern` in them, in any letter case; what failed most often first."""
        groups: dict[tuple[str, str, str], list[tuple[float, str, str]]] = {}
        with self._open() as db:
            for test, runtime, image, *rest in db.execute(
                "SELECT test, runtime, image, ended, outcome, reason FROM outcomes ORDER BY id"
            ):
                if pattern.lower() in test.lower():
                    groups.setdefault((test, runtime, image), []).append(tuple(rest))
        pasts = [_past(key, rows) for key, rows in groups.items()]
        return sorted(pasts, key=lambda past: (-len(past.failures) / past.runs, past.test, past.where))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=BUSY)
        try:
            with db:
                db.executescript(_SCHEMA)
                db.execute("BEGIN IMMEDIATE")
                yield db
        finally:
            db.close()


def _past(key: tuple[str, str, str], rows: Sequence[tuple[float, str, str]]) -> Past:
    failures = tuple((ended, why) for ended, outcome, why in rows if outcome != reasons.PASSED)
    return Past(*key, runs=len(rows), failures=failures)


def table(pasts: Sequence[Past]) -> str:
    """For a terminal: a line for each test, and under it its reasons."""
    lines = [f"{'failed':>6} {'of':>5} {'rate':>5}  {'last failure':<16}  test"]
    for past in pasts:
        last = _date(past.failures[-1][0]) if past.failures else ""
        rate = f"{len(past.failures) / past.runs:.0%}"
        test = past.test.removeprefix(TESTS)
        lines.append(f"{len(past.failures):>6} {past.runs:>5} {rate:>5}  {last:<16}  {test} ({past.where})")
        for reason, count in Counter(why for _, why in past.failures).most_common():
            lines.append(f"{'':>38}{count} x {reason}")
    return "\n".join(lines)


def _date(seconds: float) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m reproduce.history", description="What became of the tests here.")
    parser.add_argument("pattern", nargs="?", default="", help="a part of the tests' ids")
    parser.add_argument("--logs-dir", type=Path, default=LOGS, help="where the runs are (%(default)s)")
    options = parser.parse_args(argv)
    history = History(options.logs_dir)
    if not history.path.exists():
        print(f"No test has run here yet: there is no {history.path}.")
        return 1
    try:
        pasts = history.all(options.pattern)
    except sqlite3.Error as error:
        print(f"{history.path} cannot be read: {error}", file=sys.stderr)
        return 1
    if not pasts:
        print(f"No test that has run here matches: {options.pattern}")
        return 1
    print(table(pasts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
