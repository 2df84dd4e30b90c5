"""Where a value does not fit its schema, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from schemas.ids import ID

_LONGEST = 80


@dataclass(frozen=True)
class Mismatch:
    """`path` from the value's root: `$.communities[0].name`. `expected` and `came` are words and short JSON; `file` is
    the schema's, which may be that of a type."""

    path: str
    expected: str
    came: str
    file: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """The same for each item of a list."""
        return re.sub(r"\[\d+\]", "[]", self.path), self.expected

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, came {self.came}"

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def explain(error: Any) -> Iterator[Mismatch]:
    """From one error of the validator."""
    path, kind, file = error.instance_path, type(error.kind).__name__, _file(error)
    if kind == "AnyOf":
        # An object or null: tell what is wrong with the object, not that it is no null either.
        near = [branch for branch in error.kind.context if not any(_of_other_type(inner, path) for inner in branch)]
        if near:
            for inner in near[0]:
                yield from explain(inner)
            return
    if kind == "Required":
        yield Mismatch(json_path((*path, error.kind.property)), "a value", "no such field", file)
    elif kind == "AdditionalProperties":
        for name in error.kind.unexpected:
            yield Mismatch(json_path((*path, name)), "no such field", short(error.instance[name]), file)
    else:
        yield Mismatch(json_path(path), _expected(error), short(error.instance), file)


@dataclass(frozen=True)
class Cause:
    """One change of shape, however many answers show it. `places`: {"name", "node", "path", "times", ...} of each."""

    file: str
    field: str
    expected: str
    came: str
    places: tuple[Mapping[str, Any], ...]

    @property
    def subjects(self) -> list[str]:
        """The methods and signals that show it."""
        return list(dict.fromkeys(place["name"].partition("/")[2] for place in self.places))

    def __str__(self) -> str:
        return f"{self.file}{f', {self.field}' if self.field else ''}: expected {self.expected}, came {self.came}"


def causes(mismatches: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """Of mismatches as JSON, each with the name of what does not fit and its node."""
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for miss in mismatches:
        last = re.sub(r"\[\d+\]", "[]", miss["path"].rpartition(".")[2].removeprefix("$"))
        field = "*" if ID.fullmatch(last) else last
        found.setdefault((miss["file"], field, miss["expected"]), []).append(miss)
    return [Cause(*key, places[0]["came"], tuple(places)) for key, places in found.items()]


def json_path(path: Iterable[Any]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def short(value: Any) -> str:
    """Its type, and as much of it as fits."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    if value is None:
        return text
    return f"{type_of(value)} {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"


def type_of(value: Any) -> str:
    """As JSON Schema calls it; a number without a fraction is an integer."""
    names = {type(None): "null", bool: "boolean", int: "integer", str: "string", dict: "object", list: "array"}
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return names[type(value)]


def _expected(error: Any) -> str:
    match type(error.kind).__name__:
        case "Type":
            return _types(error)
        case "AnyOf":
            inner = (inner for branch in error.kind.context for inner in branch)
            return " or ".join(_types(each) for each in inner if _of_other_type(each, error.instance_path))
        case "FalseSchema":
            return "an empty list, for no item was ever seen"
    return error.message


def _types(error: Any) -> str:
    return " or ".join(error.kind.types)


def _of_other_type(error: Any, path: list[Any]) -> bool:
    return type(error.kind).__name__ == "Type" and error.instance_path == path


def _file(error: Any) -> str:
    """ "schemas/types/Chat.json", of the keyword that says no."""
    return "schemas" + urlsplit(error.absolute_keyword_location or "").path
