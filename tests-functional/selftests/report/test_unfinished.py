"""What is left of a run whose controller died says so."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from report import files, unfinished


@pytest.fixture
def running(evidence_folder: tuple[Path, dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
    """The folder and the record of a test under way, for a minute, in setup and now in its call."""
    folder, ended = evidence_folder
    setup = {"name": "setup", "begin": time.time() - 60, "end": time.time() - 50, "outcome": "passed"}
    record = {"id": ended["id"], "outcome": files.RUNNING, "began": setup["begin"], "limit": 600, "phases": [setup]}
    files.write_json(folder / files.RECORD, record)
    (folder.parent / "fleet").mkdir()
    return folder, record


def test_a_test_under_way_has_crashed(running: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = running
    unfinished.close(folder.parent)
    record = files.read_json(folder / files.RECORD)
    assert (record["outcome"], record["verdict"]["of"]) == ("crashed", "harness")
    assert record["death"] == "the controller died: 50 s after this had begun"
    assert [finding["node"] for finding in record["findings"]] == ["member"]
    assert (folder / files.TIMELINE).exists()
    (test,) = files.read_json(folder.parent / files.RUN)["tests"]
    assert test["outcome"] == "crashed" and test["folder"] == folder.name
    assert "1 crashed in" in (folder.parent / files.REPORT).read_text()


def test_one_beyond_its_limit_hung(running: tuple[Path, dict[str, Any]]) -> None:
    _, record = running
    verdict = unfinished.cause({**record, "limit": 30}, time.time())
    assert verdict.of == "hang"
    assert verdict.evidence[0] == "the process that ran it ended after 50 s, and a phase of it may take 30 s"
    assert unfinished.cause({**record, "limit": 0}, time.time()).of == "harness"
