"""Runs the main job several times from a fresh clone: how long it takes, how often it passes, and what it leaves."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from fleet.marks import RUN_LABEL, RUN_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = "_assets/scripts/run_functional_tests_dev.sh"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="TestCommunityArchives")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runtime", choices=["process", "docker"], default="process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        clone = Path(folder, "clone with spaces")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        times, passed = [], 0  # the warm-up also makes the virtual environment and the images
        for number in range(options.rounds + 1):
            seconds, status, closing = one_round(clone, options)
            warm_up = number == 0
            print(f"{'warm-up' if warm_up else f'round {number}'}: {seconds:.1f} s, exit status {status}: {closing}")
            if not warm_up:
                times.append(seconds)
                passed += status == 0
    spread = f"median {statistics.median(times):.1f} s ({min(times):.1f} to {max(times):.1f})"
    print(f"{options.runtime}: {passed} of {options.rounds} passed; {spread}")
    print(f"left behind: {', '.join(left_behind(options.runtime)) or 'nothing'}")


def one_round(clone: Path, options: argparse.Namespace) -> tuple[float, int, str]:
    """Seconds of wall time, exit status, and the last line that pytest printed."""
    began = time.monotonic()
    done = run([clone / SCRIPT, "-y", "--runtime", options.runtime, options.pattern])
    return time.monotonic() - began, done.returncode, done.stdout.strip().splitlines()[-1].strip("= ")


def run(command: list[Path | str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def left_behind(runtime: str) -> list[str]:
    """Marked processes, and where Docker ran labelled containers and networks."""
    found = [f"process {process.pid}" for process in psutil.process_iter() if _marked(process)]
    if runtime == "docker":
        for kind, more in (("container", ["--all"]), ("network", [])):
            listing = run(["docker", kind, "ls", "--quiet", *more, "--filter", f"label={RUN_LABEL}"])
            found += [f"{kind} {line}" for line in listing.stdout.split()]
    return found


def _marked(process: psutil.Process) -> bool:
    try:
        return RUN_VARIABLE in process.environ()
    except psutil.Error:  # it ended, or it is a kernel thread
        return False


if __name__ == "__main__":
    main()
