"""The node of a backend, container or process, under the names that status-go's own tests have for its container."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Container:
    """`node` is one that this run started: a `fleet.node.Node`."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @property
    def name(self) -> str:
        return self._node.name

    def pause(self) -> None:
        """Freezes it: connections stay open, nothing is answered."""
        self._node.pause()

    def unpause(self) -> None:
        self._node.resume()

    def start(self) -> None:
        self._node.start()

    def stop(self) -> None:
        self._node.stop()

    def restart(self) -> None:
        self._node.restart()

    def kill(self) -> None:
        """SIGKILL; the data stays."""
        self._node.kill()

    def logs(self, tail: int | None = None) -> str:
        return "\n".join(self._node.logs(tail))

    def exec(self, command: str) -> str:
        """What a shell command beside the backend prints, with the privileges that the backend has: none.

        :raises RuntimeError: it ends with another status than 0"""
        done = self._node.exec(["sh", "-c", command])
        output = done.output.strip()
        if done.exit_code:
            raise RuntimeError(f"{command!r} in {self.name} ended with {done.exit_code}:\n{output}")
        return output

    def extract(self, path: str, target: Path) -> str | None:
        """Copies a file or folder to `target`, whose path is returned; None where there is no such file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._node.copy_out(path, target)
        except FileNotFoundError:
            return None
        return str(target)

    def import_data(self, source: str, target: str) -> None:
        self._node.copy_in(Path(source), target)
