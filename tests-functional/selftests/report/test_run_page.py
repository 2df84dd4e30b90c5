"""run.json and report.html, in a run as its users start it: failures, a noisy log, secrets, a worker that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plugin.evidence import Gatherer
from plugin.observer import OBSERVER
from report.run_page import render
from selftests.plugin.outside import Outside

TESTS = """
import os
import pytest

PASSWORD = "correct-horse-battery-staple"

def test_fails(backend_new_profile):
    owner = backend_new_profile("owner", password=PASSWORD)
    assert owner.wakuext_service.communities() == [PASSWORD], "no community yet"

def test_breaks(test_folder):
    {}["a fault of our own"]

def test_noisy(nodes):
    (nodes.folder / "owner.log").write_text("2026-11-24T10:53:28.000Z ERROR codex.node: broken\\n")

@pytest.mark.allow_log("broken", reason="it is broken on purpose")
def test_allowed(nodes):
    (nodes.folder / "owner.log").write_text("2026-11-24T10:53:28.000Z ERROR codex.node: broken\\n")

def test_node_dies(backend_factory, nodes):
    backend_factory("owner")
    nodes.started[0].kill()

def test_worker_dies(journal, test_folder):
    journal.note("owner", "the last word")
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run of TESTS in a worker, and what it printed."""
    outside = Outside(tmp_path_factory.mktemp("outside"))
    done = outside.run(TESTS, "-n", "1", f"--junitxml={outside.folder / 'junit.xml'}")
    assert done.returncode == 1, done.stdout + done.stderr
    return outside.run_dir(), done.stdout


def test_outcomes_and_verdicts_are_in_run_json(run: tuple[Path, str]) -> None:
    tests = _tests(run[0])
    found = {name: (test["outcome"], (test.get("verdict") or {}).get("of")) for name, test in tests.items()}
    assert found == {
        "test_fails": ("failed", "product"),
        "test_breaks": ("failed", "harness"),
        "test_noisy": ("error", "product"),
        "test_allowed": ("passed", None),
        "test_node_dies": ("error", "product"),
        "test_worker_dies": ("crashed", "harness"),
    }
    assert tests["test_noisy"]["verdict"]["evidence"][0].endswith("ERROR codex.node: broken")
    assert "exit code 137" in tests["test_node_dies"]["verdict"]["evidence"][0]
    (owner,) = tests["test_fails"]["nodes"].values()
    assert owner == {"kind": "status-backend", "image": "status-backend", "image_id": "", "version": "0.1.0"}


def test_every_test_has_a_timeline_and_the_report_links_it(run: tuple[Path, str]) -> None:
    report = (run[0] / "report.html").read_text()
    assert f"report: {run[0] / 'report.html'}" in run[1]
    for test in _tests(run[0]).values():
        assert (run[0] / test["timeline"]).stat().st_size > 1000
        assert f"href='{test['timeline']}'" in report
        assert all((run[0] / log).exists() for log in test["logs"])


def test_resources_are_measured(run: tuple[Path, str]) -> None:
    (samples,) = run[0].glob("*test_fails/resources.jsonl")
    first = json.loads(samples.read_text().splitlines()[0])
    assert first["node"].startswith("owner") and first["cpu_seconds"] > 0 and first["rss_bytes"] > 10**6


def test_a_finding_in_a_log_is_said_in_the_terminal(run: tuple[Path, str]) -> None:
    assert "have what a healthy node never prints:\n" in run[1]
    assert "  owner, line 1: 2026-11-24T10:53:28.000Z ERROR codex.node: broken\n" in run[1]
    assert "@pytest.mark.allow_log(pattern, reason=...)" in run[1]


def test_a_killed_worker_leaves_its_journal_and_the_controller_says_why(run: tuple[Path, str]) -> None:
    test = _tests(run[0])["test_worker_dies"]
    assert test["death"] == "worker gw0 was ended by signal 9 (SIGKILL)"
    page = (run[0] / test["timeline"]).read_text()
    assert "the last word" in page and "signal 9 (SIGKILL)" in page


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.kill(os.getpid(), 11)", "worker gw7 was ended by signal 11 (SIGSEGV)"),
        ("raise SystemExit(3)", "worker gw7 ended by itself with exit code 3"),
        ("raise SystemExit(1)", "exit code 1, as it does when a test takes longer than its time-out of 300 s"),
    ],
)
def test_how_a_worker_ended_is_told_by_its_process(code: str, said: str) -> None:
    limits = {"faulthandler_exit_on_timeout": True, "faulthandler_timeout": 300}
    observer = SimpleNamespace(hang_of=lambda worker: None, last_word_of=lambda worker: "test_x (call)")
    gatherer = Gatherer(SimpleNamespace(getini=limits.get, stash={OBSERVER: observer}))
    worker = SimpleNamespace(popen=subprocess.Popen([sys.executable, "-c", code]))
    cause = gatherer._cause(SimpleNamespace(gateway=SimpleNamespace(id="gw7", _io=worker)))
    assert said in cause.evidence[0]


def test_junit_names_the_evidence_and_the_versions(run: tuple[Path, str]) -> None:
    cases = ElementTree.parse(run[0].parents[1] / "junit.xml").iter("testcase")
    properties = {case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")} for case in cases}
    assert properties["test_fails"]["evidence"] == str(run[0] / "test_sample.test_fails")
    assert "status-backend 0.1.0" in properties["test_fails"]["node_versions"]


def test_no_secret_is_in_any_of_it(run: tuple[Path, str]) -> None:
    files = [path for path in run[0].rglob("*") if path.is_file()]
    assert len(files) > 15
    assert [path for path in files if b"correct-horse-battery-staple" in path.read_bytes()] == []


def test_what_tests_are_called_cannot_break_the_page() -> None:
    test = {"id": "<script>", "outcome": "failed", "logs": [], "timeline": "a'b", "phases": []}
    page = render({"run": "1", "began": 0, "ended": None, "findings": [], "tests": [test]})
    assert "<script>" not in page and "a'b" not in page


def _tests(run_dir: Path) -> dict[str, Any]:
    run = json.loads((run_dir / "run.json").read_text())
    assert run["ended"] > run["began"]
    return {test["id"].rpartition("::")[2]: test for test in run["tests"]}
