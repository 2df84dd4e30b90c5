"""The scenarios catch broken nodes: a mutation breaks the reference backend in one way, and a scenario must say so.

A mutation is made in a copy of the backend's sources, and the scenario is run on that, as processes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
BACKEND = PROJECT / "docker" / "status-backend"
LEFT_OUT = shutil.ignore_patterns("tests", "__pycache__", ".pytest_cache")
ARCHIVES = "status_backend/archives"


@dataclass(frozen=True)
class Mutation:
    """`code` in `file` becomes `mutant`; then `scenario` fails, and its report matches the pattern `complaint`."""

    name: str
    file: str
    code: str
    mutant: str
    scenario: str
    complaint: str


MUTATIONS = [
    Mutation(
        "no archive is made",
        f"{ARCHIVES}/owner.py",
        "        if start >= end:\n",
        "        if True:\n",
        "test_community_archive_exists_for_default_chat",
        r"WaitTimeout: no community\.historyArchivesCreated from owner",
    ),
    Mutation(
        "the archive has no messages",
        f"{ARCHIVES}/codec.py",
        "WakuMessageArchive(messages=chunk)",
        "WakuMessageArchive(messages=[])",
        "test_community_archive_exists_for_default_chat",
        r"assert 0 == 1",
    ),
    Mutation(
        "the index CID is not published",
        f"{ARCHIVES}/owner.py",
        "        await self._publish(community_id, self._distribution.current(link), clock_ms)\n",
        "",
        "test_community_archive_exists_for_default_chat",
        r"WaitTimeout: no community\.indexDownloadCompleted from member",
    ),
    Mutation(
        "the import is skipped",
        f"{ARCHIVES}/importer.py",
        "            await self._host.handle_archived(community_id, messages[begin : begin + CHUNK])\n",
        "            pass\n",
        "test_archive_is_downloaded_after_logout_login",
        r"assert \{\} == \{'0x",
    ),
    Mutation(
        "an archive is made though there are no messages",
        f"{ARCHIVES}/owner.py",
        '        link = ""\n        if archives:\n',
        "        from .codec import WakuMessageArchive\n        archives = archives or [WakuMessageArchive()]\n"
        '        link = ""\n        if archives:\n',
        "test_archive_is_not_created_without_messages",
        r"no community\.noHistoryArchivesCreated .* from owner|historyArchivesCreated",
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_scenario_catches(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / "status-backend"
    shutil.copytree(BACKEND, copy, ignore=LEFT_OUT)
    source = copy / mutation.file
    text = source.read_text()
    assert text.count(mutation.code) == 1, (
        f"{mutation.file} has changed: the mutation {mutation.name!r} must be adapted"
    )
    source.write_text(text.replace(mutation.code, mutation.mutant))

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--runtime", "process", f"--status-backend-source={copy}",
         "-p", "no:cacheprovider", "--logs-dir", tmp_path / "logs", "-k", mutation.scenario],
        cwd=PROJECT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert run.returncode == 1, f"{mutation.scenario} must fail when {mutation.name}:\n{run.stdout[-3000:]}"
    assert re.search(mutation.complaint, run.stdout), f"it failed for another reason:\n{run.stdout[-3000:]}"
