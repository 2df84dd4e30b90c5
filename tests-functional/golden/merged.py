"""Many values as one: which fields any of them has, and which values each field had.

A merged value is JSON again, with notations of its own:

    {"name?": ...}        an object that has the field in some recordings, and in others has not
    {"$one of": [...]}    one of these scalars; or null or an object like this one, a list like that one, ...
    {"$any": "string"}    too many to list
    [merged]              a list: its items merged, however many there are; [] was always empty
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ONE_OF = "$one of"
ANY = "$any"
_MOST_VALUES = 6
_NOTHING = object()


def of(value: Any) -> Any:
    """One plain value as a merged one."""
    if isinstance(value, dict):
        return {key: of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [union([of(item) for item in value])] if value else []
    return value


def union(values: Sequence[Any]) -> Any:
    """Of merged values of one recording, at least one. It tells no more of a field than that it was there: how many
    values were without it is often a matter of time."""
    return _merge(values, marked=False)


def merge(values: Sequence[Any]) -> Any:
    """Of merged values, one of each recording, at least one."""
    return _merge(values, marked=True)


def _merge(values: Sequence[Any], marked: bool) -> Any:
    kinds: dict[str, list[Any]] = {}
    for value in values:
        for alternative in _alternatives(value):
            kinds.setdefault(_kind(alternative), []).append(alternative)
    merged: list[Any] = []
    for kind in sorted(kinds):
        merged += _MERGE.get(kind, _merge_scalars)(kinds[kind], marked)
    return merged[0] if len(merged) == 1 else {ONE_OF: merged}


def _alternatives(value: Any) -> list[Any]:
    return value[ONE_OF] if isinstance(value, dict) and value.keys() == {ONE_OF} else [value]


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "any" if ANY in value else "object"
    if isinstance(value, list):
        return "list"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "null" if value is None else "string"


def _merge_objects(objects: list[dict[str, Any]], marked: bool) -> list[Any]:
    names = list(dict.fromkeys(name.removesuffix("?") for value in objects for name in value))
    if all(name.startswith("<") for name in names):
        names.sort()  # a map: its keys are placeholders, and which one was met first is chance
    merged = {}
    for name in names:
        found = [value.get(name, value.get(f"{name}?", _NOTHING)) for value in objects]
        sometimes = any(f"{name}?" in value for value in objects) or (marked and _NOTHING in found)
        merged[f"{name}?" if sometimes else name] = _merge([item for item in found if item is not _NOTHING], marked)
    return [merged]


def _merge_lists(lists: list[list[Any]], marked: bool) -> list[Any]:
    items = [item for value in lists for item in value]
    return [[_merge(items, marked)] if items else []]


def _merge_scalars(scalars: list[Any], marked: bool) -> list[Any]:
    distinct = {json.dumps(value): value for value in scalars}
    if len(distinct) > _MOST_VALUES:
        return [{ANY: _kind(scalars[0])}]
    return [distinct[text] for text in sorted(distinct)]


def _merge_any(values: list[Any], marked: bool) -> list[Any]:
    return [{ANY: kind} for kind in sorted({value[ANY] for value in values})]


_MERGE: dict[str, Callable[[list[Any], bool], list[Any]]] = {
    "object": _merge_objects,
    "list": _merge_lists,
    "any": _merge_any,
}


@dataclass(frozen=True)
class Change:
    """`what` is "missing field", "new field", "type changed" or "value changed"."""

    path: str
    what: str
    expected: Any
    came: Any


def changes(golden: Any, seen: Any, path: str = "$") -> Iterator[Change]:
    """What `seen` (merged) has that `golden` (merged) does not allow. Less variety is no change."""
    allowed: dict[str, list[Any]] = {}
    for alternative in _alternatives(golden):
        allowed.setdefault(_kind(alternative), []).append(alternative)
    anything = {value[ANY] for value in allowed.get("any", [])}
    for value in _alternatives(seen):
        kind = value[ANY] if isinstance(value, dict) and ANY in value else _kind(value)
        if kind in anything:
            continue
        if kind not in allowed:
            yield Change(path, "type changed", golden, value)
        elif kind == "object":
            yield from _changed_fields(allowed[kind][0], value, path)
        elif kind == "list":
            yield from _changed_items(allowed[kind][0], value, path)
        elif value not in allowed[kind]:
            yield Change(path, "value changed", golden, value)


def _changed_fields(golden: dict[str, Any], seen: dict[str, Any], path: str) -> Iterator[Change]:
    names = dict.fromkeys(name.removesuffix("?") for name in (*golden, *seen))
    for name in names:
        here = f"{path}.{name}"
        expected = golden.get(name, golden.get(f"{name}?", _NOTHING))
        came = seen.get(name, seen.get(f"{name}?", _NOTHING))
        if expected is _NOTHING:
            yield Change(here, "new field", None, came)
        elif came is not _NOTHING:
            yield from changes(expected, came, here)
        elif name in golden:
            yield Change(here, "missing field", expected, None)


def _changed_items(golden: list[Any], seen: list[Any], path: str) -> Iterator[Change]:
    if seen and golden:
        yield from changes(golden[0], seen[0], f"{path}[]")
    elif seen:
        yield Change(path, "value changed", golden, seen)
