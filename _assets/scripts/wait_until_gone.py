"""Waits until every process that carries MARK (NAME=VALUE) in its environment is gone.

After a run that is the reaper: it ends when it has removed all that the run left. Says what is still there after a
minute, and ends none of it. A run that is kept is not waited for.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil

PATIENCE_SECONDS = 60


def kept_runs() -> set[str]:
    """Ids of runs that --keep leaves up, by the folders that they have meanwhile."""
    folders = (file.parent for file in Path(tempfile.gettempdir()).glob("tests-functional-*/kept.json"))
    return {(folder / ".tests-functional-run").read_text() for folder in folders}


def marked(name: str, value: str) -> list[psutil.Process]:
    kept, found = kept_runs(), []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            # A node carries its run's id in its environment, a reaper as its last argument.
            runs = {environment.get("TESTS_FUNCTIONAL_RUN"), *process.cmdline()[-1:]}
            if environment.get(name) == value and not kept & runs:
                found.append(process)
        except psutil.Error:
            pass  # another user's, or gone
    return found


def main(mark: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    # Again after each wait: one that went may have left others.
    while found := marked(*mark.split("=", 1)):
        _, alive = psutil.wait_procs(found, timeout=max(0.0, deadline - time.monotonic()))
        if alive:
            print("Still running after the end of the tests:", file=sys.stderr)
            for process in alive:
                print(f"  {process.pid} {process.name()}", file=sys.stderr)
            return


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("Not waiting for the cleanup: it goes on in the background.")
