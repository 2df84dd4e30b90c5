"""stdin and stdout of a container."""

from __future__ import annotations

import contextlib
import struct
import sys
from typing import Any

from docker.errors import APIError, NotFound

_FRAME = struct.Struct(">BxxxL")  # which stream, size
_STDERR = 2


class AttachedContainer:
    """A Channel to a container that was made with an open stdin and is not started yet: so nothing of it is missed."""

    def __init__(self, container: Any) -> None:
        self._container = container
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._attached = container.attach_socket(params=streams)
        self._socket = getattr(self._attached, "_sock", self._attached)  # over ssh it is the socket itself
        self._line = b""

    def write(self, line: bytes) -> None:
        self._socket.sendall(line)

    def readline(self, timeout: float) -> bytes:
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(timeout)
        while b"\n" not in self._line:
            head = self._exactly(_FRAME.size)
            if not head:
                return b""
            stream, size = _FRAME.unpack(head)
            data = self._exactly(size)
            if stream == _STDERR:
                sys.stderr.write(data.decode(errors="replace"))
            else:
                self._line += data
        line, _, self._line = self._line.partition(b"\n")
        return line + b"\n"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._attached.close()
        try:
            self._container.remove(force=True, v=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # its removal is under way
                raise

    def _exactly(self, size: int) -> bytes:
        """b"" where the stream ends."""
        data = b""
        while len(data) < size:
            if not (more := self._socket.recv(size - len(data))):
                return b""
            data += more
        return data
