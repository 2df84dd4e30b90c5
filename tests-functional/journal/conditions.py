"""What a wait accepts. A condition that is not met says why and how near it came, so a failed wait can explain itself.

All conditions look at a whole signal: `{"type": str, "event": Any}`."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Signal = Mapping[str, Any]

_SHORT = 90


@dataclass(frozen=True)
class Miss:
    """Why a signal was not accepted. `nearness` is 0 (nothing fits) to 1 (almost all of it fits)."""

    reason: str
    nearness: float = 0.0


class Condition(Protocol):
    def miss(self, signal: Signal) -> Miss | None:
        """None when the signal is accepted."""

    def __str__(self) -> str:
        """How people read the condition."""


class Anything:
    """Every signal of the awaited type."""

    def miss(self, signal: Signal) -> Miss | None:
        return None

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True)
class Pattern:
    """The text occurs in `str(signal)`: the original harness's patterns."""

    text: str

    def miss(self, signal: Signal) -> Miss | None:
        haystack = str(signal)
        if self.text in haystack:
            return None
        length = self._longest_prefix_in(haystack)
        reason = f"{_short(self.text)} is not in it"
        if length * 4 >= len(self.text):
            reason += f", only its first {length} of {len(self.text)} characters are"
        return Miss(reason, length / (len(self.text) + 1))

    def _longest_prefix_in(self, haystack: str) -> int:
        low, high = 0, len(self.text)
        while low < high:  # if a prefix occurs, every shorter one does
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.text[:middle] in haystack else (low, middle - 1)
        return low

    def __str__(self) -> str:
        return f"containing {_short(self.text)}"


class Fields:
    """Fields of the event have these values. Dots reach into objects: `Fields({"account.key-uid": "0x12"})`."""

    def __init__(self, expected: Mapping[str, Any]) -> None:
        self.expected = dict(expected)

    def miss(self, signal: Signal) -> Miss | None:
        failures = [
            text for path, wanted in self.expected.items() if (text := _mismatch(signal["event"], path, wanted))
        ]
        if not failures:
            return None
        return Miss("; ".join(failures), 1 - len(failures) / (len(self.expected) + 1))

    def __str__(self) -> str:
        return "with " + ", ".join(f"{path} = {_short(wanted)}" for path, wanted in self.expected.items())


@dataclass(frozen=True)
class Predicate:
    """`accepts(signal)` is true. Events differ in shape, so one in which the predicate finds no such key or item is a
    miss with that reason; any other exception is the test's own fault and ends the wait at once."""

    accepts: Callable[[Signal], Any]

    def miss(self, signal: Signal) -> Miss | None:
        try:
            accepted = self.accepts(signal)
        except (LookupError, TypeError, AttributeError) as error:
            return Miss(f"the predicate raised {type(error).__name__}: {error}", 0.2)
        return None if accepted else Miss("the predicate says no", 0.5)

    def __str__(self) -> str:
        return f"where {_source_of(self.accepts)}"


@dataclass(frozen=True)
class Both:
    """Two conditions at once."""

    first: Condition
    second: Condition

    def miss(self, signal: Signal) -> Miss | None:
        return self.first.miss(signal) or self.second.miss(signal)

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


def as_condition(accept: Condition | str | Mapping[str, Any] | Callable[[Signal], Any] | None) -> Condition:
    """A pattern from a string, fields from a mapping, a predicate from a callable; None accepts everything."""
    if accept is None:
        return Anything()
    if isinstance(accept, str):
        return Pattern(accept)
    if isinstance(accept, Mapping):
        return Fields(accept)
    if hasattr(accept, "miss"):
        return accept
    if callable(accept):
        return Predicate(accept)
    raise TypeError(f"a condition is a text, a mapping or a function of a signal, not {type(accept).__name__}")


def _mismatch(event: Any, path: str, wanted: Any) -> str:
    value = event
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return f"it has no {path}"
        value = value[name]
    return "" if value == wanted else f"{path} is {_short(value)}, not {_short(wanted)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _source_of(function: Callable[..., Any]) -> str:
    """The expression of a lambda, the name of a function, and where it stands."""
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    place = f"{Path(code.co_filename).name}:{code.co_firstlineno}"
    if code.co_name != "<lambda>":
        return f"{code.co_name} ({place})"
    body = " ".join(_text_at(code.co_filename, code.co_positions()).split())
    return f"{body[:120]} ({place})" if body else place


def _text_at(filename: str, positions: Iterable[tuple[Any, ...]]) -> str:
    """The source between the first and the last of these positions (line, end line, column, end column in bytes)."""
    known = [position for position in positions if None not in position and position[2] != position[3]]
    if not known:
        return ""
    first_line, first_column = min((line, column) for line, _, column, _ in known)
    last_line, last_column = max((line, column) for _, line, _, column in known)
    lines = [linecache.getline(filename, line).encode() for line in range(first_line, last_line + 1)]
    lines[-1] = lines[-1][:last_column]
    lines[0] = lines[0][first_column:]
    return b"".join(lines).decode()
