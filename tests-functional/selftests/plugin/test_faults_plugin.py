"""The fixture `faults` as tests meet it: it takes clients for nodes, its phases are evidence, a sham fails its test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selftests.plugin.outside import Outside

SAMPLE = """
import pytest
from fleet import catalog

@pytest.fixture
def node(nodes):
    return nodes.start(catalog.waku_store(nodes.name("waku"), retention_seconds=60))

def test_real(codex_node, faults):
    with faults.restart(codex_node):
        pass
    assert codex_node.peer_id()

def test_sham(node, faults, monkeypatch):
    monkeypatch.setattr(node, "pause", lambda: None)
    with faults.pause(node):
        pass

def test_lost(node, faults, monkeypatch):
    monkeypatch.setattr(node, "start", lambda: None)
    with faults.kill(node):
        pass

def test_forgotten(node, faults):
    faults.kill(node)

def test_shared(codex_bootstrap, faults):
    with pytest.raises(ValueError, match="codex-bootstrap is shared"):
        faults.kill(codex_bootstrap)

def test_network(network_faults, backend_new_profile):
    raise AssertionError("it must not begin")

def test_disk(node, faults):
    with pytest.raises(ValueError, match="sized_data"):
        faults.disk_full(node)
"""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Path]]:
    """What the run printed, and the folders of its tests."""
    outside = Outside(tmp_path_factory.mktemp("outside"))
    run = outside.run(SAMPLE, "-rs")
    assert json.loads((outside.run_dir() / "reaper.json").read_text())["removed"] == []
    folders = {path.name.rpartition(".")[2]: path for path in outside.run_dir().glob("test_sample.*")}
    return run.stdout, folders


def record(folder: Path) -> dict:
    return json.loads((folder / "test.json").read_text())


def test_each_phase_is_in_the_journal_and_the_fault_on_the_timeline(evidence) -> None:
    folder = evidence[1]["test_real"]
    assert record(folder)["outcome"] == "passed", "an end that was asked for is no finding of the audit"
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    faults = [line for line in lines if line["kind"] == "fault"]
    assert [line["phase"] for line in faults] == ["inject", "verified", "heal", "healed"]
    assert {line["name"] for line in faults} == {"restart"} and faults[0]["node"].startswith("codex-")
    assert "exit code 0" in faults[1]["text"]
    assert '"restart"' in (folder / "timeline.html").read_text()


def test_a_sham_fails_its_test_and_is_judged_as_such(evidence) -> None:
    found = record(evidence[1]["test_sham"])
    assert found["outcome"] == "failed"
    assert found["verdict"]["of"] == "fault not verified"
    assert "the node is running, not paused" in found["verdict"]["evidence"][0]


def test_the_audit_does_not_count_a_node_that_a_fault_has_ended(evidence) -> None:
    found = record(evidence[1]["test_lost"])
    assert (found["outcome"], found["verdict"]["of"]) == ("failed", "fault not verified")
    assert found["findings"] == []


def test_a_fault_without_a_with_is_an_error(evidence) -> None:
    found = record(evidence[1]["test_forgotten"])
    assert found["outcome"] == "error"
    assert "want of a `with`: kill of waku-" in found["phases"][-1]["error"]


def test_the_rest(evidence) -> None:
    printed, folders = evidence
    assert {name: record(folders[name])["outcome"] for name in ("test_shared", "test_disk", "test_network")} == {
        "test_shared": "passed", "test_disk": "passed", "test_network": "skipped",
    }  # fmt: skip
    assert "no network faults in process mode" in printed
