"""What nodes use over time: one line for each node each second, written as it is measured."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

INTERVAL = 1.0  # seconds


class Measured(Protocol):
    name: str

    def usage(self) -> Any:
        """With `cpu_seconds` and `rss_bytes`."""


class Sampler:
    """`with Sampler(path, nodes):` measures whatever `nodes()` returns, at once and each second, into `path`:
    {"wall", "node", "cpu_seconds", "rss_bytes"}. A node that is not running then has no line."""

    def __init__(
        self, path: Path, nodes: Callable[[], Sequence[Measured]], not_running: tuple[type[Exception], ...]
    ) -> None:
        self._path = path
        self._nodes = nodes
        self._not_running = not_running
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _measure(self) -> None:
        with self._path.open("a", encoding="utf-8", buffering=1) as file:
            while True:
                for node in list(self._nodes()):
                    self._write(file, node)
                if self._ended.wait(INTERVAL):
                    return

    def _write(self, file: Any, node: Measured) -> None:
        try:
            usage = node.usage()
        except self._not_running:
            return
        line = {"wall": time.time(), "node": node.name, "cpu_seconds": usage.cpu_seconds, "rss_bytes": usage.rss_bytes}
        file.write(json.dumps(line) + "\n")
