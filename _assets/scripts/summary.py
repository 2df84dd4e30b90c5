"""Prints one line for each part of a test run and one for all, from the parts' JUnit reports.

Usage: summary.py REPORTS_DIR PART=EXIT_STATUS...    (reads REPORTS_DIR/PART.xml)
"""

import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Counts(NamedTuple):
    passed: int
    failed: int
    skipped: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_counts(report: Path) -> Counts:
    suites = list(ElementTree.parse(report).iter("testsuite"))

    def total(attribute: str) -> int:
        return sum(int(suite.get(attribute, 0)) for suite in suites)

    failed, skipped = total("failures") + total("errors"), total("skipped")
    seconds = sum(float(suite.get("time", 0)) for suite in suites)
    return Counts(total("tests") - failed - skipped, failed, skipped, seconds)


def main(reports: Path, parts: list[str]) -> None:
    total = Counts(0, 0, 0, 0.0)
    for name, _, status in (part.rpartition("=") for part in parts):
        report = reports / f"{name}.xml"
        if not report.exists():
            print(f"{name:<20} FAILED: pytest wrote no report (exit status {status})")
            continue
        counts = read_counts(report)
        total = Counts(*map(sum, zip(total, counts)))
        verdict = "ok" if status == "0" else f"FAILED (exit status {status})"
        print(f"{name:<20} {counts} in {counts.seconds:.1f} s: {verdict}")
    print(f"\n{total}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
