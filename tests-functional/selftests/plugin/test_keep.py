"""--keep: nodes of a failed test stay up, are reached as it is said, and end at their time or when they are told to."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from fleet import Run, kept
from plugin.isolation import _checked, parse_seconds
from selftests.fleet.outside import await_report
from selftests.plugin.outside import HARNESS, Outside

ONE_FAILS = """
def test_fails(backend_factory):
    assert not backend_factory("alice").health()

def test_passes(backend_factory):
    assert backend_factory("bob").health()
"""


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fleet.sweep", *arguments]
    return subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)


def test_nodes_of_a_failed_test_stay_until_they_are_removed(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(ONE_FAILS, "--keep-for", "45m", "-n", "1")
    assert "1 failed, 1 passed" in run.stdout
    said = run.stdout.partition("nodes that stay up")[2]
    assert re.search(r"kept until \d\d:\d\d:\d\d, then removed:\n  test_sample.py::test_fails, which failed\n", said)
    assert "test_passes" not in said
    assert "  shared by all tests\n    boot-1 (waku): running\n" in said
    run_id = outside.run_dir().name
    assert f"remove them now: ./_assets/scripts/run_functional_tests_dev.sh --remove {run_id}\n" in said

    assert len(outside.processes()) == 4, "three shared nodes and one of the failed test"
    url = re.search(r"alice-gw0-\d \(status-backend\): running\n +http +(http:\S+)", said)[1]
    assert requests.get(f"{url}/health", timeout=5).status_code == 200

    swept = sweep()
    assert f"left alone {run_id}: kept until" in swept.stdout
    assert len(outside.processes()) == 4
    assert sweep("--remove", run_id).stdout == f"removed {run_id}\n"
    assert await_report(outside.run_dir())["reason"] == "the reaper was asked to end"
    assert outside.processes() == []


ITS_WORKER_DIES = """
import os, signal

def test_kills_its_worker(backend_factory):
    backend_factory("alice")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nodes_of_a_test_whose_worker_died_stay_too(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    said = outside.run(ITS_WORKER_DIES, "--keep", "-n", "1").stdout.partition("nodes that stay up")[2]
    assert (
        "  test_sample.py::test_kills_its_worker, whose worker died\n    alice-gw0-1 (status-backend): running\n"
        in said
    )
    url = re.search(r"alice-gw0-1 \(status-backend\): running\n +http +(http:\S+)", said)[1]
    assert requests.get(f"{url}/health", timeout=5).status_code == 200

    sweep("--remove", outside.run_dir().name)
    await_report(outside.run_dir())
    assert outside.processes() == []


def test_what_is_kept_ends_at_its_time(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    sleeper = subprocess.Popen(["sleep", "600"], env={**os.environ, **run.environment()})
    (until,) = kept.keep(run, 1.0)
    assert until.startswith("kept until ")
    report = await_report(run.run_dir)
    assert report["reason"] == "it was kept for 1 s"
    assert report["removed"] == [f"process {sleeper.pid} sleep 600"]
    assert sleeper.wait(5) == -signal.SIGKILL


@pytest.mark.parametrize("text", ["soon", "0", "5d", "-1s"])
def test_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is no time: write 90s, 45m or 2h"):
        _checked(parse_seconds)(text)
