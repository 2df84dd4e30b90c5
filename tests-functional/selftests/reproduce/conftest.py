"""Journals and records as tests leave them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class Timeline:
    """Writes the journal of one test, entry by entry; each comes `after` seconds after the one before."""

    def __init__(self, worker: str = "gw0-1", clock: float = 1000.0) -> None:
        self.worker = worker
        self.clock = clock
        self.entries: list[dict[str, Any]] = []

    def add(self, node: str, kind: str, after: float = 1.0, **data: Any) -> Timeline:
        self.clock += after
        name = node if node in ("test", "store") else f"{node}-{self.worker}"
        self.entries.append({"seq": len(self.entries), "wall": self.clock, "mono": self.clock, "node": name,
                             "kind": kind, **data})  # fmt: skip
        return self

    def signal(self, node: str, type: str, event: Any = None, after: float = 1.0) -> Timeline:
        return self.add(node, "signal", after, type=type, event=event)

    def rpc(self, node: str, method: str, *params: Any, after: float = 1.0, **answer: Any) -> Timeline:
        return self.add(node, "rpc", after, method=method, params=list(params), duration=0.01, **answer)

    def step(self, name: str, after: float = 1.0) -> Timeline:
        return self.add("test", "step", after, name=name, phase="begin")

    def write(self, folder: Path, error: str = "", **record: Any) -> Path:
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in self.entries))
        outcome = "failed" if error else "passed"
        phases = [{"name": "call", "begin": 1.0, "end": self.clock, "outcome": outcome, "error": error}]
        kept = {"id": "test_x.py::test_a", "outcome": outcome, "phases": phases, "nodes": {}, **record}
        (folder / "test.json").write_text(json.dumps(kept))
        return folder


@pytest.fixture
def timeline() -> Callable[..., Timeline]:
    return Timeline


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """`make_run("a", {"test_a": [timeline, ...]}, errors={"test_a": "..."})`: the folder of a run with these rounds."""

    def make(name: str, tests: dict[str, list[Timeline]], errors: dict[str, str] | None = None) -> Path:
        run_dir, records = tmp_path / name, []
        run_dir.mkdir(parents=True)
        for test, rounds in tests.items():
            for number, one in enumerate(rounds, 1):
                folder = run_dir / f"{test}-{number}"
                one.write(folder, (errors or {}).get(test, ""), test=f"x.py::{test}", round=number, seed=7)
                records.append({**json.loads((folder / "test.json").read_text()), "folder": folder.name})
        (run_dir / "run.json").write_text(json.dumps({"tests": records}))
        return run_dir

    return make
