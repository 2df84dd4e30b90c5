"""Reads JSON as Go's encoding/json does: checks a value against a type annotation and words a mismatch as Go would.

Go words the type it wanted. Builtin types have a fixed Go name; a request object is named by an annotation:
`Annotated[dict, "requests.CreateCommunity"]`. What Go would drop silently (unknown keys) is left alone here too.
"""

from __future__ import annotations

import gc
import json
import math
import re
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Union, get_args, get_origin

_GO_NAMES: dict[Any, str] = {str: "string", int: "int", float: "float64", bool: "bool"}
_JSON_KINDS: dict[type, str] = {str: "string", list: "array", dict: "object"}


_DOUBLE_DIGITS = 308
_INT64 = range(-(2**63), 2**63)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str | bytes) -> Any:
    """A JSON text's value; ValueError if it is none.

    As in Go, NaN and numbers too large for a double are no JSON, half of a surrogate pair becomes U+FFFD, and there is
    a limit to nesting.
    """
    if isinstance(text, bytes):
        text = text.decode()
    try:
        with _without_collecting():
            value = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_bounded)
        return _whole(value) if _SURROGATE_ESCAPE.search(text) else value
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    except json.JSONDecodeError as error:
        raise ValueError(_syntax_error(error)) from None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Else the collector looks through all that is decoded again and again: most of the time that a long text takes."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _no_number(text: str) -> Any:
    raise ValueError(f"invalid character {text[0]!r} looking for beginning of value")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _bounded(text: str) -> int:
    return int(text) if len(text) <= _DOUBLE_DIGITS else _no_number(text)


def _whole(value: Any) -> Any:
    """With U+FFFD for what no encoding can carry."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


_AT_A_CHARACTER = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
}


def _syntax_error(error: json.JSONDecodeError) -> str:
    """What Go says of it."""
    text, at = error.doc, error.pos
    rest = text[at:]
    if error.msg.startswith("Invalid \\"):  # an escape: Go points at what is wrong in it
        hexadecimal = re.match(r"\\?u?[0-9a-fA-F]{0,3}", rest) if "u" in error.msg else None
        rest = rest[hexadecimal.end() if hexadecimal else 1 :]
        where = "in \\u hexadecimal character escape" if hexadecimal else "in string escape code"
    elif error.msg == "Expecting value" and (literal := _literal(rest)):
        same = next((i for i, (one, other) in enumerate(zip(rest, literal, strict=False)) if one != other), len(rest))
        rest, where = rest[same:], f"in literal {literal} (expecting {_quoted(literal[same : same + 1])})"
    elif error.msg == "Expecting value" and rest.startswith("-"):
        rest, where = rest[1:], "in numeric literal"
    elif error.msg == "Expecting ',' delimiter":
        where = "after object key:value pair" if _in_object(text[:at]) else "after array element"
    else:
        where = _AT_A_CHARACTER.get(error.msg, "")  # an unterminated string ends where the text does
    return f"invalid character {_quoted(rest[0])} {where}" if rest and where else "unexpected end of JSON input"


def _literal(text: str) -> str | None:
    return next((literal for literal in ("true", "false", "null") if text[:1] == literal[0]), None)


def _in_object(text: str) -> bool:
    """Whether what is open at the end of this beginning of a JSON text is an object."""
    opened = []
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"|[][{}]', text):
        if bracket in "[{":
            opened.append(bracket)
        elif bracket in "]}":
            opened.pop()
    return opened[-1:] == ["{"]


def _quoted(character: str) -> str:
    return {"'": r"'\''", '"': "'\"'"}.get(character, repr(character))


class UnmarshalError(ValueError):
    """`json: cannot unmarshal <value> into Go value of type <type>`."""

    def __init__(self, value: Any, go_type: str) -> None:
        super().__init__(f"json: cannot unmarshal {_json_kind(value, go_type)} into Go value of type {go_type}")


def unmarshal(value: Any, annotation: Any) -> Any:
    """`value`, if it is what `annotation` says; UnmarshalError otherwise. A null is the type's zero value."""
    if value is None:
        return zero(annotation)
    base, go_type = _resolve(annotation)
    origin, arguments = get_origin(base) or base, get_args(base)
    if origin is Any:
        return value
    if origin is list and isinstance(value, list):
        return [unmarshal(item, arguments[0]) for item in value] if arguments else value
    if origin is dict and isinstance(value, dict):
        return {key: unmarshal(item, arguments[1]) for key, item in value.items()} if arguments else value
    if origin is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if origin in (str, bool) and isinstance(value, origin):
        return value
    if origin is int and isinstance(value, int) and not isinstance(value, bool) and value in _INT64:
        return value
    raise UnmarshalError(value, go_type)


def zero(annotation: Any) -> Any:
    """Go's zero value: what a null or a missing key leaves behind."""
    if _is_optional(annotation):
        return None
    base, _ = _resolve(annotation)
    origin = get_origin(base) or base
    return origin() if origin in (str, int, float, bool, list, dict) else None


def type_name(annotation: Any) -> str:
    """The Go name of what an annotation says."""
    return _resolve(annotation)[1]


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)


def _resolve(annotation: Any) -> tuple[Any, str]:
    """The Python type that counts, and its Go name."""
    if _is_optional(annotation):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    if get_origin(annotation) is Annotated:
        base, *notes = get_args(annotation)
        named = next((note for note in notes if isinstance(note, str)), None)
        return base, named or _go_name(base)
    return annotation, _go_name(annotation)


def _go_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if origin is list:
        return "[]" + (_go_name(arguments[0]) if arguments else "interface {}")
    if origin is dict:
        return "map[string]" + (_go_name(arguments[1]) if arguments else "interface {}")
    return _GO_NAMES.get(origin, "interface {}")


def _json_kind(value: Any, go_type: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {json.dumps(value)}" if go_type == "int" else "number"
    return _JSON_KINDS[type(value)]
