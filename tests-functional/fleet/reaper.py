"""Removes all of a run when its controller is gone, however it went.

One process per run (`python -m fleet.reaper`), in a session of its own, so that Ctrl-C does not reach it. It holds the
reading end of a pipe of the controller: the kernel closes that when the controller dies, even by SIGKILL. An orderly
end closes it as well, so there is one way to clean up, and it is used in every run.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import IO

from docker.errors import DockerException

from fleet import leftovers
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.guard import HELD_BACK, ORDERLY

SWEEP_SECONDS = 30.0  # how long to go on while things are still found
ENGINE_TIMEOUT = 30.0  # seconds for an answer of the docker engine
PAUSE = 0.25  # seconds between two looks
SETTLE_SECONDS = 3.0  # after a death: workers outlive the controller for a moment and may just be starting something


def watch(pipe: IO[bytes], max_lifetime: float) -> tuple[str, float]:
    """Blocks until the controller is gone or its time is over; returns which, and for how long to look for more."""
    readable, _, _ = select.select([pipe], [], [], max_lifetime)
    if not readable:
        return f"the run is older than its {max_lifetime:.0f} s", SETTLE_SECONDS
    if pipe.readline() == ORDERLY:
        return "the run is over", 0.0
    return "the controller died", SETTLE_SECONDS


def sweep(run_id: str, docker: bool, settle: float) -> dict[str, list[str]]:
    """Finds and removes until nothing has appeared for `settle` seconds."""
    removed: list[str] = []
    failed: list[str] = []
    start = quiet_since = time.monotonic()
    while (now := time.monotonic()) - start < SWEEP_SECONDS:
        try:
            found = leftovers.find(run_id, connect(ENGINE_TIMEOUT).client if docker else None)
        except (FleetError, DockerException) as error:  # an engine under load may answer at the next try
            failed = [str(error)]
            time.sleep(PAUSE)
            continue
        if found:
            removed += [line for line in found.describe() if line not in removed]
            failed = leftovers.remove(found)
            quiet_since = time.monotonic()
        elif now - quiet_since >= settle:
            return {"removed": removed, "failed": []}
        else:
            time.sleep(PAUSE)  # nothing tells of a process that is yet to appear
    return {"removed": removed, "failed": failed or ["things of the run kept appearing"]}


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.fdopen(0, "rb", buffering=0)  # select sees nothing of what a buffer holds
    task = json.loads(pipe.readline())

    def reap(reason: str, settle: float = 0.0) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        outcome = sweep(task["run_id"], task["docker"], settle)
        leftovers.remove_temp_dir(Path(task["temp_dir"]), task["run_id"])
        report = Path(task["report"])
        report.with_suffix(".tmp").write_text(json.dumps({"reason": reason, **outcome}, indent=2) + "\n")
        report.with_suffix(".tmp").rename(report)
        return 1 if outcome["failed"] else 0

    def on_sigterm(*_: object) -> None:
        raise SystemExit(reap("the reaper was asked to end"))

    signal.signal(signal.SIGTERM, on_sigterm)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
    return reap(*watch(pipe, task["max_lifetime"]))


if __name__ == "__main__":
    sys.exit(main())
