"""The scenarios catch broken nodes: a mutation breaks the reference backend in one way, and a scenario must say so.

A mutation is made in a copy of the backend's sources, and the scenario is run on that, as processes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
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


MUTATIONS = [  # whose scenario waits longest comes last, for the tests wait one after the other
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
    Mutation(
        "what is said in other communities is archived too",
        f"{ARCHIVES}/store.py",
        """WHERE topic IN ({", ".join("?" * len(topics))}) AND""",
        """WHERE (topic IN ({", ".join("?" * len(topics))}) OR 1) AND""",
        "test_archive_is_not_created_without_messages",
        r"assert \[community\..*\] == \[\]",
    ),
    Mutation(
        "a new index forgets the archives before",
        f"{ARCHIVES}/owner.py",
        "publish(community_id, info.last_link, archives)",
        'publish(community_id, "", archives)',
        "test_different_archives_are_created_with_multiple_messages",
        r"assert \{'0x\w+\.*\w*'\} == \{'0x",
    ),
    Mutation(
        "an archive claims a time that it has not",
        f"{ARCHIVES}/codec.py",
        "archive.metadata.to = end if number == count - 1 else window_start + window",
        "archive.metadata.to = end + 3600",
        "test_different_archives_are_created_with_multiple_messages",
        r"no moment belongs to two archives",
    ),
    Mutation(
        "only the first messages of an archive are imported",
        f"{ARCHIVES}/importer.py",
        "for begin in range(0, len(messages), CHUNK):",
        "for begin in range(0, min(len(messages), CHUNK), CHUNK):",
        "test_late_member_sees_the_conversation_as_it_stands",
        r"At index \d+ diff: '\d+: Grüße",
    ),
    Mutation(
        "no archive is made",
        f"{ARCHIVES}/owner.py",
        "        if start >= end:\n",
        "        if True:\n",
        "test_community_archive_exists_for_default_chat",
        r"WaitTimeout: no community\.historyArchivesCreated from owner",
    ),
]


class Scenario:
    """A scenario that runs on a backend with a mutation."""

    def __init__(self, mutation: Mutation, folder: Path) -> None:
        copy = folder / "status-backend"
        shutil.copytree(BACKEND, copy, ignore=LEFT_OUT)
        source = copy / mutation.file
        text = source.read_text()
        assert text.count(mutation.code) == 1, (
            f"{mutation.file} has changed: the mutation {mutation.name!r} must be adapted"
        )
        source.write_text(text.replace(mutation.code, mutation.mutant))
        command = [sys.executable, "-m", "pytest", "--runtime", "process", f"--status-backend-source={copy}"]
        command += ["-p", "no:cacheprovider", "--logs-dir", str(folder / "logs"), "-k", mutation.scenario]
        self._printed = folder / "printed"
        with self._printed.open("w") as printed:
            self.process = subprocess.Popen(command, cwd=PROJECT, stdout=printed, stderr=subprocess.STDOUT)

    def result(self) -> tuple[int, str]:
        """When it has ended: pytest's status and all that it printed."""
        return self.process.wait(timeout=300), self._printed.read_text()


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scenario]]:
    """All at once, for most of the time they wait for what does not come."""
    running: dict[str, Scenario] = {}
    try:
        for mutation in MUTATIONS:
            running[mutation.name] = Scenario(mutation, tmp_path_factory.mktemp("mutation"))
        yield running
    finally:
        for scenario in running.values():
            scenario.process.kill()
            scenario.process.wait()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_scenario_catches(mutation: Mutation, scenarios: dict[str, Scenario]) -> None:
    status, printed = scenarios[mutation.name].result()
    assert status == 1, f"{mutation.scenario} must fail when {mutation.name}:\n{printed[-3000:]}"
    assert re.search(mutation.complaint, printed), f"it failed for another reason:\n{printed[-3000:]}"
