"""Tells whoever started the process that it serves, and on which ports."""

from __future__ import annotations

import json
import os
from pathlib import Path


def announce_ready(ports: dict[str, int]) -> None:
    """Write `{"pid", "ports"}` to the file that NODE_READY_FILE names, whole or not at all; without the variable do
    nothing.
    """
    where = os.environ.get("NODE_READY_FILE")
    if where:
        aside = Path(f"{where}.{os.getpid()}.tmp")
        aside.write_text(json.dumps({"pid": os.getpid(), "ports": ports}))
        aside.rename(where)
