"""The controller's end of the reaper: starts it, and lets it end the run."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import FleetError

PACKAGE_ROOT = Path(__file__).parents[1]
ORDERLY = b"done\n"  # what the controller says at an orderly end
HELD_BACK = {signal.SIGTERM, signal.SIGINT}  # blocked at birth, until the reaper can heed them
END_TIMEOUT = 120.0  # seconds for the reaper to sweep and end


@dataclass
class Guard:
    """The reaper of a run, as its controller sees it."""

    process: subprocess.Popen[bytes]
    report: Path

    @classmethod
    def start(cls, run_id: str, run_dir: Path, temp_dir: Path, *, docker: bool, max_lifetime: float) -> Guard:
        report = run_dir / "reaper.json"
        task = {
            "run_id": run_id,
            "temp_dir": str(temp_dir),
            "docker": docker,
            "max_lifetime": max_lifetime,
            "report": str(report),
        }
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        try:
            with (run_dir / "reaper.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "fleet.reaper"],
                    cwd=PACKAGE_ROOT,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
        return cls(process, report)

    def close(self) -> list[str]:
        """Ends the run: waits until the reaper has swept, and returns what it found (see `describe`).

        Raises FleetError where something could not be removed.
        """
        with contextlib.suppress(BrokenPipeError):  # it has reaped already: too old, or asked to end
            self.process.stdin.write(ORDERLY)
            self.process.stdin.close()
        self.process.wait(timeout=END_TIMEOUT)
        if not self.report.exists():
            raise FleetError(f"the reaper failed, see {self.report.with_suffix('.log')}")
        report = json.loads(self.report.read_text())
        if report["failed"]:
            raise FleetError("not all of the run could be removed:\n" + "\n".join(report["failed"]))
        return report["removed"]
