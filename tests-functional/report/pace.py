"""The pace of the host in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORTH_SAYING = 1.2  # times nominal


def of_calibration(figures: Mapping[str, Any]) -> str:
    """From `pace.Calibration.to_json()`; empty for a host that is as fast as it should be, or one not measured."""
    said = []
    if (slowness := figures.get("slowness", 1.0)) > WORTH_SAYING:
        said.append(f"this host takes {slowness:.1f} times the nominal time, and deadlines are that much longer")
    if (contention := figures.get("contention", 1.0)) > WORTH_SAYING:
        said.append(f"it was busy when the run began: work took {contention:.1f} times its processor time")
    return "; ".join(said)


def of_test(test: Mapping[str, Any]) -> str:
    """From the record of a test; empty where no deadline was stretched worth speaking of."""
    figures = test.get("pace") or {}
    if figures.get("stretch", 1.0) <= WORTH_SAYING:
        return ""
    stalled = f"the host stalled for {figures['stalled']:.1f} of {figures['elapsed']:.1f} s"
    return f"a deadline was stretched {figures['stretch']:.1f} times: {stalled}"


def of_run(run: Mapping[str, Any]) -> str:
    """From run.json: the calibration, and the highest stretch of any test."""
    stretch, test = highest(run["tests"])
    stretched = f"deadlines stretched up to {stretch:.1f} times ({test})" if stretch > WORTH_SAYING else ""
    return "; ".join(part for part in (of_calibration(run.get("pace") or {}), stretched) if part) or "nominal"


def highest(tests: Sequence[Mapping[str, Any]]) -> tuple[float, str]:
    """(stretch, id) of the test whose waits were stretched most; 1.0 where none was."""
    figures = [((test.get("pace") or {}).get("stretch", 1.0), test["id"]) for test in tests]
    return max(figures, default=(1.0, ""))
