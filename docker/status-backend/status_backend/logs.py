"""Log lines: ISO timestamp, level, logger, text. Never a request body: it may hold a password."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

FILE_NAME = "geth.log"
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
        handler.close()
    directory.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(_formatter())
    handler.setLevel(level_of(level))
    root.addHandler(handler)


def level_of(name: str) -> int:
    upper = name.upper() or "INFO"
    return logging.getLevelNamesMapping()[_LEVELS.get(upper, upper)]


def _formatter() -> logging.Formatter:
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter
