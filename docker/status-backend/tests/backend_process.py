"""A backend as a process of its own, driven from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import websocket

NODE = Path(__file__).parents[1]
PASSWORD = "Strong12345"
DEADLINE = 60.0


class BackendProcess:
    """`python -m status_backend` on a port of the kernel's choice, with a listener on /signals."""

    def __init__(self, directory: Path, env: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.log_path = directory / "stderr.log"
        self.signals: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        ready = directory / "ready.json"
        ready.unlink(missing_ok=True)
        path = os.pathsep.join(str(folder) for folder in (NODE, NODE.parent / "codex"))
        with self.log_path.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "status_backend", "--address", "127.0.0.1:0", "--log-level", "DEBUG"],
                env={**os.environ, "PYTHONPATH": path, "NODE_READY_FILE": str(ready), **(env or {})},
                cwd=directory,
                stdout=output,
                stderr=output,
            )
        self._await(ready.exists, "the ready file")
        self.url = f"http://127.0.0.1:{json.loads(ready.read_text())['ports']['http']}"
        self._socket = websocket.create_connection(self.url.replace("http", "ws") + "/signals", timeout=DEADLINE)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def call(self, function: str, body: Any = None) -> requests.Response:
        data = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        return requests.post(f"{self.url}/statusgo/{function}", data=data, timeout=DEADLINE)

    def rpc(self, method: str, *params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return self.call("CallRPC", request).json()

    def create(self, **fields: Any) -> dict[str, Any]:
        """Initialise and create an account with few rounds of key derivation; the event of node.login."""
        self.call("InitializeApplication", {"dataDir": str(self.data_dir)})
        request = {
            "rootDataDir": str(self.data_dir),
            "displayName": "alice_node",
            "password": PASSWORD,
            "customizationColor": "primary",
            "kdfIterations": 10,
        }
        return self.login("CreateAccountAndLogin", {**request, **fields})

    def login(self, function: str, request: dict[str, Any]) -> dict[str, Any]:
        mark = len(self.signals)
        answer = self.call(function, request).json()
        assert answer == {"error": ""}, answer
        return self.wait("node.login", after=mark)["event"]

    def wait(self, kind: str, after: int = 0) -> dict[str, Any]:
        """The first signal of this type that is not among the first `after`."""
        with self._arrived:
            found = self._arrived.wait_for(lambda: [s for s in self.signals[after:] if s["type"] == kind], DEADLINE)
        assert found, (
            f"no {kind} within {DEADLINE} s; arrived: {[s['type'] for s in self.signals]}; log: {self.log_path}"
        )
        return found[0]

    def more_signals(self, than: int, seconds: float) -> bool:
        """Whether there are more signals than that, or will be in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.signals) > than, seconds)

    def types(self, after: int = 0) -> list[str]:
        return [signal["type"] for signal in self.signals[after:]]

    def stop(self, number: int = signal.SIGINT) -> int:
        self._socket.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def _listen(self) -> None:
        while True:
            try:
                frame = self._socket.recv()
            except (OSError, websocket.WebSocketException):
                return
            if not frame:
                return
            with self._arrived:
                self.signals.append(json.loads(frame))
                self._arrived.notify_all()

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        """For the start only: a file gives no event."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log_path.read_text()}"
            assert time.monotonic() < end, f"{what} did not come within {DEADLINE} s; log: {self.log_path}"
            time.sleep(0.01)
