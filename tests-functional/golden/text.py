"""JSON for people and for diffs: what fits into a line is one line, all else has an item a line."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 120


def dump(value: Any) -> str:
    return _dump(value, 0, 0) + "\n"


def _dump(value: Any, indent: int, taken: int) -> str:
    """`taken` characters of the first line are in use already."""
    line = json.dumps(value, ensure_ascii=False)
    if taken + len(line) < _WIDTH or not value or not isinstance(value, (dict, list)):
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        items = []
        for key, item in value.items():
            head = f"{inner}{json.dumps(key, ensure_ascii=False)}: "
            items.append(head + _dump(item, indent + 2, len(head) + 1))
        left, right = "{", "}"
    else:
        items = [inner + _dump(item, indent + 2, len(inner) + 1) for item in value]
        left, right = "[", "]"
    return f"{left}\n" + ",\n".join(items) + f"\n{' ' * indent}{right}"
