"""One build under the scenarios: what it is called, the options that choose it, and a run of pytest with it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.images import PROJECT
from report import files

REFERENCE = "reference"
PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent ends
RAN = (0, 1)  # pytest's exit codes of a run in which tests ran to their end


class NotRun(Exception):
    """A run that tells nothing about the build: it did not come to its end. `code` is pytest's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C reaches only us, and pytest by way of us: so it gets it once, and has the time to end in order."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class Side:
    """`name` is what people give: "reference", a source tree of the reference backend, or an image."""

    name: str

    @property
    def is_foreign(self) -> bool:
        return self.name != REFERENCE and not self._is_source

    @property
    def _is_source(self) -> bool:
        return (Path(self.name) / "status_backend").is_dir()

    def options(self) -> list[str]:
        if self.name == REFERENCE:
            return []
        if self._is_source:
            # One word: pytest would look for tests in a path that is a word of its own.
            return [f"--status-backend-source={Path(self.name).resolve()}"]
        return ["--docker-image", self.name]


def timings(sides: Sequence[Side], given: Sequence[str]) -> list[str]:
    """The same for all sides, unless they are given: those that an image of somebody else's needs, if there is one."""
    if any(word == "--timings" or word.startswith("--timings=") for word in given):
        return []
    return ["--timings", "upstream" if any(side.is_foreign for side in sides) else "fast"]


def run(side: Side, logs_dir: Path, arguments: Sequence[str]) -> Path:
    """Runs pytest with `arguments` on one side and returns the run's folder, in `logs_dir`. Raises NotRun."""
    logs_dir.mkdir(parents=True)
    command = [sys.executable, "-m", "pytest", *arguments, *side.options(), f"--logs-dir={logs_dir}"]
    code = _wait(subprocess.Popen(command, cwd=PROJECT, process_group=0, preexec_fn=_die_with_parent))
    latest = logs_dir / "latest"
    if code not in RAN or not (latest / files.RUN).exists():
        raise NotRun(f"on {side.name} pytest ended with exit code {code} and without results to look at", code or 1)
    return latest.resolve()
