"""The files of a run's evidence, and how they are written: whole or not at all, so that a reader never sees half."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JOURNAL = "journal.jsonl"
RESOURCES = "resources.jsonl"
RECORD = "test.json"
TIMELINE = "timeline.html"
RUN = "run.json"
REPORT = "report.html"

RUNNING = "running"  # the outcome of a test that has not ended

TEMPLATES = Path(__file__).parent


def write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8", errors="backslashreplace")
    fresh.replace(path)


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def records(run_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What each test of a run has left, and where."""
    for path in sorted(run_dir.glob(f"*/{RECORD}")):
        yield path, read_json(path)


def running(run_dir: Path, test: str | None = None) -> list[tuple[Path, dict[str, Any]]]:
    """The records of tests that have begun and not ended, or of this one, and where they are."""
    begun = [(path, record) for path, record in records(run_dir) if record["outcome"] == RUNNING]
    return [(path, record) for path, record in begun if test in (None, record["id"])]


def embedded(value: Any) -> str:
    """JSON that may stand inside a <script> element, whatever texts it holds."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")
