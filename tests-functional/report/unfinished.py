"""Closes the books of a run whose controller died: `python -m report.unfinished FOLDER`, as its reaper does."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from report import audit, files, timeline, verdict
from report.run_page import RunPage
from report.verdict import Verdict


def close(run_dir: Path) -> None:
    """Tests that were under way have ended now, and so has the run."""
    page = RunPage.reopen(run_dir)
    for path, record in files.running(run_dir):
        crashed(path, record, cause(record, time.time()))
        page.add(record, path.parent)
    page.close([finding.to_json() for finding in audit.scan_folder(run_dir / "fleet")])


def crashed(path: Path, record: dict[str, Any], why: Verdict) -> None:
    """The evidence of a test that nothing could end in order. `path` is that of its record."""
    record |= {"outcome": "crashed", "death": why.evidence[0], "verdict": why.to_json()}
    record["findings"] = [finding.to_json() for finding in audit.scan_folder(path.parent)]
    files.write_json(path, record)
    timeline.write(path.parent, record)


def cause(record: dict[str, Any], now: float) -> Verdict:
    """All that can be known of it from outside is for how long it went on."""
    took = now - max([record["began"], *(phase["end"] for phase in record["phases"])])
    limit = record.get("limit") or 0
    if 0 < limit < took:
        text = f"the process that ran it ended after {took:.0f} s, and a phase of it may take {limit:g} s"
        return Verdict(verdict.HANG, (text, "what it stood in is on its standard error, unless it was killed"))
    return Verdict(verdict.HARNESS, (f"the controller died: {took:.0f} s after this had begun",))


if __name__ == "__main__":
    close(Path(sys.argv[1]))
