"""The same scenarios with the same seed on two builds of the status-backend, and where their timelines part.

python -m reproduce.compare A B [--repeat N] -- PYTEST ARGS

A and B are images, source trees of the reference backend (folders), or "reference". The exit status is 0 where nothing
parts them, 1 where something does, and that of pytest where it could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from report import files
from reproduce import command_line, compare_page, divergence, events, rate, reasons
from reproduce.side import NotRun, Side, run

PAGE = "compare.html"


@dataclass(frozen=True)
class Compared:
    """One test on both sides. `rounds`: the records of each side, with the folder of each."""

    test: str
    rounds: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    rows: list[divergence.Row]

    @property
    def parting(self) -> divergence.Row | None:
        return divergence.first_parting(self.rows)

    def outcome(self, side: int) -> str:
        records = self.rounds[side]
        failed = sum(map(reasons.has_failed, records))
        if len(records) == 1:
            return records[0]["outcome"]
        return rate.said(failed, len(records)) if failed else f"passed {len(records)} of {len(records)}"

    def why(self, side: int) -> list[str]:
        return sorted({reason for record in self.rounds[side] if (reason := reasons.of_record(record))})


def compare(first: Path, second: Path) -> tuple[list[Compared], list[str]]:
    """Two runs by their folders: the tests that both have, and a line for each that only one has."""
    sides = [_rounds(folder) for folder in (first, second)]
    compared = []
    for test in sides[0]:
        if test in sides[1]:
            rounds = (sides[0][test], sides[1][test])
            timelines = [[events.of_test(record["path"]) for record in records] for records in rounds]
            compared.append(Compared(test, rounds, divergence.compare(*timelines)))
    lonely = [f"{test} ran on one side only" for test in sorted(set(sides[0]) ^ set(sides[1]))]
    return compared, lonely


def _rounds(run_dir: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in files.read_json(run_dir / files.RUN)["tests"]:
        found.setdefault(record.get("test", record["id"]), []).append({**record, "path": run_dir / record["folder"]})
    return {test: sorted(records, key=lambda record: record.get("round", 1)) for test, records in sorted(found.items())}


def told(compared: Sequence[Compared], names: tuple[str, str]) -> str:
    """For a terminal."""
    lines: list[str] = []
    for one in compared:
        lines.append(one.test)
        for side, name in enumerate(names):
            lines += [f"  {name}: {one.outcome(side)}", *(f"      {reason}" for reason in one.why(side))]
        if one.parting is None:
            lines.append("  nothing parts their timelines")
        else:
            first, *rest = one.parting.said(names).splitlines()
            lines += [f"  they part at  {first}", *(f"              {line}" for line in rest)]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = command_line.parser("compare", "Two builds, the same scenarios.", repeat=2)
    parser.add_argument("first", metavar="A")
    parser.add_argument("second", metavar="B")
    options, pytest_arguments = command_line.parse(parser, argv)
    sides = (Side(options.first), Side(options.second))
    names = (options.first, options.second)
    folder = options.logs_dir.resolve() / f"compare-{datetime.now():%Y%m%d-%H%M%S}"
    common = command_line.of_all(options, sides, pytest_arguments)
    try:
        runs = []
        for letter, side in zip("ab", sides):
            print(f"\n=== {letter}: {side.name} ===", flush=True)
            runs.append(run(side, folder / letter, common))
    except NotRun as error:
        print(f"Nothing to compare: {error}", file=sys.stderr)
        return error.code
    compared, lonely = compare(*runs)
    page = folder / PAGE
    files.write(page, compare_page.render(compared, names, about(options.seed, runs, lonely)))
    print(f"\n=== {names[0]} and {names[1]} ===\n{told(compared, names)}")
    print("\n".join([*lonely, "", f"side by side: {page}", f"seed: {options.seed}"]))
    return 1 if lonely or any(one.parting for one in compared) else 0


def about(seed: int, runs: Sequence[Path], lonely: Sequence[str]) -> Mapping[str, Any]:
    return {"seed": seed, "reports": [f"{run.parent.name}/{run.name}/{files.REPORT}" for run in runs], "lonely": lonely}


if __name__ == "__main__":
    sys.exit(main())
