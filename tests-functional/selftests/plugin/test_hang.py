"""What hangs gets a verdict, with evidence from before its end, and the run goes on or ends."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from selftests.fleet.outside import await_report
from selftests.plugin.outside import Outside

HANGING_TESTS = """
import threading, pytest

@pytest.mark.time_limit(1.5)
def test_waits_for_ever(backend_factory):
    backend_factory("alice")
    threading.Event().wait()  # for ever

@pytest.fixture
def closes_never(journal):
    yield
    threading.Event().wait()

@pytest.mark.time_limit(1.5)
def test_in_its_teardown(closes_never):
    pass

def test_lives(journal):
    pass
"""


STUCK_TESTS = """
import ctypes, os, signal, pytest

@pytest.mark.time_limit(1)
def test_holds_the_interpreter({fixture}):
    {start}
    ctypes.PyDLL(None).sleep(3600)

@pytest.mark.time_limit(1)
def test_is_stopped():
    os.kill(os.getpid(), signal.SIGSTOP)
"""


class Hung:
    """A run of tests that hang, and what it left."""

    def __init__(self, folder: Path, source: str, *arguments: str) -> None:
        self.outside = Outside(folder)
        self.done = self.outside.run(source, *arguments)
        self.run_dir = self.outside.run_dir()
        run = json.loads((self.run_dir / "run.json").read_text())
        self.tests: dict[str, dict[str, Any]] = {test["id"].partition("::")[2]: test for test in run["tests"]}

    def bundle(self, test: str) -> str:
        return (self.run_dir / self.tests[test]["folder"] / "hang.txt").read_text()

    def left_behind(self) -> list[Any]:
        removed = json.loads((self.run_dir / "reaper.json").read_text())["removed"]
        return [*removed, *self.outside.processes()]


@pytest.fixture(scope="module")
def in_workers(tmp_path_factory: pytest.TempPathFactory) -> Hung:
    source = HANGING_TESTS + STUCK_TESTS.format(fixture="backend_factory", start='backend_factory("alice")')
    return Hung(tmp_path_factory.mktemp("in_workers"), source, "-n", "2")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Hung:
    return Hung(tmp_path_factory.mktemp("alone"), HANGING_TESTS)


@pytest.mark.parametrize("where", ["alone", "in_workers"])
def test_a_test_that_hangs_fails_with_evidence_and_the_others_run(where: str, request: pytest.FixtureRequest) -> None:
    run: Hung = request.getfixturevalue(where)
    assert run.done.returncode == 1
    tests = run.tests
    assert tests["test_lives"]["outcome"] == "passed", run.done.stdout
    hung = tests["test_waits_for_ever"]
    assert (hung["outcome"], hung["verdict"]["of"]) == ("failed", "hang")
    said = "\n".join(hung["verdict"]["evidence"])
    assert "test_waits_for_ever (call) has taken" in said and "its limit is 1.5 s" in said
    assert "the main thread stood at test_sample.py:7 in test_waits_for_ever" in said
    bundle = run.bundle("test_waits_for_ever")
    assert "threading.Event().wait()  # for ever" in bundle, "the line that hangs"
    node = bundle.partition("threads of node alice-")[2]
    assert "most recent call first" in node and "status_backend/__main__.py" in node, "the stack of the node"
    if where == "in_workers":
        controller = bundle.partition("threads of the controller")[2]
        assert "xdist/dsession.py" in controller

    torn_down = tests["test_in_its_teardown"]
    assert (torn_down["outcome"], torn_down["verdict"]["of"]) == ("error", "hang")
    assert run.left_behind() == []


def test_a_worker_that_cannot_be_interrupted_is_ended_and_replaced(in_workers: Hung) -> None:
    assert "stood in test_sample.py::test_is_stopped (call) for" in in_workers.done.stdout, in_workers.done.stdout

    tests = in_workers.tests
    for name in ("test_holds_the_interpreter", "test_is_stopped"):
        assert (tests[name]["outcome"], tests[name]["verdict"]["of"]) == ("crashed", "hang")
        assert "xdist/dsession.py" in in_workers.bundle(name)
    held = "\n".join(tests["test_holds_the_interpreter"]["verdict"]["evidence"])
    assert re.search(r"^the main thread stood at test_sample.py:\d+ in test_holds_the_interpreter$", held, re.MULTILINE)
    node = in_workers.bundle("test_holds_the_interpreter").partition("threads of node alice-")[2]
    assert "most recent call first" in node
    assert any("was stopped, as by SIGSTOP" in line for line in tests["test_is_stopped"]["verdict"]["evidence"])


def test_without_workers_the_process_ends_itself_with_stacks(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(STUCK_TESTS.format(fixture="journal", start="pass"), "-k", "holds")
    assert run.returncode == 1
    assert 'test_sample.py", line 7 in test_holds_the_interpreter' in run.stderr
    await_report(outside.run_dir())
    (test,) = json.loads((outside.run_dir() / "run.json").read_text())["tests"]
    assert (test["outcome"], test["verdict"]["of"]) == ("crashed", "hang")


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
