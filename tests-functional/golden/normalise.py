"""Placeholders for what is another value in every run. The same value has the same placeholder throughout a transcript,
so relations stay: that a message is in the chat it was sent to, and from whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Sorted by what must be tried first: a community's id may be followed by a channel's uuid, whose digits are hex too.
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_IDS = {
    "community": rf"0x0[23][0-9a-f]{{64}}(?={_UUID}|(?![0-9a-f]))",
    "key": r"0x04[0-9a-f]{128}(?![0-9a-f])",
    "signature": r"0x[0-9a-f]{130}(?![0-9a-f])",
    "hash": r"0x[0-9a-f]{64}(?![0-9a-f])",
    "address": r"0x[0-9a-fA-F]{40}(?![0-9a-fA-F])",
    "bytes": r"0x[0-9a-f]{42,}",
    "uuid": _UUID,
    "compressed-key": r"\bzQ3\w{40,}",
    "peer": r"\b16Uiu2\w{40,}",
    "cid": r"\bz[BD]\w{40,}",
    "spr": r"\bspr:[\w-]+",
    "enr": r"\benr:[\w-]+",
    "hex": r"(?<![0-9a-zA-Z])(?=[a-f]*[0-9])[0-9a-f]{12,}(?![0-9a-zA-Z])|(?<=vac_)[0-9a-f]{12}",
}
_ID = re.compile("|".join(f"(?P<{name.replace('-', '_')}>{pattern})" for name, pattern in _IDS.items()))

_PLACES = (
    (re.compile(r"/(ip[46]|dns[46])/[^/]+"), r"/<host>"),
    (re.compile(r"/(tcp|udp)/\d+"), r"/\1/<port>"),
    (re.compile(r"\b(https?|ws)://[^/:\s]+:\d+"), r"\1://<host>:<port>"),
    (re.compile(r"\b\d+\.\d+\.\d+\.\d+:\d+"), "<host>:<port>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.]*(Z|[+-]\d\d:?\d\d)?"), "<time>"),
)

_TIMES = (("s", 1), ("ms", 10**3), ("ns", 10**9))
_FIRST_TIME, _LAST_TIME = 1_500_000_000, 5_000_000_000

# Volatile by what they are, not by how they look.
VOLATILE = {
    "port": "the kernel or the engine chooses it",
    "alias": "of the key",
    "emojiHash": "of the key",
    "colorHash": "of the key",
    "colorId": "of the key",
    "identicon": "of the key",
    "emoji": "random, of an account",
    "mnemonic": "random, where an older journal still has it",
    "signing-phrase": "random, where an older journal still has it",
    "signature": "of ids that differ",
    "numBatches": "how much the store node has",
    "outgoingStatus": "sent as soon as the store has it",
    "repo": "where a storage node has its data",
    "version": "of the backend, which is what may change",
}

# Left out: whether they are there is a matter of time alone. Their shape is checked against the schemas.
FLEETING = {
    "syncedFrom": "set when the store has been asked, which happens by and by",
    "syncedTo": "as above",
}


class Placeholders:
    """Hands out numbers in the order in which values are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}
        self._literals: dict[str, str] = {}

    def register(self, kind: str, literal: str) -> None:
        """A text that is volatile though it does not look so."""
        if literal and literal not in self._literals:
            self._literals[literal] = f"<{kind}>" if kind == "data-dir" else self._numbered(kind, literal)

    def text(self, text: str) -> str:
        for literal in sorted(self._literals, key=len, reverse=True):
            text = text.replace(literal, self._literals[literal])
        text = _ID.sub(lambda match: self._numbered(_kind(match), match[0]), text)
        for pattern, placeholder in _PLACES:
            text = pattern.sub(placeholder, text)
        return text

    def value(self, value: Any, key: str = "") -> Any:
        """`value` (JSON) with placeholders; `key` is the name that it stands under."""
        if key in VOLATILE and value not in (None, ""):
            return f"<{key}>"
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            fields = (field for field in self._in_order(value) if field[0] not in FLEETING)
            return {self.text(name): self.value(item, name) for name, item in fields}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _time(value) or value
        return value

    def _in_order(self, value: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Fields as they come; of a map, whose keys are ids, first those that are known."""
        if not all(_ID.match(key) for key in value):
            return list(value.items())
        return sorted(value.items(), key=lambda item: (self._known(item[0]), faceless(item[1])))

    def _known(self, key: str) -> int:
        numbers = [self._numbers.get(_kind(match), {}).get(match[0], 10**6) for match in _ID.finditer(key)]
        return max(numbers, default=10**6)

    def _numbered(self, kind: str, value: str) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"<{kind}-{numbers.setdefault(value, len(numbers) + 1)}>"


def faceless(value: Any) -> str:
    """A text of `value` without its ids and times: the same in every run, so good to sort by."""
    return _ID.sub(lambda match: f"<{_kind(match)}>", re.sub(r"\d{9,}", "<time>", repr(value)))


def _kind(match: re.Match[str]) -> str:
    return str(match.lastgroup).replace("_", "-")


def _time(number: float) -> str:
    for unit, factor in _TIMES:
        if _FIRST_TIME * factor < number < _LAST_TIME * factor:
            return f"<time {unit}>"
    return ""
