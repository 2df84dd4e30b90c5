"""Why a test failed, in one line that is the same when it fails for the same reason again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproduce.volatile import settled

PASSED, SKIPPED = "passed", "skipped"
LIMIT = 200  # characters


def has_failed(record: Mapping[str, Any]) -> bool:
    return record["outcome"] not in (PASSED, SKIPPED)


def of_record(record: Mapping[str, Any]) -> str:
    """From test.json: the verdict and the first line of the error. Empty where the test has not failed."""
    if not has_failed(record):
        return ""
    verdict = record.get("verdict") or {"of": "", "evidence": []}
    errors = {phase.get("name"): phase["error"] for phase in record["phases"] if phase.get("error")}
    last = errors.pop("teardown", "")  # where the audit of the logs fails a test, its findings say more
    said = next((text for text in [*errors.values(), record.get("death"), *verdict["evidence"], last] if text), "")
    said = said or record["outcome"]
    return of_text(said, verdict["of"])


def of_text(error: str, verdict: str = "") -> str:
    line = settled(next(iter(error.strip().splitlines()), ""))
    line = line if len(line) <= LIMIT else line[: LIMIT - 1] + "…"
    return f"{verdict}: {line}" if verdict else line
