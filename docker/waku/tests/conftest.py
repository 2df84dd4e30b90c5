"""Nodes as real processes, asked over HTTP."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import requests
import websocket

PACKAGE = Path(__file__).resolve().parents[1]
TOPIC = "/waku/2/rs/16/32"
OTHER_TOPIC = "/waku/2/rs/16/64"
CONTENT_TOPIC = "/waku/1/0x01020304/rfc26"
DEADLINE_SECONDS = 15


def eventually(what: str, check: Callable[[], object]) -> object:
    """The first true value of `check`, for what no event tells from outside."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := check()):
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS} s"
        time.sleep(0.02)
    return value


class Process:
    """One node: its command line, its process, and the calls that tests make."""

    def __init__(self, folder: Path, arguments: tuple[str, ...]) -> None:
        self.folder = folder
        self.log = folder / "node.log"
        self.arguments = arguments
        self.http = requests.Session()
        self.ports = {"rest": 0, "p2p": 0}
        self.start()

    def start(self) -> None:
        """Start, or start again on the same ports."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wakunode", "--cluster-id=16", "--shard=32", "--shard=64", "--rest-admin",
                 f"--rest-port={self.ports['rest']}", f"--tcp-port={self.ports['p2p']}", *self.arguments],
                cwd=self.folder, stderr=log,
                env=os.environ | {"NODE_READY_FILE": str(ready), "PYTHONPATH": str(PACKAGE)},
            )  # fmt: skip
        eventually(f"start of {self.arguments}", lambda: ready.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        self.ports = json.loads(ready.read_text())["ports"]

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.ports['rest']}{path}"

    def get(self, path: str, status: int = 200, **params: object) -> requests.Response:
        return self.call("GET", path, status, params=params)

    def post(self, path: str, body: object, status: int = 200) -> requests.Response:
        return self.call("POST", path, status, json=body)

    def call(self, method: str, path: str, status: int, **arguments: object) -> requests.Response:
        response = self.http.request(method, self.url(path), timeout=DEADLINE_SECONDS, **arguments)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response

    @property
    def address(self) -> str:
        return self.get("/debug/v1/info").json()["listenAddresses"][0]

    @property
    def peer_id(self) -> str:
        return self.address.rsplit("/", 1)[1]

    def publish(
        self, text: str, topic: str = TOPIC, content_topic: str = CONTENT_TOPIC, status: int = 200, **fields: object
    ) -> str:
        body = {"payload": encode(text), "contentTopic": content_topic, **fields}
        return self.post(f"/relay/v1/messages/{quote(topic, safe='')}", body, status).text

    def unread(self, topic: str = TOPIC) -> list[str]:
        return [decode(message) for message in self.get(f"/relay/v1/messages/{quote(topic, safe='')}").json()]

    def query(self, status: int = 200, **params: object) -> dict:
        response = self.get("/store/v3/messages", status, **({"includeData": "true"} | params))
        return response.json() if status == 200 else {"error": response.text}

    def stored(self, **params: object) -> list[str]:
        return texts(self.query(**({"pageSize": 100} | params)))

    def stream(self, **params: str | list[str]) -> websocket.WebSocket:
        query = urlencode(params, doseq=True)
        url = self.url(f"/relay/v1/subscriptions/stream?{query}").replace("http", "ws", 1)
        # the validation is in pure Python and takes most of the time of a test with big messages
        return websocket.create_connection(url, timeout=DEADLINE_SECONDS, skip_utf8_validation=True)

    def peers(self, connected: bool = True) -> list[str]:
        return [
            peer["multiaddr"].rsplit("/", 1)[1]
            for peer in self.get("/admin/v1/peers").json()
            if all(protocol["connected"] is connected for protocol in peer["protocols"])
        ]


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decode(message: dict) -> str:
    return base64.b64decode(message["payload"]).decode()


def texts(page: dict) -> list[str]:
    return [decode(entry["message"]) for entry in page["messages"]]


def linked(*nodes: Process) -> None:
    """Wait until each node is linked with all others."""
    ids = {node.peer_id for node in nodes}
    for node in nodes:
        eventually("links", lambda: ids - {node.peer_id} <= set(node.peers()))


@contextmanager
def starter(folder: Path) -> Iterator[Callable[..., Process]]:
    """Starts nodes; in the end they must stop cleanly and have logged no fault of their own."""
    nodes: list[Process] = []

    def start(*arguments: str) -> Process:
        own = folder / f"node-{len(nodes)}"
        own.mkdir()
        nodes.append(Process(own, arguments))
        return nodes[-1]

    try:
        yield start
        for node in nodes:
            if node.process.poll() is None:
                assert node.stop() == 0, node.log.read_text()
            log = node.log.read_text()
            assert "Traceback" not in log and "never retrieved" not in log, log
    finally:
        for node in nodes:
            node.process.kill()
            node.process.wait()


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    with starter(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    with starter(tmp_path_factory.mktemp("shared")) as start:
        yield start


@pytest.fixture(scope="module")
def shared(start_shared_node: Callable[..., Process]) -> Process:
    """A store for tests that leave nothing behind but messages on topics of their own."""
    return start_shared_node("--store=true")


@pytest.fixture
def store(start_node: Callable[..., Process]) -> Process:
    return start_node("--store=true")
