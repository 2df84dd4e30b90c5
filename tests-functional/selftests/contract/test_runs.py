"""Runs as their users start them, with workers: replies that do not fit, a change of shape, a recording, a contract."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plugin import golden, schemas
from schemas import FOLDER
from selftests.plugin.outside import Outside

TESTS = """
import os
import pytest

CHAT = {"id": "0x02", "name": 17, "emoji": None}

def rpc(journal, method, result):
    journal.append("owner", "rpc", {"method": method, "params": [], "result": result})

def test_talk(backend_new_profile):
    owner = backend_new_profile("owner")
    with owner.expect("messages.new", lambda signal: signal["event"]["chats"]):  # the store was asked: the last of it
        community = owner.wakuext_service.create_community("a community")
    chat_id = community["chats"][0]["id"]
    owner.wakuext_service.send_chat_message(chat_id, "hello")
    assert owner.wakuext_service.chat_messages(chat_id)["messages"][0]["text"] == "hello"

def test_misfit(journal):
    for _ in range(3):
        rpc(journal, "wakuext_hasCommunityArchive", "yes")
    journal.append("owner", "signal", {"type": "mediaserver.started", "event": {"ports": 4}})

def test_failed_already(journal):
    rpc(journal, "wakuext_hasCommunityArchive", None)
    raise AssertionError("the test's own")

def test_worker_dies(journal):
    rpc(journal, "wakuext_enr", "enr:-x")
    os.kill(os.getpid(), 9)

def test_unknown(journal):  # in the worker that takes the dead one's place
    rpc(journal, "wakuext_inventedYesterday", {"any": "thing"})
    rpc(journal, "wakuext_communities", [])
    rpc(journal, "accounts_verifyPassword", True)
