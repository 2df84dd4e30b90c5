"""Follows what a container prints into a file, while it runs."""

from __future__ import annotations

import datetime
import logging
import threading
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

END_TIMEOUT = 10.0  # seconds for the engine to hand over the rest after the end of a container


class ContainerLog:
    """One thread while the container runs. The engine's time stamps tell what an earlier life of it has printed."""

    def __init__(self, container: Any, path: Path) -> None:
        self._container = container
        self._path = path
        self._last = ""  # time stamp of the last entry written: RFC 3339 with nanoseconds, so it compares as text
        self._thread: threading.Thread | None = None

    def follow(self, ended: str) -> None:
        """To be called when the container was started. `ended`: when its last life did, as the engine says it."""
        name = f"log of {self._container.name}"
        self._thread = threading.Thread(target=self._pump, args=(self._last or ended,), name=name, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """To be called when the container has ended: returns when all that it printed is in the file."""
        if self._thread is not None:
            self._thread.join(END_TIMEOUT)
            if self._thread.is_alive():
                log.warning("the log of %s may lack its end: the engine did not close it", self._container.name)
            self._thread = None

    def _pump(self, seen: str) -> None:
        entries = self._container.logs(stream=True, follow=True, timestamps=True, since=_seconds(seen))
        with self._path.open("ab", buffering=0) as file:
            for entry in entries:
                stamp, _, text = entry.partition(b" ")
                if stamp.decode() > seen:
                    self._last = stamp.decode()
                    file.write(text)


def _seconds(stamp: str) -> int:
    """Whole seconds since 1970; 1 for a container that has not ended yet (year 1): the SDK refuses less."""
    return max(1, int(datetime.datetime.fromisoformat(stamp[:19] + "+00:00").timestamp()))
