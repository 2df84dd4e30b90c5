"""Whichever way a run is killed, nothing of it stays; and runs in one clone at the same time do not disturb another."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pexpect
import psutil

from report import files

SCRIPT = Path(__file__).parents[3] / "_assets/scripts/run_functional_tests_dev.sh"
PATIENCE = 90  # seconds; with processors to spare none of this takes 10

# On the terminal, for workers have no other way to it.
SAMPLE = """
import threading
from pathlib import Path
import pytest
from fleet import catalog

@pytest.mark.parametrize("which", ["first", "second"])
def test_waits_to_be_killed(nodes, which):
    nodes.start(catalog.waku_store(nodes.name("node"), retention_seconds=60))
    Path("/dev/tty").write_text(f"{which} node is up\\n")
    threading.Event().wait()
"""


class ScriptRun:
    """The script at a terminal of its own, with a folder for its temporary files."""

    def __init__(self, folder: Path, logs: Path, tests: int) -> None:
        self.mark = uuid4().hex
        self.temp = folder / "tmp"
        self.temp.mkdir(parents=True)
        self.tests = tests
        sample = folder / "test_sample.py"
        sample.write_text(SAMPLE)
        pattern = "test_waits_to_be_killed" if tests == 2 else "test_waits_to_be_killed and first"
        options = ["--logs-dir", str(logs), "--process-network", "own" if tests == 2 else "loopback", str(sample)]
        script = [str(SCRIPT), "-y", "--runtime", "process", pattern, "--", *options]
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        given = {"FUNCTIONAL_TESTS_PYTHON": sys.executable, "KILL_TEST": self.mark, "TMPDIR": str(self.temp)}
        self.terminal = pexpect.spawn("env", script, env=outer | given, encoding="utf-8", timeout=PATIENCE)

    def await_nodes(self) -> None:
        for _ in range(self.tests):
            self.terminal.expect("node is up")

    def processes(self) -> list[psutil.Process]:
        """All that the script started, and itself."""
        return [process for process in psutil.process_iter() if _environment(process).get("KILL_TEST") == self.mark]

    def of_kind(self, *words: str) -> list[psutil.Process]:
        return [process for process in self.processes() if all(word in _command(process) for word in words)]

    def pytests(self) -> list[psutil.Process]:
        """Controller and workers."""
        return self.of_kind("-m pytest") + self.of_kind("-c", "sys.stdin.readline")

    def await_end(self) -> None:
        deadline = time.monotonic() + PATIENCE
        psutil.wait_procs(self.processes(), timeout=PATIENCE)  # looking through all there are takes a processor
        while left := [*map(_command, self.processes()), *map(str, self.temp.glob("*functional*"))]:
            assert time.monotonic() < deadline, f"after {PATIENCE} s there are still {left}"
            time.sleep(0.2)


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:  # it ended, or it is a kernel thread
        return {}


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "(gone)"


def kill_script(run: ScriptRun) -> None:
    os.kill(run.terminal.pid, signal.SIGKILL)


def kill_controller_and_workers(run: ScriptRun) -> None:
    pytests = run.pytests()
    assert len(pytests) == 3, "a controller and two workers"
    for process in pytests:
        process.kill()


def terminate_script(run: ScriptRun) -> None:
    """It passes that on to the controller, and the controller to its workers."""
    os.kill(run.terminal.pid, signal.SIGTERM)


def close_terminal(run: ScriptRun) -> None:
    os.close(run.terminal.child_fd)


def interrupt_twice(run: ScriptRun) -> None:
    run.terminal.sendintr()
    run.terminal.expect("KeyboardInterrupt|Interrupted|\\^C")
    run.terminal.sendintr()


WAYS: dict[Callable[[ScriptRun], None], int] = {  # and how many tests run meanwhile
    kill_script: 1,
    kill_controller_and_workers: 2,
    terminate_script: 2,
    close_terminal: 1,
    interrupt_twice: 1,
}


def test_nothing_survives_and_other_runs_go_on(tmp_path: Path) -> None:
    bystander = psutil.Popen(["sleep", "600"])
    runs = {}
    try:
        for way, tests in WAYS.items():
            runs[way] = ScriptRun(tmp_path / way.__name__, tmp_path / "logs", tests)
        for run in runs.values():
            run.await_nodes()
        assert (tmp_path / "logs/latest/fleet/store.log").exists(), "it names one of the runs"
        others = list(runs.values())
        for way, run in runs.items():
            others.remove(run)
            way(run)
            for other in others:
                assert len(other.pytests()) == (3 if other.tests == 2 else 1), f"{way.__name__} reached another run"
        for run in runs.values():
            run.await_end()
        reports = [json.loads(report.read_text()) for report in (tmp_path / "logs").glob("2*/reaper.json")]
        assert [report["failed"] for report in reports] == [[]] * len(runs)
        outcomes = [record["outcome"] for log in (tmp_path / "logs").glob("2*") for _, record in files.records(log)]
        assert len(outcomes) == 7 and set(outcomes) == {"crashed", "interrupted"}
        assert bystander.is_running()
    finally:
        bystander.kill()
        bystander.wait()
        for run in runs.values():
            for process in run.processes():
                process.kill()
