"""The history of the tests: what it tells, that it is bounded, and that runs do not disturb each other in it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reproduce import history as history_module
from reproduce.history import History, main, table

HARNESS = Path(__file__).resolve().parents[2]
NOON = 1_795_521_600.0


def record(
    test: str = "test_x.py::test_a", outcome: str = "passed", error: str = "", at: float = NOON
) -> dict[str, Any]:
    phase = {"name": "call", "begin": at - 1, "end": at, "outcome": outcome, "error": error}
    return {"id": f"{test}[round-1]", "test": test, "outcome": outcome, "phases": [phase], "began": at - 1, "seed": 7}


def add(history: History, *records: dict[str, Any], runtime: str = "process", image: str = "reference") -> None:
    for one in records:
        history.add(one, runtime=runtime, image=image, run="20261124-120000-abcdef", folder="run/test_a")


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_it_tells_what_happened_before(history: History) -> None:
    where = ("test_x.py::test_a", "process", "reference")
    assert history.of(*where).told() == "never ran here before (process)"
    add(history, record(), record())
    assert history.of(*where).told("late") == "failed in none of the last 2 runs here (process)"
    add(history, record(outcome="failed", error="late after 12.5 s"), record(outcome="crashed", error="gone"))
    told = history.of(*where).told("late after <n> s")
    assert told.startswith("failed 2 of the last 4 runs here (process), last on 20")
    assert told.endswith(", for the same reason in 1")


def test_runtimes_and_images_and_tests_are_told_apart(history: History) -> None:
    add(history, record(outcome="failed", error="no"))
    add(history, record(), runtime="docker", image="statusgo-1")
    assert history.of("test_x.py::test_a", "docker", "reference").runs == 0
    assert history.of("test_x.py::test_b", "process", "reference").runs == 0
    told = history.of("test_x.py::test_a", "docker", "statusgo-1").told()
    assert told == "failed in none of the last 1 runs here (docker, statusgo-1)"


def test_a_skipped_test_tells_nothing(history: History) -> None:
    add(history, record(outcome="skipped"))
    assert history.all() == []


def test_it_is_bounded(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "OF_ONE_TEST", 3)
    monkeypatch.setattr(history_module, "IN_ALL", 5)
    add(history, record(outcome="failed", error="the oldest"), *[record() for _ in range(3)])
    past = history.of("test_x.py::test_a", "process", "reference")
    assert (past.runs, past.failures) == (3, ()), "the oldest outcome went first"
    add(history, *[record(test=f"test_x.py::test_{number}") for number in range(4)])
    assert sum(past.runs for past in history.all()) == 5


def test_many_may_write_at_once(history: History) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(history, *[record(test=f"t{number % 2}") for _ in range(5)]), range(8)))
    assert [past.runs for past in history.all()] == [20, 20]


def test_the_table(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    never = "tests-functional/tests/b.py::test_never"
    add(history, record("a.py::TestOften::test_one", "failed", "no answer"), record(never))
    add(history, record("a.py::TestOften::test_one"), record("a.py::TestOften::test_one", "failed", "no answer"))
    assert main(["--logs-dir", str(history.path.parent)]) == 0
    header, often, reason, untroubled = capsys.readouterr().out.splitlines()
    assert often.split()[:3] == ["2", "3", "67%"] and often.endswith("  a.py::TestOften::test_one (process)")
    assert reason.strip() == "2 x no answer"
    assert untroubled.split() == ["0", "1", "0%", "b.py::test_never", "(process)"]
    assert main(["--logs-dir", str(history.path.parent), "testoften"]) == 0
    assert "test_never" not in capsys.readouterr().out
    assert table(history.all("nowhere")).splitlines() == [header]


@pytest.mark.parametrize("pattern", [[], ["test_z"]])
def test_nothing_to_tell_is_said(history: History, capsys: pytest.CaptureFixture[str], pattern: list[str]) -> None:
    if pattern:
        add(history, record())
    assert main(["--logs-dir", str(history.path.parent), *pattern]) == 1
    assert capsys.readouterr().out.startswith("No test ")


def test_a_file_that_is_no_history_is_named(history: History) -> None:
    history.path.write_text("something else, and long enough to be no header of a database" * 20)
    command = [sys.executable, "-m", "reproduce.history", "--logs-dir", str(history.path.parent)]
    done = subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{history.path} cannot be read: file is not a database" in done.stderr
