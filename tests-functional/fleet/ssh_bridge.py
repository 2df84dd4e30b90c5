"""An engine by ssh as if it were on a local socket: each connection is an `ssh HOST docker system dial-stdio`.

So does the docker command. The docker library's own way needs a further library, and cannot stream.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from fleet.errors import FleetError

BACKLOG = 32


@dataclass(frozen=True)
class SshBridge:
    """`url` is for the docker library. It lives as long as this process, and leaves nothing on disk."""

    url: str
    _said: IO[bytes]

    @classmethod
    def open(cls, ssh_url: str) -> SshBridge:
        """`ssh_url` is ssh://[USER@]HOST[:PORT]. Raises FleetError where there is no ssh program."""
        if shutil.which("ssh") is None:
            raise FleetError(f"{ssh_url} needs the program ssh, which is not installed")
        listener = socket.socket(socket.AF_UNIX)
        folder = Path(tempfile.mkdtemp(prefix="tests-functional-ssh-"))  # nobody else may enter it
        path = folder / "engine.sock"
        listener.bind(str(path))
        listener.listen(BACKLOG)
        url = f"unix://{path}"
        if sys.platform == "linux":  # the socket needs no name any more once we hold it by a descriptor
            url = f"unix:///proc/self/fd/{os.open(path, os.O_PATH)}"
            shutil.rmtree(folder)
        said = tempfile.TemporaryFile()
        command = _command(ssh_url)
        threading.Thread(target=_serve, args=(listener, command, said), name="ssh bridge", daemon=True).start()
        return cls(url, said)

    def complaint(self) -> str:
        """What ssh has said so far: why it could not connect, for instance."""
        return os.pread(self._said.fileno(), 4096, 0).decode(errors="replace").strip()


def _command(ssh_url: str) -> list[str]:
    parts = urlsplit(ssh_url)
    options = ["-l", parts.username] if parts.username else []
    options += ["-p", str(parts.port)] if parts.port else []
    # There is nobody to answer a question, and Ctrl-C is for the tests.
    return ["ssh", "-T", "-o", "BatchMode=yes", *options, "--", parts.hostname or "", "docker system dial-stdio"]


def _serve(listener: socket.socket, command: list[str], said: IO[bytes]) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            process = subprocess.Popen(
                command, stdin=connection, stdout=connection, stderr=said, start_new_session=True
            )
        threading.Thread(target=process.wait, name="ssh", daemon=True).start()
