"""A Codex node as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from backend_process import DEADLINE, NODE


class CodexProcess:
    """`python -m codex` on ports of the kernel's choice, with its REST interface at `url`."""

    def __init__(self, directory: Path, *options: str) -> None:
        directory.mkdir()
        ready, log = directory / "ready.json", directory / "codex.log"
        arguments = [f"--data-dir={directory}", "--api-port=0", "--listen-addrs=/ip4/127.0.0.1/tcp/0", *options]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "codex", *arguments],
                env={**os.environ, "PYTHONPATH": str(NODE.parent / "codex"), "NODE_READY_FILE": str(ready)},
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + DEADLINE
        while not ready.exists():  # a file gives no event
            assert self._process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{json.loads(ready.read_text())['ports']['api']}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
