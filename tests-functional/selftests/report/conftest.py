"""Evidence of a test as a run leaves it, written by the journal itself, and a browser to look at it with."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journal.journal import Journal
from report import files

ARCHIVE_SIGNALS = ["indexDownloadCompleted", "historyArchiveDownloaded", "downloadingHistoryArchivesFinished"]


@pytest.fixture
def evidence_folder(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A message from owner to member, an archive that the member imports, a fault, an error in a log, a failure."""
    folder = tmp_path / "run" / "test_sample.test_fails"
    with Journal(folder / files.JOURNAL) as journal:
        with journal.step("send a message"):
            message = {"id": "0xfeed", "text": "hello </script><b>"}
            journal.append("member", "signal", {"type": "messages.new", "event": {"messages": [message]}})
            sent = {
                "method": "wakuext_sendChatMessage",
                "params": [],
                "result": {"messages": [message]},
                "duration": 0.0,
            }
            journal.append("owner", "rpc", sent)
        journal.append("owner", "signal", {"type": "messages.new", "event": {"messages": [message]}})
        of_community = {"communityId": "0x02"}
        journal.append("owner", "signal", {"type": "community.historyArchivesCreated", "event": of_community})
        for name in ARCHIVE_SIGNALS:
            journal.append("member", "signal", {"type": f"community.{name}", "event": of_community})
        for phase in ("inject", "verified", "heal", "healed"):
            journal.append("member", "fault", {"name": "pause", "phase": phase})
        journal.append("owner", "fault", {"name": "kill", "phase": "inject"})
        last = journal.note("owner", "the end")
    (folder / "owner.log").write_text("2026-11-24T10:00:00.000Z INFO codex.node: fine\n")
    (folder / "member.log").write_text("2026-11-24T10:00:00.000Z ERROR codex.node: broken\n")
    samples = [
        {"wall": last.wall - 1 + n, "node": "owner", "cpu_seconds": n / 2, "rss_bytes": 50 * 2**20} for n in range(2)
    ]
    (folder / files.RESOURCES).write_text("".join(json.dumps(sample) + "\n" for sample in samples) + '{"wall": 12')
    call = {"name": "call", "begin": last.wall - 2, "end": last.wall + 1, "outcome": "failed"}
    failure = {"where": "tests/test_sample.py:7", "error": "AssertionError: the member has no message\nassert 0 == 1"}
    verdict = {"of": "product", "evidence": ["AssertionError: the member has no message"]}
    record = {
        "id": "tests/test_sample.py::test_fails",
        "outcome": "failed",
        "phases": [call | failure],
        "verdict": verdict,
    }
    return folder, record


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., str]:
    """`shown(page, script)`: the HTML once a headless Chromium, without network, has run it and then `script`."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")

    def dump(page: Path, script: str = "") -> str:
        copy = page.with_name(f"shown-{page.name}")
        copy.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=1000"]
        command = [chromium, *flags, *offline, "--window-size=1400,900", "--dump-dom", copy.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    return dump
