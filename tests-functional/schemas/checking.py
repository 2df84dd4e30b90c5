"""Checks all that the backends of one test answered and signalled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.library import Library
from schemas.mismatch import causes
from schemas.samples import Sample, of_entry
from schemas.widen import widen

_MOST_CAUSES = 20
_MOST_PLACES = 3
_MOST_DIFF_LINES = 60


class Check:
    """Collects from the entries of a journal; ask `record` and `text` afterwards."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._exercised: dict[str, int] = {}
        self._unknown: set[str] = set()
        self._mismatches: dict[tuple[str, str, tuple[str, str]], dict[str, Any]] = {}
        self._misfits: list[Sample] = []
        self._seconds = 0.0
        self._checked = 0

    def add(self, entries: Iterable[Mapping[str, Any]]) -> Check:
        for entry in entries:
            sample = of_entry(entry)
            if sample is None:
                continue
            self._exercised[sample.name] = self._exercised.get(sample.name, 0) + 1
            if sample.name in self._library:
                self._check(sample)
            else:
                self._unknown.add(sample.name)
        return self

    def _check(self, sample: Sample) -> None:
        self._library.validator(sample.name)
        began = time.perf_counter()
        found = self._library.check(sample.name, sample.value)
        self._seconds += time.perf_counter() - began
        self._checked += 1
        if found:
            self._misfits.append(sample)
        for miss in found:
            same = self._mismatches.setdefault(
                (sample.name, sample.node, miss.kind),
                {"name": sample.name, "node": sample.node, **miss.to_json(), "times": 0},
            )
            same["times"] += 1

    @property
    def mismatches(self) -> list[dict[str, Any]]:
        """[{"name", "node", "path", "expected", "came", "file", "times"}]; what is the same is there once."""
        return list(self._mismatches.values())

    def record(self) -> dict[str, Any]:
        """As `report.coverage` takes it."""
        return {
            "checked": self._checked,
            "seconds": round(self._seconds, 6),
            "exercised": dict(sorted(self._exercised.items())),
            "unknown": sorted(self._unknown),
            "mismatches": self.mismatches,
        }

    def text(self) -> str:
        """What does not fit, and the schemas as they would become, for people."""
        lines = ["what the backends answered or signalled does not fit its schema:"]
        found = causes(self.mismatches)
        for cause in found[:_MOST_CAUSES]:
            lines.append(f"  {cause}")
            for place in cause.places[:_MOST_PLACES]:
                times = f", {place['times']} times" if place["times"] > 1 else ""
                lines.append(f"    {place['name'].partition('/')[2]} ({place['node']}{times}) at {place['path']}")
            if (more := len(cause.places) - _MOST_PLACES) > 0:
                lines.append(f"    and {more} more: {', '.join(cause.subjects)}")
        if (more := len(found) - _MOST_CAUSES) > 0:
            lines.append(f"  ... and {more} more")
        difference = self._difference()
        if (more := len(difference) - _MOST_DIFF_LINES) > 0:
            difference = [*difference[:_MOST_DIFF_LINES], f"... and {more} lines more"]
        return "\n".join(
            [*lines, "If that is meant to be so, --update-schemas changes the schemas like this:", *difference]
        )

    def _difference(self) -> list[str]:
        changed = self._library.copy()
        for sample in self._misfits:
            widen(changed, sample.name, sample.value)
        return changed.diff()
