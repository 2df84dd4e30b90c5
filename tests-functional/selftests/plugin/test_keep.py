"""--keep: nodes of a failed test stay up, are reached as it is said, and end at their time or when they are told to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from selftests.plugin.outside import HARNESS, Outside

PATIENCE = 60  # seconds

ONE_FAILS = """
def test_fails(codex_node):
    assert codex_node.spr() == "on purpose"

def test_passes(codex_node):
    assert codex_node.spr()
"""


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


def await_end(outside: Outside) -> dict:
    report = outside.run_dir() / "reaper.json"
    deadline = time.monotonic() + PATIENCE
    while not report.exists():
        assert time.monotonic() < deadline, f"the kept nodes have not ended after {PATIENCE} s"
        time.sleep(0.05)
    assert outside.processes() == []
    return json.loads(report.read_text())


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fleet.sweep", *arguments]
    return subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)


def test_nodes_of_a_failed_test_stay_until_they_are_removed(outside: Outside) -> None:
    run = outside.run(ONE_FAILS, "--keep", "-n", "1")
    assert "1 failed, 1 passed" in run.stdout
    said = run.stdout.partition("nodes that stay up")[2]
    assert re.search(r"kept until \d\d:\d\d:\d\d, then removed:\n  test_sample.py::test_fails, which failed\n", said)
    assert "test_passes" not in said
    assert "  shared by all tests\n    boot-1 (waku): running\n" in said
    run_id = outside.run_dir().name
    assert f"remove them now: ./_assets/scripts/run_functional_tests_dev.sh --remove {run_id}\n" in said

    assert len(outside.processes()) == 4, "three shared nodes and one of the failed test"
    url = re.search(r"codex-gw0-\d \(codex\): running\n +api +(http:\S+)", said)[1]
    assert requests.get(f"{url}/api/codex/v1/spr", timeout=5).status_code == 200

    swept = sweep()
    assert f"left alone {run_id}: kept until" in swept.stdout
    assert len(outside.processes()) == 4
    assert sweep("--remove", run_id).stdout == f"removed {run_id}\n"
    assert await_end(outside)["reason"] == "the reaper was asked to end"


def test_kept_nodes_end_at_their_time(outside: Outside) -> None:
    run = outside.run(ONE_FAILS, "--keep-for", "1s")
    assert "kept until" in run.stdout
    report = await_end(outside)
    assert report["reason"] == "it was kept for 1 s"
    assert len(report["removed"]) == 4


def test_time_that_is_none_is_refused(outside: Outside) -> None:
    run = outside.run(ONE_FAILS, "--keep-for", "soon")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'soon' is no time: write 90s, 45m or 2h" in run.stderr
