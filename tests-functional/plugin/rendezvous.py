"""How a worker gets at what the controller holds: it asks over a socket on loopback, and the first to ask opens it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

BACKLOG = 128


class Rendezvous:
    """The controller's end. `answer` is called on a thread, once per request; what it raises reaches the worker."""

    def __init__(self, answer: Callable[[], dict[str, Any]]) -> None:
        self._answer = answer
        self._key = secrets.token_bytes(16)
        # All workers knock at once, and the kernel silently drops those that find the queue full.
        self._listener = Listener(("127.0.0.1", 0), backlog=BACKLOG)
        self._closed = False
        threading.Thread(target=self._serve, name="rendezvous", daemon=True).start()

    @property
    def invitation(self) -> dict[str, Any]:
        """What a worker needs to ask; plain values."""
        host, port = self._listener.address
        return {"host": host, "port": port, "key": self._key.hex()}

    def close(self) -> None:
        self._closed = True
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except OSError:  # closed, or whoever knocked is gone already
                continue
            threading.Thread(target=self._reply, args=(connection,), daemon=True).start()

    def _reply(self, connection: Connection) -> None:
        with connection:
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
            except (AuthenticationError, EOFError, OSError):
                return  # not one of our workers
            try:
                reply = {"value": self._answer()}
            except Exception as error:
                reply = {"error": str(error), "kind": type(error).__name__}
            connection.send(reply)


class ControllerFailed(Exception):
    """The controller could not give what a worker asked for."""


def ask(invitation: dict[str, Any]) -> dict[str, Any]:
    """The worker's end: blocks until the controller has answered. Raises ControllerFailed."""
    address = (invitation["host"], invitation["port"])
    with Client(address, authkey=bytes.fromhex(invitation["key"])) as connection:
        reply = connection.recv()
    if "error" in reply:
        raise ControllerFailed(f"{reply['kind']} on the controller: {reply['error']}")
    return reply["value"]
