"""Reads the end of a log without reading all of it."""

from __future__ import annotations

from pathlib import Path

BLOCK = 64 * 1024


def read(path: Path, tail: int | None = None) -> list[str]:
    """The lines of a log, or its last `tail`. Bytes that are not UTF-8 are shown replaced."""
    if not path.exists():
        return []
    if tail is None:
        return path.read_text(errors="replace").splitlines()
    if tail <= 0:
        return []
    with path.open("rb") as log:
        position = log.seek(0, 2)
        data = b""
        while position > 0 and data.count(b"\n") <= tail:
            step = min(BLOCK, position)
            position = log.seek(position - step)
            data = log.read(step) + data
    return data.decode(errors="replace").splitlines()[-tail:]
