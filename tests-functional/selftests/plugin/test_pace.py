"""The pace of the host in what a run says and leaves."""

from __future__ import annotations

import json
from pathlib import Path

from report import pace
from selftests.plugin.outside import Outside

STRETCHED_TEST = """
import pytest
from journal.waiting import AwaitedSignal, WaitTimeout
from pace import Calibration, Host, current, use

def test_given(request):
    calibration = current().calibration
    assert calibration.cpu > 0
    assert request.config.workerinput["pace"] == {"cpu": calibration.cpu, "waited": calibration.waited}

def test_waits(journal):
    seconds = iter([0.0])
    before = use(Host(stalled=lambda: {"cpu": next(seconds, 0.3)}))
    with pytest.raises(WaitTimeout, match="stretched to 0.6 s"):
        journal.wait(AwaitedSignal("alice", ("never",)), since=0, timeout=0.3)
    use(before)
"""


def test_what_stretched_deadlines_is_told_everywhere(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(STRETCHED_TEST, "-n", "1")
    assert run.returncode == 0, run.stdout
    assert "pace: the host stalled, deadlines stretched up to 2." in run.stdout
    told = json.loads((outside.run_dir() / "run.json").read_text())
    assert told["pace"].keys() == {"cpu", "waited", "slowness", "contention"}
    assert told["highest_stretch"]["test"] == "test_sample.py::test_waits"
    assert [test["pace"]["stretch"] for test in told["tests"] if "waits" in test["id"]][0] >= 2
    page = (outside.run_dir() / "report.html").read_text()
    assert "a deadline was stretched 2." in page and "deadlines stretched up to 2." in page


def test_a_nominal_host_is_worth_one_word() -> None:
    test = {"id": "x", "pace": {"stretch": 1.1, "stalled": 3.0, "elapsed": 60.0}}
    calibration = {"cpu": 0.005, "waited": 1.0, "slowness": 1.0, "contention": 1.0}
    assert pace.of_run({"tests": [test], "pace": calibration}) == "nominal"
    assert pace.of_test(test) == "" and pace.of_calibration(calibration) == ""


def test_a_slow_and_busy_host_is_named() -> None:
    said = pace.of_calibration({"slowness": 2.0, "contention": 1.6})
    assert said == (
        "this host takes 2.0 times the nominal time, and deadlines are that much longer; "
        "it was busy when the run began: work took 1.6 times its processor time"
    )
