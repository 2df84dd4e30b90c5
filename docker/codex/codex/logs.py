"""Logging: one line per event, ISO time, level, logger."""

from __future__ import annotations

import logging
import time
from pathlib import Path

NOTICE = 25
LEVELS = {
    "trace": 5,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
HINT = "Please specify one of: trace, debug, info, notice, warn, error or fatal"


class _Formatter(logging.Formatter):
    converter = time.gmtime  # type: ignore[assignment]
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


def parse_level(text: str) -> int:
    """The level of `INFO` or of `INFO;TRACE:topic` (topics are the original's and mean nothing here).

    Raises ValueError.
    """
    levels = [part.split(":")[0].strip().lower() for part in text.split(";")]
    if any(level not in LEVELS for level in levels):
        raise ValueError(HINT)
    return LEVELS[levels[0]]


def set_level(text: str) -> None:
    """Set the level of this package's loggers. Raises ValueError."""
    logging.getLogger("codex").setLevel(parse_level(text))


def configure(level: str, file: Path | None = None) -> None:
    """Log to stdout, or to `file`. Raises ValueError, OSError."""
    logging.addLevelName(NOTICE, "NOTICE")
    handler: logging.Handler = logging.FileHandler(file) if file else logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    set_level(level)
