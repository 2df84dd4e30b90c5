"""Log lines: ISO timestamp, level, logger, text. Never a request body: it may hold a password."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import time
from pathlib import Path

log = logging.getLogger(__name__)

FILE_NAME = "geth.log"
BACKLOG = 2**20
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
# The original's names for levels that Python calls otherwise.
_LEVELS = {
    "TRACE": "DEBUG",
    "WARN": "WARNING",
    "CRIT": "CRITICAL",
    "DPANIC": "CRITICAL",
    "PANIC": "CRITICAL",
    "FATAL": "CRITICAL",
}


def to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    handler.setLevel(level_of(level))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for chatty in ("aiohttp.access", "asyncio", "libp2p", "multiaddr"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def to_file(directory: Path, level: str) -> None:
    """Log to `directory`/geth.log from now on, and no longer to the file of an earlier call."""
    path = directory / FILE_NAME
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, logging.FileHandler)]:
        if Path(handler.baseFilename) == path.absolute():
            handler.setLevel(level_of(level))
            return
        root.removeHandler(handler)
        with contextlib.suppress(OSError):  # what it could not write has been told
            handler.close()
    directory.mkdir(parents=True, exist_ok=True)
    handler = _FileHandler(path)
    handler.setFormatter(_formatter())
    handler.setLevel(level_of(level))
    root.addHandler(handler)


class _FileHandler(logging.FileHandler):
    """Where the disk is full, lines wait in memory, up to BACKLOG bytes, and are written once there is room again."""

    _failing = False

    def _open(self) -> io.TextIOWrapper:
        # Its buffer keeps what it could not write, and is flushed after each line.
        return io.TextIOWrapper(io.BufferedWriter(io.FileIO(self.baseFilename, "a"), BACKLOG), "utf-8")

    def flush(self) -> None:
        super().flush()
        self._failing = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Told once, in a line, until it works again. What is not the disk's fault is ours and gets its traceback."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failing:
            self._failing = True
            log.warning("%s: %s; its lines wait in memory", self.baseFilename, error.strerror)


def level_of(name: str) -> int:
    upper = name.upper() or "INFO"
    return logging.getLevelNamesMapping()[_LEVELS.get(upper, upper)]


def _formatter() -> logging.Formatter:
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter
