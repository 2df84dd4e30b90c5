"""Schemas as text that makes small diffs: keys sorted, one property a line, one required name a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_ALWAYS_APART = ("properties", "required")


def dump(schema: Any) -> str:
    return "\n".join(_lines(schema, "", "")) + "\n"


def _lines(value: Any, key: str, indent: str) -> Iterator[str]:
    head = f"{indent}{json.dumps(key, ensure_ascii=False)}: " if key else indent
    inner = indent + "  "
    if not value or not isinstance(value, (dict, list)) or not (key in _ALWAYS_APART or _has_properties(value)):
        yield head + json.dumps(value, ensure_ascii=False, sort_keys=True)
    elif isinstance(value, dict):
        yield head + "{"
        yield from _separated([list(_lines(value[name], name, inner)) for name in sorted(value)])
        yield indent + "}"
    else:
        yield head + "["
        yield from _separated([list(_lines(item, "", inner)) for item in value])
        yield indent + "]"


def _separated(blocks: list[list[str]]) -> Iterator[str]:
    for block in blocks[:-1]:
        yield from block[:-1]
        yield block[-1] + ","
    yield from blocks[-1]


def _has_properties(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_properties(item) for item in value)
    return isinstance(value, dict) and ("properties" in value or any(_has_properties(item) for item in value.values()))
