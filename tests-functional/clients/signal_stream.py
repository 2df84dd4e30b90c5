"""The connection behind the signals: one WebSocket, read by one thread, taken up again when it breaks."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable

import websocket

from pace import Wait

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_DIAL_TIMEOUT = 5.0

# A node whose network is gone answers nothing, not even that the connection is gone; the kernel finds out. Pings of the
# WebSocket would not do: a paused node, which is well connected, does not answer them.
_KEEPALIVE = [
    (socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}.items()
    if hasattr(socket, name)
]


class SignalConnectionError(ConnectionError):
    """The signals of a node cannot be reached."""


class SignalStream:
    """Hands each text frame of a WebSocket to `on_text`, in the order of arrival, from a thread of its own.

    The server replays nothing: what it sends while the connection is down is lost. `on_state` is told when the
    connection comes and goes, so that the gap can be seen."""

    def __init__(self, url: Callable[[], str], on_text: Callable[[str], None], on_state: Callable[[str], None]) -> None:
        self._url = url
        self._on_text = on_text
        self._on_state = on_state
        self._closing = threading.Event()
        self._connected = threading.Event()
        self._connection: websocket.WebSocket | None = None
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self.state = "not connected yet"

    def open(self, timeout: float) -> None:
        """Returns when connected.

        :raises SignalConnectionError: not within `timeout` seconds"""
        self._thread.start()
        with Wait("the signal connection", timeout) as wait:
            connected = wait.on(self._connected)
        if not connected:
            state = self.state
            self.close()
            raise SignalConnectionError(f"no signals within {wait}: {state}")

    def close(self) -> None:
        """Ends the connection and the thread. Nothing is delivered afterwards."""
        self._closing.set()
        if connection := self._connection:
            _hang_up(connection)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self.state = "closed by the client"

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            if connection := self._dial():
                pause = _FIRST_PAUSE
                self._read(connection)
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _dial(self) -> websocket.WebSocket | None:
        try:
            url = self._url()
        except Exception as error:  # a stopped node has no address, and says so in its own way
            self.state = f"no address: {error}"
            return None
        try:
            self._connection = websocket.create_connection(
                url, timeout=_DIAL_TIMEOUT, http_no_proxy=["*"], sockopt=_KEEPALIVE
            )
        except (OSError, websocket.WebSocketException) as error:
            self.state = f"cannot connect to {url}: {type(error).__name__}: {error}"
            return None
        return self._connection

    def _read(self, connection: websocket.WebSocket) -> None:
        connection.settimeout(None)
        self._change("open")
        self._connected.set()
        try:
            while (text := self._next_text(connection)) is not None:
                self._on_text(text)
        finally:
            connection.shutdown()

    def _next_text(self, connection: websocket.WebSocket) -> str | None:
        """None when the connection has ended, and then `state` says how."""
        how = "closed by the node"
        try:
            while not self._closing.is_set():
                opcode, data = connection.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    break
                if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                    return data.decode("utf-8", "replace")
        except (OSError, websocket.WebSocketException) as error:
            how = f"lost: {type(error).__name__}: {error}"
        if not self._closing.is_set():
            self._change(how)
        return None

    def _change(self, state: str) -> None:
        self.state = state
        self._on_state(state)


def _hang_up(connection: websocket.WebSocket) -> None:
    try:
        connection.send_close()
        connection.abort()  # wakes the reader, which closing alone does not
    except (OSError, websocket.WebSocketException) as error:
        log.debug("the signal connection was gone already: %s", error)
