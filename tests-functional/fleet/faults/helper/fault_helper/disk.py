"""Fills a folder's file system, and tries whether anything can be written there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

FILLER = ".tests-functional-filler"
PROBE = ".tests-functional-probe"
BLOCKS = (1 << 20, 1 << 12)


def fill(folder: Path, leave: int) -> dict[str, object]:
    """A file that takes all but `leave` bytes of what is free. {"bytes": its size}"""
    path = folder / FILLER
    with path.open("wb", buffering=0) as file:
        for block in BLOCKS:
            while _write(file, block) is None:
                pass
        file.truncate(max(0, file.tell() - leave))
    return {"bytes": path.stat().st_size}


def probe(folder: Path, size: int) -> dict[str, object]:
    """{"error": None or the name of the errno} of writing a file of so many bytes, which is gone afterwards."""
    path = folder / PROBE
    try:
        with path.open("wb", buffering=0) as file:
            error = _write(file, size)
            if error is None:
                os.fsync(file.fileno())
    except OSError as refused:
        error = errno.errorcode[refused.errno]
    finally:
        path.unlink(missing_ok=True)
    return {"error": error}


def empty(folder: Path) -> dict[str, object]:
    (folder / FILLER).unlink(missing_ok=True)
    return {}


def _write(file, size: int) -> str | None:
    """The name of the errno; a write cut short ran into the end of the space."""
    try:
        return None if file.write(bytes(size)) == size else errno.errorcode[errno.ENOSPC]
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return errno.errorcode[errno.ENOSPC]
