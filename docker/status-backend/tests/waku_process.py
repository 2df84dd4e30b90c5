"""A Waku node as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from backend_process import DEADLINE, NODE

from status_backend.fleets import WakuFleet, WakuNode

WAKU = NODE.parent / "waku"


class WakuProcess:
    """`python -m wakunode`. Started again, it serves on the port that the kernel chose at first."""

    def __init__(self, directory: Path, rest_port: int = 0) -> None:
        self.directory = directory
        self.rest_port = rest_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def fleet(self) -> WakuFleet:
        url = f"http://127.0.0.1:{self.rest_port}"
        return WakuFleet("test", 16, [WakuNode("16Uiu2HAm", "enr:-", "/ip4/127.0.0.1/tcp/1", url, store=True)])

    def start(self) -> None:
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        options = f"--rest --rest-port={self.rest_port} --tcp-port=0 --cluster-id=16 --shard=32 --shard=64"
        store = f"--store-message-db-url=sqlite://{self.directory / 'store.sqlite3'}"
        with (self.directory / "waku.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wakunode", *options.split(), "--relay", "--store", store],
                env={**os.environ, "PYTHONPATH": str(WAKU), "NODE_READY_FILE": str(ready)},
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + DEADLINE
        while not ready.exists():  # a file gives no event
            assert self._process.poll() is None and time.monotonic() < end, (self.directory / "waku.log").read_text()
            time.sleep(0.01)
        self.rest_port = json.loads(ready.read_text())["ports"]["rest"]

    def fleets_file(self, fleet: str, id: str, address: str) -> Path:
        """A fleets config in which this node alone is known, by this id and address."""
        node = {"id": id, "addr": address, "fleet": fleet, "restUrl": self.fleet.nodes[0].rest_url}
        path = self.directory / "fleets.json"
        path.write_text(json.dumps({fleet: {"clusterId": 16, "wakuNodes": [], "storeNodes": [node]}}))
        return path

    def stop(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(DEADLINE)

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
