"""The same tests by one, two and eight workers: one shared fleet, nodes of one's own, evidence of every test."""

from __future__ import annotations

import json

import pytest

from selftests.plugin.outside import Outside

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_backend(backend_factory, harness, number):
    alice = backend_factory("alice")
    assert alice.health()
    alice.journal.note(alice.name, f"boot {harness.fleet.boot.url()}")
"""


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers(tmp_path, workers: int) -> None:
    outside = Outside(tmp_path)
    run = outside.run(TESTS, "-n", str(workers))
    assert run.returncode == 0 and "8 passed" in run.stdout, run.stdout + run.stderr

    record = json.loads((outside.run_dir() / "run.json").read_text())
    assert sorted(test["id"].partition("::")[2] for test in record["tests"]) == [f"test_backend[{n}]" for n in range(8)]
    assert len({test["worker"] for test in record["tests"]}) <= workers

    folders = sorted(outside.run_dir().glob("test_sample*"))
    assert len(folders) == 8
    notes = [
        line for folder in folders for line in (folder / "journal.jsonl").read_text().splitlines() if "boot " in line
    ]
    boots = {json.loads(line)["text"] for line in notes}
    assert len(notes) == 8 and len(boots) == 1, "all workers must have used the same boot node"
    nodes = [log.stem for folder in folders for log in folder.glob("alice*.log")]
    assert len(set(nodes)) == 8, "every test must have had a backend of its own"

    assert json.loads((outside.run_dir() / "reaper.json").read_text())["removed"] == []
    assert outside.processes() == []
