"""What nodes had on disk when their test failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleet.errors import FleetError
from journal.journal import Journal
from plugin import data_dirs
from selftests.plugin.outside import Outside

TESTS = """
def test_fails(backend_new_profile, codex_node):
    alice = backend_new_profile("alice")
    codex_node.upload(b"kept" * 100)
    assert alice.public_key == ""

def test_passes(backend_factory):
    backend_factory("bob")
"""


def test_a_failed_test_keeps_them_and_another_does_not(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(TESTS)
    assert "1 failed, 1 passed" in run.stdout, run.stdout
    kept = outside.run_dir() / "test_sample.test_fails" / "data"
    assert not (outside.run_dir() / "test_sample.test_passes" / "data").exists()
    codex, alice = sorted(kept.iterdir(), key=lambda folder: folder.name, reverse=True)
    assert list(alice.glob("*-v4.db")) and list(alice.glob("keystore/*/*"))
    assert any(b"kept" in path.read_bytes() for path in codex.rglob("*") if path.is_file())
    assert not list(kept.rglob("key")), "a network key is a private key in plain"
    assert "as private keys or beyond" in (kept.parent / "journal.jsonl").read_text()
    assert json.loads((outside.run_dir() / "reaper.json").read_text())["removed"] == [], "without workers too"
    assert outside.processes() == []


class OnDisk:
    """A node with this data."""

    name = "alice"

    def __init__(self, data: dict[str, bytes], error: Exception | None = None) -> None:
        self._data = data
        self._error = error

    def copy_out(self, source: str, target: Path) -> None:
        for name, content in self._data.items():
            (target / name).write_bytes(content)
        if self._error:
            raise self._error


def test_the_largest_files_are_left_out_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_dirs, "LIMIT", 100)
    journal = Journal()
    data_dirs.keep(
        [OnDisk({"small": b"s" * 40, "large": b"l" * 90, "middle": b"m" * 50, "key": b"k"})], tmp_path, journal
    )
    assert {path.name for path in (tmp_path / "data" / "alice").iterdir()} == {"small", "middle"}
    (note,) = journal.entries(kind="note")
    assert note.data["text"].endswith("key, large")


def test_a_node_that_is_gone_says_so_and_keeps_what_was_copied(tmp_path: Path) -> None:
    journal = Journal()
    data_dirs.keep(
        [OnDisk({"half": b"1"}, FleetError("alice was removed")), OnDisk({}, OSError("no"))], tmp_path, journal
    )
    assert (tmp_path / "data" / "alice" / "half").exists()
    assert [entry.data["text"] for entry in journal.entries(kind="note")] == [
        "its data could not be kept: alice was removed",
        "its data could not be kept: no",
    ]
