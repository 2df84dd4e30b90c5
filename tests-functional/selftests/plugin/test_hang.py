"""What hangs gets a verdict, with evidence from before its end, and the run goes on or ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from selftests.plugin.outside import Outside

HANGING_TESTS = """
import threading, pytest

@pytest.mark.time_limit(1.5)
def test_waits_for_ever(backend_factory):
    backend_factory("alice")
    threading.Event().wait()  # for ever

@pytest.fixture
def closes_never(backend_factory):
    backend_factory("bob")
    yield
    threading.Event().wait()

@pytest.mark.time_limit(1.5)
def test_in_its_teardown(closes_never):
    pass

def test_lives(journal):
    pass
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["no workers", "two workers"])
def test_a_test_that_hangs_fails_with_evidence_and_the_others_run(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    outside = Outside(tmp_path)
    run = outside.run(HANGING_TESTS, *arguments)
    assert run.returncode == 1
    tests = _tests(outside)
    assert tests["test_lives"]["outcome"] == "passed", run.stdout
    hung = tests["test_waits_for_ever"]
    assert (hung["outcome"], hung["verdict"]["of"]) == ("failed", "hang")
    said = "\n".join(hung["verdict"]["evidence"])
    assert "test_waits_for_ever (call) has taken" in said and "its limit is 1.5 s" in said
    assert "the main thread stood at test_sample.py:7 in test_waits_for_ever" in said
    bundle = (outside.run_dir() / hung["folder"] / "hang.txt").read_text()
    assert "threading.Event().wait()  # for ever" in bundle, "the line that hangs"
    node = bundle.partition("threads of node alice-")[2]
    assert "most recent call first" in node and "status_backend/__main__.py" in node, "the stack of the node"
    if arguments:
        controller = bundle.partition("threads of the controller")[2]
        assert "xdist/dsession.py" in controller

    torn_down = tests["test_in_its_teardown"]
    assert (torn_down["outcome"], torn_down["verdict"]["of"]) == ("error", "hang")
    assert outside.processes() == [] and _left_behind(outside) == []


STUCK_TESTS = """
import ctypes, os, signal, pytest

@pytest.mark.time_limit(1)
def test_holds_the_interpreter(backend_factory):
    backend_factory("alice")
    ctypes.PyDLL(None).sleep(3600)

@pytest.mark.time_limit(1)
def test_is_stopped():
    os.kill(os.getpid(), signal.SIGSTOP)

def test_lives(journal):
    pass
"""


def test_a_worker_that_cannot_be_interrupted_is_ended_and_replaced(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(STUCK_TESTS, "-n", "2")
    assert "stood in test_sample.py::test_is_stopped (call) for" in run.stdout, run.stdout

    tests = _tests(outside)
    assert tests["test_lives"]["outcome"] == "passed", run.stdout
    for name in ("test_holds_the_interpreter", "test_is_stopped"):
        assert (tests[name]["outcome"], tests[name]["verdict"]["of"]) == ("crashed", "hang")
        assert "xdist/dsession.py" in (outside.run_dir() / tests[name]["folder"] / "hang.txt").read_text()
    held = tests["test_holds_the_interpreter"]
    assert any(
        line == "the main thread stood at test_sample.py:7 in test_holds_the_interpreter"
        for line in held["verdict"]["evidence"]
    )
    bundle = (outside.run_dir() / held["folder"] / "hang.txt").read_text()
    assert "most recent call first" in bundle.partition("threads of node alice-")[2]
    assert any("was stopped, as by SIGSTOP" in line for line in tests["test_is_stopped"]["verdict"]["evidence"])
    assert outside.processes() == [] and _left_behind(outside) == []


def test_without_workers_the_process_ends_itself_with_stacks(tmp_path: Path) -> None:
    run = Outside(tmp_path).run(STUCK_TESTS.replace("backend_factory", "").replace('("alice")', "pass"), "-k", "holds")
    assert run.returncode == 1
    assert 'test_sample.py", line 7 in test_holds_the_interpreter' in run.stderr


NEVER_DONE = """
import threading, pytest
from plugin import watchdog

watchdog.SESSION_END_LIMIT = watchdog.EXIT_LIMIT = 1

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if {where}:
        threading.Event().wait()
"""
PASSING = "def test_passes(): pass\n"


@pytest.mark.parametrize(
    ("where", "arguments"),
    [("True", ()), ("hasattr(session.config, 'workerinput')", ("-n", "1"))],
    ids=["no workers", "in a worker"],
)
def test_an_end_that_never_comes(tmp_path: Path, where: str, arguments: tuple[str, ...]) -> None:
    run = _run_with(tmp_path, NEVER_DONE.format(where=where), PASSING, *arguments)
    assert "1 passed" in run.stdout
    if not arguments:
        assert run.returncode == 1
        assert "hang: session end has taken" in run.stderr and "in pytest_sessionfinish" in run.stderr


def test_threads_that_keep_the_process_alive(tmp_path: Path) -> None:
    conftest = "from plugin import watchdog\nwatchdog.EXIT_LIMIT = 1\n"
    source = (
        "import threading\ndef test_passes(): threading.Thread(target=threading.Event().wait, name='eve').start()\n"
    )
    run = _run_with(tmp_path, conftest, source)
    assert "1 passed" in run.stdout and run.returncode == 1
    assert "the process has not ended within 1 s" in run.stderr and "thread eve:" in run.stderr


NOTHING_TO_DO = """
from xdist.scheduler import LoadScheduling

class Idle(LoadScheduling):
    tests_finished = False

    def schedule(self):
        pass

def pytest_xdist_make_scheduler(config, log):
    return Idle(config, log)
"""


def test_a_run_that_stands_still(tmp_path: Path) -> None:
    run = _run_with(tmp_path, NOTHING_TO_DO, PASSING, "-n", "1", "--test-time-limit", "2")
    assert run.returncode == 1
    assert "hang: no worker has run a test for 2 s" in run.stdout + run.stderr
    assert "loop_once" in run.stderr, "the stack of the controller"


def test_no_limit(tmp_path: Path) -> None:
    source = "import threading, pytest\n@pytest.mark.time_limit(0.2)\ndef test(): threading.Event().wait(1)\n"
    assert Outside(tmp_path).run(source, "--test-time-limit", "0").returncode == 0


def _run_with(folder: Path, conftest: str, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(conftest)
    return Outside(folder).run(source, *arguments)


def _tests(outside: Outside) -> dict[str, dict[str, Any]]:
    run = json.loads((outside.run_dir() / "run.json").read_text())
    return {test["id"].partition("::")[2]: test for test in run["tests"]}


def _left_behind(outside: Outside) -> list[str]:
    return json.loads((outside.run_dir() / "reaper.json").read_text())["removed"]
