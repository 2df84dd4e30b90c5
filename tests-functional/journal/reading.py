"""Reading a journal that another process wrote, or is writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_journal(path: Path | str) -> Iterator[dict[str, Any]]:
    """The lines of a journal: {"seq", "wall", "mono", "node", "kind", ...}; see `Entry` for the rest.

    A last line without its end is left out: its writer was killed while writing, or is not done with it.

    :raises ValueError: a complete line is not JSON, with its number"""
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                return
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
