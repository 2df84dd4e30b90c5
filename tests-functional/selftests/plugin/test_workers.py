"""Runs with one, two and eight workers: one shared fleet, nodes of one's own, evidence of every test, nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selftests.plugin.outside import Outside

TESTS = """
import pytest

@pytest.mark.parametrize("number", range({workers}))
def test_backend(backend_factory, harness, number):
    alice = backend_factory("alice")
    assert alice.health()
    alice.journal.note(alice.name, f"boot {{harness.fleet.boot.url()}}")
"""


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers(tmp_path: Path, workers: int) -> None:
    outside = Outside(tmp_path)
    run = outside.run(TESTS.format(workers=workers), "-n", str(workers))
    assert run.returncode == 0 and f"{workers} passed" in run.stdout, run.stdout + run.stderr
    run_dir = outside.run_dir()
    assert f"logs: {run_dir}" in run.stdout
    assert {log.stem for log in (run_dir / "fleet").glob("*.log")} == {"boot-1", "store", "codex-bootstrap"}

    record = json.loads((run_dir / "run.json").read_text())
    names = {f"test_backend[{number}]" for number in range(workers)}
    assert {test["id"].partition("::")[2] for test in record["tests"]} == names
    nodes, boots = set(), set()
    for test in record["tests"]:
        folder = run_dir / test["folder"]
        (log,) = folder.glob("*.log")
        entries = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
        assert any(entry["node"] == log.stem and entry["kind"] == "http" for entry in entries)
        nodes.add(log.stem)
        boots |= {entry["text"] for entry in entries if entry.get("text", "").startswith("boot ")}
    assert len(nodes) == workers, "every test must have had a backend of its own"
    assert len(boots) == 1, "all workers must have used the same boot node"

    assert json.loads((run_dir / "reaper.json").read_text())["removed"] == [], "the run must clean up behind itself"
    assert outside.processes() == []
