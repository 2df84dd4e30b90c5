"""The controller's end of the reapers: starts them, replaces one that is killed, and lets them end the run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from fleet.errors import FleetError

PACKAGE_ROOT = Path(__file__).parents[1]
REAPERS = 2  # so that one is left whichever process dies
ORDERLY = "done"  # what the controller says at an orderly end
KEEP = "keep"  # and what, followed by seconds, where all shall stay for so long
HELD_BACK = {signal.SIGTERM, signal.SIGINT}  # blocked at birth, until the reaper can heed them
END_TIMEOUT = 120.0  # seconds for the reapers to sweep and end


class Guard:
    """The reapers of a run, as its controller sees them. Each would do alone."""

    def __init__(
        self, run_id: str, run_dir: Path, temp_dir: Path, *, docker: bool, max_lifetime: float, epilogue: Sequence[str]
    ) -> None:
        self.report = run_dir / "reaper.json"
        self._log = self.report.with_suffix(".log")
        self._run_id = run_id
        self._task = {
            "run_id": run_id,
            "temp_dir": str(temp_dir),
            "docker": docker,
            "max_lifetime": max_lifetime,
            "report": str(self.report),
            "controller": os.getpid(),
            "epilogue": list(epilogue),
        }
        self._lock = threading.Lock()
        self._dismissed = False
        self.reapers: list[subprocess.Popen[bytes]] = []
        try:
            for place in range(REAPERS):
                self.reapers.append(self._start())
                threading.Thread(target=self._replace_killed, args=(place,), name="guard", daemon=True).start()
        except BaseException:
            self.close()
            raise

    def close(self) -> list[str]:
        """Ends the run: waits until it is swept, and returns what was found (see `Leftovers.describe`).

        Raises FleetError where something could not be removed.
        """
        self._dismiss(ORDERLY)
        for reaper in self.reapers:
            try:
                reaper.wait(timeout=END_TIMEOUT)
            except subprocess.TimeoutExpired:
                raise FleetError(
                    f"the run is not removed after {END_TIMEOUT:.0f} s: its reaper goes on, see {self._log}"
                ) from None
        if not self.report.exists():
            raise FleetError(f"the reapers failed, see {self._log}")
        report = json.loads(self.report.read_text())
        if report["failed"]:
            raise FleetError("not all of the run could be removed:\n" + "\n".join(report["failed"]))
        return report["removed"]

    def keep(self, seconds: float) -> None:
        """Lets the reapers wait for `seconds` before they remove the run. This process may end meanwhile."""
        self._dismiss(f"{KEEP} {seconds}")

    def _dismiss(self, word: str) -> None:
        with self._lock:
            if self._dismissed:
                return
            self._dismissed = True
        for reaper in self.reapers:
            with contextlib.suppress(BrokenPipeError):  # it has reaped already: too old, or asked to end
                reaper.stdin.write(word.encode() + b"\n")
                reaper.stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        try:
            with self._log.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "fleet.reaper", self._run_id],
                    cwd=PACKAGE_ROOT,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        process.stdin.write(json.dumps(self._task).encode() + b"\n")
        process.stdin.flush()
        return process

    def _replace_killed(self, place: int) -> None:
        """On a thread of its own. A reaper that has done its work, or cannot run at all, is not replaced."""
        while True:
            code = self.reapers[place].wait()
            with self._lock:
                if self._dismissed or code >= 0:
                    return
                self.reapers[place].stdin.close()
                self.reapers[place] = self._start()
