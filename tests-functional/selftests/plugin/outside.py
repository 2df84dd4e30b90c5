"""A pytest run with the harness loaded, in a folder of its own, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from fleet.marks import RUN_VARIABLE
from plugin import PLUGINS

HARNESS = Path(__file__).resolve().parents[2]
LOAD_PLUGINS = [argument for name in PLUGINS for argument in ("-p", name)]


class Outside:
    """Runs pytest in a folder of its own and looks at what it leaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"

    def command(self, source: str, *arguments: str) -> list[str]:
        (self.folder / "test_sample.py").write_text(source)
        ini = ["-c", str(HARNESS.parent / "pytest.ini"), "--rootdir", str(self.folder), "-p", "no:cacheprovider"]
        options = ["--runtime", "process", "--logs-dir", str(self.logs)]
        return [
            sys.executable,
            "-m",
            "pytest",
            *ini,
            *LOAD_PLUGINS,
            *options,
            *arguments,
            str(self.folder / "test_sample.py"),
        ]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(HARNESS)}

    def run(self, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(source, *arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
        )

    def run_dir(self) -> Path:
        return (self.logs / "latest").resolve()

    def processes(self) -> list[psutil.Process]:
        """The nodes of the run that are alive."""
        run_id = self.run_dir().name
        return [process for process in psutil.process_iter() if _environment(process).get(RUN_VARIABLE) == run_id]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:  # it ended, or it is a kernel thread
        return {}
