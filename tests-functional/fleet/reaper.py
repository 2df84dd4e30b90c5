"""Removes all of a run when its controller is gone, however it went.

Two processes per run (`python -m fleet.reaper RUN_ID`), each in a session of its own, so that Ctrl-C and the end of the
terminal do not reach them. Each holds the reading end of a pipe of the controller: the kernel closes that when the
controller dies, even by SIGKILL. An orderly end closes it as well, so there is one way to clean up, and it is used in
every run. The reaper that gets the lock first does the work; the other one waits, and takes over where that dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from docker.errors import DockerException

from fleet import leftovers
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.guard import HELD_BACK, KEEP, ORDERLY

SWEEP_SECONDS = 30.0  # how long to go on while things are still found
ENGINE_PATIENCE = 600.0  # seconds for an engine that is down, being restarted say, to come back
ENGINE_TIMEOUT = 30.0  # seconds for an answer of the docker engine
EPILOGUE_TIMEOUT = 120.0  # seconds for what is to be done after all that
PAUSE = 0.25  # seconds between two looks
DIED = "the controller died"
SETTLE_SECONDS = 3.0  # after a death: workers outlive the controller for a moment and may just be starting something


def watch(pipe: IO[bytes], task: dict[str, Any]) -> tuple[str, float]:
    """Blocks until the run is to be removed; returns why, and for how long to look for more of it."""
    ends: list[Any] = [pipe]
    try:
        ends.append(os.pidfd_open(task["controller"]))  # a fork of the controller would hold the pipe open
    except (AttributeError, OSError):
        pass  # no Linux, or it is gone: the pipe tells
    readable, _, _ = select.select(ends, [], [], task["max_lifetime"])
    if not readable:
        return f"the run is older than its {task['max_lifetime']:.0f} s", SETTLE_SECONDS
    said, _, seconds = _last_word(pipe).partition(" ")
    if said == ORDERLY:
        return "the run is over", 0.0
    if said == KEEP:
        time.sleep(float(seconds))
        return f"it was kept for {float(seconds):.0f} s", 0.0
    return DIED, SETTLE_SECONDS


def _last_word(pipe: IO[bytes]) -> str:
    """What the controller said before it went, if anything."""
    readable, _, _ = select.select([pipe], [], [], 0)
    return pipe.readline().decode().strip() if readable else ""


def sweep(run_id: str, docker: bool, settle: float) -> dict[str, list[str]]:
    """Finds and removes until nothing has appeared for `settle` seconds."""
    removed: list[str] = []
    failed: list[str] = []
    start = quiet_since = time.monotonic()
    patience = SWEEP_SECONDS
    while (now := time.monotonic()) - start < patience:
        found = leftovers.find(run_id, None)
        try:
            if docker:
                leftovers.find_in_engine(found, run_id, connect(ENGINE_TIMEOUT).client)
        except (FleetError, DockerException) as error:
            engine = error
            patience = ENGINE_PATIENCE
        else:
            engine = None
        if found:
            removed += [line for line in found.describe() if line not in removed]
            failed = leftovers.remove(found)
            quiet_since = time.monotonic()
        elif engine is None and now - quiet_since >= settle:
            return {"removed": removed, "failed": []}
        else:
            time.sleep(PAUSE)  # nothing tells of a process that is yet to appear
        if engine is not None:
            failed = [str(engine)]
    return {"removed": removed, "failed": failed or ["things of the run kept appearing"]}


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.fdopen(0, "rb", buffering=0)  # select sees nothing of what a buffer holds
    task = json.loads(pipe.readline())

    def reap(reason: str, settle: float = 0.0) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        report = Path(task["report"])
        with report.with_suffix(".log").open("ab") as lock:
            if _wait_for(lock) and report.exists():
                return 0  # the other one has done it
            earlier = json.loads(report.read_text())["removed"] if report.exists() else []
            outcome = sweep(task["run_id"], task["docker"], settle)
            leftovers.remove_temp_dir(Path(task["temp_dir"]), task["run_id"])
            if reason == DIED and task["epilogue"]:
                subprocess.run([*task["epilogue"], str(report.parent)], timeout=EPILOGUE_TIMEOUT)
            outcome["removed"] = earlier + outcome["removed"]
            report.with_suffix(".tmp").write_text(json.dumps({"reason": reason, **outcome}, indent=2) + "\n")
            report.with_suffix(".tmp").rename(report)
        return 1 if outcome["failed"] else 0

    def on_sigterm(*_: object) -> None:
        raise SystemExit(reap("the reaper was asked to end"))

    signal.signal(signal.SIGTERM, on_sigterm)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
    return reap(*watch(pipe, task))


def _wait_for(lock: IO[bytes]) -> bool:
    """Takes the lock; True where another process had it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return True


if __name__ == "__main__":
    sys.exit(main())
