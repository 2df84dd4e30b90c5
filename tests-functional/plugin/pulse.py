"""The pulse of the workers: each tells the controller over loopback what it does, when that changes and each second.

Datagrams: nothing to connect, nothing to block on, and one that is lost is made up for by the next.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

INTERVAL = 1.0  # seconds
LARGEST = 60_000  # bytes


class Ear:
    """The controller's end. `heard` is called on a thread, with each state of each worker."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        self._heard = heard
        self._key = secrets.token_hex(16)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="pulse of the workers", daemon=True)
        self._thread.start()

    @property
    def invitation(self) -> dict[str, Any]:
        """What a worker needs to be heard; plain values."""
        return {"port": self._socket.getsockname()[1], "key": self._key}

    def close(self) -> None:
        self._closing = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._closing:
            datagram = self._socket.recv(LARGEST)
            key, _, state = datagram.partition(b"\n")
            if hmac.compare_digest(key, self._key.encode()):
                self._heard(json.loads(state))


class Pulse:
    """A worker's end."""

    def __init__(self, invitation: dict[str, Any], state: Callable[[], dict[str, Any]]) -> None:
        self._target = ("127.0.0.1", invitation["port"])
        self._key = invitation["key"].encode()
        self._state = state
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """At once, by the calling thread: what it does next may be the last thing it does."""
        datagram = self._key + b"\n" + json.dumps(self._state()).encode()
        if len(datagram) <= LARGEST:
            self._socket.sendto(datagram, self._target)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def _beat(self) -> None:
        while True:
            self.tell()
            if self._closing.wait(INTERVAL):
                return
