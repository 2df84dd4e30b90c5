"""The first build of a list on which scenarios fail, by binary search: that all after it fail too is taken for granted.

python -m reproduce.bisect BUILD... [--repeat N] -- PYTEST ARGS

Builds, from good to bad, are images, source trees of the reference backend (folders), or "reference". Both ends are
tried first. The exit status is 0 where the first bad one is found, 1 where the ends do not differ, and that of pytest
where it could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from report import files
from reproduce import command_line, rate, reasons
from reproduce.side import NotRun, Side, run


@dataclass(frozen=True)
class Tried:
    """One build. It fails where any round of any test does. `reasons`: distinct ones, the most frequent first."""

    name: str
    run_dir: Path
    failed: int
    total: int
    reasons: tuple[str, ...]

    @property
    def is_bad(self) -> bool:
        return self.failed > 0

    def __str__(self) -> str:
        passed = f"passed {self.total} of {self.total}"
        result = rate.said(self.failed, self.total) if self.is_bad else passed
        return f"{self.name}: {result}"


@dataclass(frozen=True)
class Verdict:
    """`last_good` and `first_bad` are neighbours of the list; None where the ends do not differ."""

    last_good: Tried | None
    first_bad: Tried | None
    steps: tuple[Tried, ...]

    @property
    def is_found(self) -> bool:
        return self.first_bad is not None

    def __str__(self) -> str:
        if self.first_bad is None:
            end = "bad" if self.steps[-1].is_bad else "good"
            if self.steps[0].is_bad and not self.steps[-1].is_bad:
                return (
                    "The first one fails and the last one passes: list them from good to bad, or ask for what passes."
                )
            return f"The ends do not differ, both are {end}: nothing to search for. --repeat N looks more often."
        why = "".join(f"\n  {reason}" for reason in self.first_bad.reasons)
        return f"The first bad one is {self.first_bad.name}; {self.last_good.name}, before it, is good.{why}"


def bisect(builds: Sequence[str], attempt: Callable[[str], Tried]) -> Verdict:
    """Tries as few of the builds as it takes; the last and the first one always."""
    steps = [attempt(builds[0]), attempt(builds[-1])]
    good, bad = steps
    if good.is_bad or not bad.is_bad:
        return Verdict(None, None, tuple(steps))
    low, high = 0, len(builds) - 1
    while high - low > 1:
        middle = (low + high) // 2
        tried = attempt(builds[middle])
        steps.append(tried)
        if tried.is_bad:
            high, bad = middle, tried
        else:
            low, good = middle, tried
    return Verdict(good, bad, tuple(steps))


def look(name: str, run_dir: Path) -> Tried:
    """What became of a run; tests that were skipped tell nothing."""
    records = files.read_json(run_dir / files.RUN)["tests"]
    ran = [record for record in records if record["outcome"] != reasons.SKIPPED]
    if not ran:
        raise NotRun(f"on {name} every test was skipped", 1)
    why = [reasons.of_record(record) for record in ran if reasons.has_failed(record)]
    return Tried(name, run_dir, len(why), len(ran), tuple(sorted(set(why), key=lambda reason: -why.count(reason))))


def main(argv: Sequence[str] | None = None) -> int:
    parser = command_line.parser("bisect", "The first build that fails.", repeat=1)
    parser.add_argument("builds", nargs="+", metavar="BUILD")
    options, pytest_arguments = command_line.parse(parser, argv)
    if len(options.builds) < 2:
        parser.error("at least two builds are needed, from good to bad")
    sides = {name: Side(name) for name in options.builds}
    folder = options.logs_dir.resolve() / f"bisect-{datetime.now():%Y%m%d-%H%M%S}"
    common = command_line.of_all(options, list(sides.values()), pytest_arguments)
    steps: list[Tried] = []

    def attempt(name: str) -> Tried:
        print(f"\n=== step {len(steps) + 1}: {name} ===", flush=True)
        steps.append(look(name, run(sides[name], folder / f"step-{len(steps) + 1}", common)))
        return steps[-1]

    try:
        verdict = bisect(options.builds, attempt)
    except NotRun as error:
        print(f"The search ends here: {error}", file=sys.stderr)
        return error.code
    print("\n=== bisect ===")
    for number, step in enumerate(steps, 1):
        print(f"step {number}: {step}\n        {step.run_dir}")
    print(f"seed: {options.seed}\n{verdict}")
    return 0 if verdict.is_found else 1


if __name__ == "__main__":
    sys.exit(main())