"""


class Recorded:
    """One run that records, and what it left."""

    def __init__(self, folder: Path) -> None:
        self.outside = Outside(folder)
        self.transcripts = folder / "transcripts"
        self.done = self.outside.run(TESTS, "-n", "1", "--schema-check", "fail", "--record", str(self.transcripts))
        self.run = _run_json(self.outside)
        self.outcomes = {test["id"].rpartition("::")[2]: test["outcome"] for test in self.run["tests"]}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("recorded"))


def test_what_does_not_fit_fails_its_test_and_says_where(recorded: Recorded) -> None:
    assert recorded.outcomes == {
        "test_talk": "passed",
        "test_misfit": "error",
        "test_failed_already": "failed",
        "test_unknown": "passed",
        "test_worker_dies": "crashed",
    }
    text = recorded.done.stdout
    for line in (
        '  schemas/replies/wakuext_hasCommunityArchive.json: expected boolean, came string "yes"',
        "    wakuext_hasCommunityArchive (owner, 3 times) at $",
        "  schemas/signals/mediaserver.started.json, port: expected a value, came no such field",
        "  schemas/signals/mediaserver.started.json, ports: expected no such field, came integer 4",
        "    mediaserver.started (owner) at $.ports",
        "+++ schemas/signals/mediaserver.started.json",
        '-{"type": "boolean"}',
        '+{"type": ["boolean", "string"]}',
    ):
        assert line in text, text
    (misfit,) = [test for test in recorded.run["tests"] if test["id"].endswith("test_misfit")]
    assert misfit["verdict"]["of"] == "product"
    assert "no schema for: wakuext_inventedYesterday" in text


def test_what_was_never_exercised_is_told_for_all_workers_together(recorded: Recorded) -> None:
    found = recorded.run["schemas"]
    exercised = set(found["exercised"])
    assert {"replies/wakuext_communities", "replies/wakuext_createCommunity", "signals/node.login"} <= exercised
    assert "replies/wakuext_enr" in exercised, "of the test whose worker died"
    assert found["exercised"]["replies/accounts_verifyPassword"] == 1, "no secret, though it is named after one"
    never = found["never_exercised"]
    assert "wakuext_leaveCommunity" in never["methods"] and "community.historyArchivesCreated" in never["signals"]
    assert not {f"replies/{name}" for name in never["methods"]} & exercised
    known = {what: len(list((FOLDER / folder).glob("*.json"))) for what, folder in
             (("methods", "replies"), ("signals", "signals"))}  # fmt: skip
    assert found["known"] == known
    line = ", ".join(f"{len(never[what])} of {known[what]} {what}" for what in ("methods", "signals"))
    assert f"never exercised: {line} (listed in report.html)" in recorded.done.stdout
    page = (recorded.outside.run_dir() / "report.html").read_text()
    assert "wakuext_leaveCommunity" in page and "wakuext_hasCommunityArchive" in page
    assert {mismatch["test"].rpartition("::")[2] for mismatch in found["mismatches"]} == {
        "test_misfit", "test_failed_already"
    }  # fmt: skip


@pytest.fixture(scope="module")
def held_against(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outside, Any, Path]:
    """A second run of the two: it records again, updates a copy of the schemas, and is compared with the first run's
    transcript after that was altered, as if the backend had been another one."""
    folder = tmp_path_factory.mktemp("held_against")
    outside, altered = Outside(folder), folder / "altered"
    shutil.copytree(recorded.transcripts, altered)
    shutil.copytree(FOLDER, folder / "schemas")
    path = altered / "test_sample.test_talk.json"
    transcript = json.loads(path.read_text())
    owner = transcript["nodes"]["owner"]
    community = owner["replies"]["wakuext_createCommunity"]["communities"][0]
    del community["joined"]
    community |= {"isNew": True, "encrypted": "no", "name": "another"}
    owner["calls"].append({"call": "wakuext_leaveCommunity", "request": {}, "reply": None})
    path.write_text(json.dumps(transcript))
    options = ["--contract", str(altered), "--record", str(folder / "transcripts")]
    options += ["--update-schemas", "--schemas", str(folder / "schemas")]
    return outside, outside.run(TESTS, *options, "-k", "talk or misfit"), folder


def test_a_second_recording_is_the_same_bytes(recorded: Recorded, held_against: tuple[Outside, Any, Path]) -> None:
    first, second = recorded.transcripts, held_against[2] / "transcripts"
    name = "test_sample.test_talk.json"
    assert (first / name).read_text() == (second / name).read_text()
    names = {path.name for path in first.iterdir()}
    assert names == {name, "test_sample.test_unknown.json"}, "only tests that passed are recorded"


def test_a_backend_that_differs_is_told_by_method_and_field(held_against: tuple[Outside, Any, Path]) -> None:
    outside, done, _ = held_against
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "contract: 1 tests compared with their transcripts: 5 differences" in done.stdout, done.stdout
    create = "owner: wakuext_createCommunity $.communities[]"
    for line in (
        f"{create}.joined: new field",
        f"{create}.isNew: missing field",
        f"{create}.encrypted: type changed",
        f"{create}.name: value changed",
        "owner: wakuext_leaveCommunity: call missing",
    ):
        assert line in done.stdout, done.stdout
    contract = _run_json(outside)["contract"]
    assert len(contract["differences"]) == 5
    page = (outside.run_dir() / "report.html").read_text()
    assert "test_talk owner wakuext_createCommunity $.communities[].joined new field" in page
    assert [test.rpartition("::")[2] for test in contract["without_transcript"]] == ["test_misfit"]


def test_update_schemas_writes_what_was_seen(held_against: tuple[Outside, Any, Path]) -> None:
    _, done, folder = held_against
    updated = folder / "schemas"
    difference = subprocess.run(
        ["diff", "-r", "-x", "__pycache__", FOLDER, updated], capture_output=True, text=True, check=False
    ).stdout
    changed = [line for line in difference.splitlines() if line[0] in "<>"]
    assert changed == [
        '< {"type": "boolean"}',
        '> {"type": ["boolean", "string"]}',
        '<     "port": {"type": "integer"}',
        '>     "port": {"type": "integer"},',
        '>     "ports": {"type": "integer"}',
        '<   "required": [',
        '<     "port"',
        "<   ],",
    ]
    assert f"changed: {updated / 'signals' / 'mediaserver.started.json'}" in done.stdout


@pytest.mark.parametrize(
    ("check", "update", "fails"), [("fail", False, True), ("report", False, False), ("fail", True, False)]
)
def test_whether_a_misfit_fails_its_test(check: str, update: bool, fails: bool) -> None:
    option = SimpleNamespace(schema_check=check, update_schemas=update)
    assert schemas._fails(SimpleNamespace(option=option)) is fails


def test_a_contract_without_transcripts_is_refused(tmp_path: Path) -> None:
    config = SimpleNamespace(option=SimpleNamespace(record=None, contract=tmp_path / "none"))
    with pytest.raises(pytest.UsageError, match="there are no transcripts; --record makes them"):
        golden.pytest_configure(config)


def test_folders_that_are_none_are_refused(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()
    option = SimpleNamespace(record=file, contract=None, schema_check="fail", schemas=tmp_path / "none")
    for plugin, complaint in ((golden, f"--record {file}: this is no folder"), (schemas, "there is no such folder")):
        with pytest.raises(pytest.UsageError, match=complaint):
            plugin.pytest_configure(SimpleNamespace(option=option))


def _run_json(outside: Outside) -> dict[str, Any]:
    return json.loads((outside.run_dir() / "run.json").read_text())
