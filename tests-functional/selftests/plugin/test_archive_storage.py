"""Which archive API and which storage node the backends of a run have: `--dialect`, `--codex`, `--codex-image`."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plugin.options import Settings
from selftests.plugin.outside import Outside

NOTHING = "def test_nothing():\n    pass\n"

BESIDE = """
from clients.codex import CodexClient
from clients.signals import SignalType
from steps.archives import enable_archives, of
from steps.messenger import create_community, default_chat, send_text
from steps.published import read_published_archives

def test_archive(backend_new_profile, nodes, journal, codex_bootstrap, codex_node, timings):
    owner = backend_new_profile("owner", message_archive_interval=timings.short_archive_interval)
    enable_archives(owner, bootstrap=codex_bootstrap.spr())
    community_id = create_community(owner, archives=True)
    created = owner.expect(SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED, of(community_id),
                           timeout=timings.short_archive_deadline)
    send_text(owner, default_chat(owner, community_id), "kept beside")
    created.wait()

    (beside,) = [node for node in nodes.started if node.name.startswith("owner-codex")]
    assert owner.nodes == [owner.node, beside]
    codex = CodexClient(beside.url, node=beside.name, journal=journal)
    assert owner.wakuext_service.storage_debug()["id"] == codex.peer_id()
    by_name = {item["manifest"]["filename"]: item["cid"] for item in codex.list()}
    (index_cid,) = [cid for name, cid in by_name.items() if "index" in name]
    (published,) = read_published_archives(codex_node, index_cid)
    assert published.contains("kept beside")
    beside.kill()  # what the audit is to find: it ended, and nobody allowed that
"""

LACKING = """
def test_lacks(backend_new_profile, timings):
    backend_new_profile("alice").wakuext_service.update_message_archive_interval(timings.archive_interval)

def test_fails(backend_new_profile):
    wakuext = backend_new_profile("bob").wakuext_service
    wakuext.enable_archives()
    wakuext.rpc_request("noSuchMethod")
"""


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"docker_image": "statusgo:1", "runtime": "process"},
            "--docker-image statusgo:1 needs Docker, but --runtime is process",
        ),
        (
            {"codex_image": "codex:1", "codex": "container", "runtime": "process"},
            "--codex-image codex:1 needs Docker, but --runtime is process",
        ),
        ({"codex_image": "codex:1"}, "--codex-image codex:1 needs --codex container: embedded is no image"),
        (
            {"codex": "container", "dialect": "torrent"},
            "--codex container makes no sense with --dialect torrent, which has no storage node",
        ),
        (
            {"codex": "container", "status_backend_url": ["http://127.0.0.1:1"]},
            "--codex container is for the reference status-backend: others have their own storage",
        ),
        (
            {"process_network": "own", "status_backend_url": ["http://127.0.0.1:1"]},
            "--process-network own is out of reach for the backends of --status_backend_url",
        ),
        (
            {"codex": "container", "docker_image": "statusgo:1"},
            "--codex container is for the reference status-backend: others have their own storage",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    pytestconfig: pytest.Config, options: dict[str, Any], complaint: str
) -> None:
    unset = {"runtime": "auto", "dialect": "codex", "codex": "embedded", "codex_image": "", "docker_image": ""}
    unset |= {"image": [], "status_backend_url": [], "status_backend_source": None}
    given = argparse.Namespace(**{**vars(pytestconfig.option), **unset})
    Settings.of(SimpleNamespace(option=given))
    vars(given).update(options)
    with pytest.raises(pytest.UsageError, match=f"^{re.escape(complaint)}$"):
        Settings.of(SimpleNamespace(option=given))


def test_a_contradiction_ends_the_run_before_anything_is_started(outside: Outside) -> None:
    run = outside.run(NOTHING, "--codex", "container", "--dialect", "torrent")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --codex container makes no sense with --dialect torrent" in run.stderr
    assert not outside.logs.exists()


def test_a_codex_node_beside_the_backend_is_used_and_leaves_its_evidence(outside: Outside) -> None:
    run = outside.run(BESIDE, "--codex", "container")
    assert "codex: beside each backend, reference" in run.stdout
    (folder,) = outside.run_dir().glob("test_sample.test_archive*")
    (log,) = folder.glob("owner-codex-*.log")
    assert log.read_text().count("REST interface on") == 2, "before and after it was told of the bootstrap node"
    assert f'"{log.stem}"' in (folder / "timeline.html").read_text().partition('"lanes": [')[2].partition("]")[0]
    nodes = {json.loads(line)["node"] for line in (folder / "journal.jsonl").read_text().splitlines()}
    assert log.stem in nodes
    assert log.stem in {json.loads(line)["node"] for line in (folder / "resources.jsonl").read_text().splitlines()}

    # The test's own assertions hold; that it fails is the audit's doing, for the node that was killed.
    assert run.returncode == 1
    findings = json.loads((folder / "test.json").read_text())["findings"]
    assert [finding["node"] for finding in findings] == [log.stem], run.stdout
    (again,) = [line for line in run.stdout.splitlines() if line.startswith("again: ")]
    assert " --codex container " in again
    assert outside.processes() == []


def test_only_what_the_dialect_never_had_is_skipped(outside: Outside) -> None:
    run = outside.run(LACKING, "--dialect", "torrent", "-rs")
    assert "1 failed, 1 skipped" in run.stdout
    assert ": the torrent dialect has no wakuext_updateMessageArchiveInterval" in run.stdout
    assert "the method wakuext_noSuchMethod does not exist" in run.stdout
