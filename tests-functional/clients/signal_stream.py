"""The connection behind the signals: one WebSocket, read by one thread, taken up again when it breaks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import websocket

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_DIAL_TIMEOUT = 5.0


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
        self._socket: websocket.WebSocket | None = None
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
        self.state = "not connected yet"

    def open(self, timeout: float) -> None:
        """Returns when connected.

        :raises SignalConnectionError: not within `timeout` seconds"""
        self._thread.start()
        if not self._connected.wait(timeout):
            state = self.state
            self.close()
            raise SignalConnectionError(f"no signals within {timeout:g} s: {state}")

    def close(self) -> None:
        """Ends the connection and the thread. Nothing is delivered afterwards."""
        self._closing.set()
        if socket := self._socket:
            _hang_up(socket)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self.state = "closed by the client"

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            socket = self._dial()
            if socket is None:
                self._closing.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            self._read(socket)

    def _dial(self) -> websocket.WebSocket | None:
        try:
            url = self._url()
        except Exception as error:  # a stopped node has no address, and says so in its own way
            self.state = f"no address: {error}"
            return None
        try:
            self._socket = websocket.create_connection(url, timeout=_DIAL_TIMEOUT, http_no_proxy=["*"])
        except (OSError, websocket.WebSocketException) as error:
            self.state = f"cannot connect to {url}: {type(error).__name__}: {error}"
            return None
        return self._socket

    def _read(self, socket: websocket.WebSocket) -> None:
        socket.settimeout(None)
        self._change("open")
        self._connected.set()
        reason = "closed by the node"
        try:
            while not self._closing.is_set():
                opcode, data = socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    break
                if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                    self._on_text(data.decode("utf-8", "replace"))
        except (OSError, websocket.WebSocketException) as error:
            reason = f"lost: {type(error).__name__}: {error}"
        finally:
            socket.shutdown()
            if not self._closing.is_set():
                self._change(reason)

    def _change(self, state: str) -> None:
        self.state = state
        self._on_state(state)


def _hang_up(socket: websocket.WebSocket) -> None:
    try:
        socket.send_close()
        socket.abort()  # wakes the reader, which closing alone does not
    except (OSError, websocket.WebSocketException) as error:
        log.debug("the signal connection was gone already: %s", error)
