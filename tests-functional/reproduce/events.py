"""A test's journal as events that can be compared with those of another run.

A lane is a node by its role (`owner-gw1-2` is the owner), or the test itself. Within a lane an event is what happened
with its outcome; ids, keys, times and addresses are settled to the same words. How often and in which order things
happened is left to chance on purpose: nodes work at the same time, and a poll may need one try or five. So:
- a call that is repeated with the same arguments is a poll, and only its last answer counts;
- a signal counts once for each different content, and a `messages.new` once for each message and each part it has;
- what comes when the network pleases (CHANCE) does not count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from report import files
from reproduce import reasons
from reproduce.volatile import settled

TEST = "test"
CHANCE = frozenset(
    {"wakuv2.peerstats", "mailserver.available", "mailserver.changed", "mediaserver.started", "envelope.sent"}
    | {"history.request.started", "history.request.completed", "history.request.batch.processed"}
)
LONGEST = 160  # characters of a value
SMALL = 1000  # numbers below it say something; larger ones are times, sizes and ports


@dataclass(frozen=True)
class Event:
    """`at`: seconds from the beginning of the test's journal. Two events are the same if lane, what and outcome are."""

    lane: str
    what: str
    outcome: str
    at: float

    @property
    def same(self) -> tuple[str, str, str]:
        return self.lane, self.what, self.outcome

    def __str__(self) -> str:
        return f"{self.lane}: {self.what}{f' → {self.outcome}' if self.outcome else ''}"


def of_test(folder: Path) -> list[Event]:
    """In the order of time. The last one is how the test ended."""
    entries = list(_entries(folder / files.JOURNAL))
    lanes = _lanes(entries)
    start = entries[0]["mono"] if entries else 0.0
    found: dict[tuple[str, str, str], Event] = {}
    calls: dict[tuple[str, str], tuple[str, float]] = {}  # what the last answer was, and when the first call
    arguments: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        lane, at = lanes[entry["node"]], entry["mono"] - start
        if entry["kind"] in ("rpc", "http"):
            what = _call(entry, lane, arguments)
            calls[lane, what] = (_answer(entry), calls.get((lane, what), ("", at))[1])
            continue
        for what, outcome in _said(entry):
            found.setdefault((lane, what, outcome), Event(lane, what, outcome, at))
    answered = [Event(lane, what, outcome, at) for (lane, what), (outcome, at) in calls.items()]
    return sorted([*found.values(), *answered, _end(folder, entries)], key=lambda event: event.at)


def _entries(journal: Path) -> Iterator[dict[str, Any]]:
    if journal.exists():
        with journal.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):  # a killed worker may leave half a line
                    yield json.loads(line)


def _lanes(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Node to role; the second node of a role is `member#2`."""
    lanes: dict[str, str] = {}
    for entry in entries:
        if entry["node"] not in lanes:
            role = settled(entry["node"])
            count = sum(lane.partition("#")[0] == role for lane in lanes.values())
            lanes[entry["node"]] = f"{role}#{count + 1}" if count else role
    return lanes


def _call(entry: Mapping[str, Any], lane: str, arguments: dict[tuple[str, str], list[str]]) -> str:
    """Calls with other arguments are other calls, also where settling makes them look the same: they are numbered."""
    if entry["kind"] == "rpc":
        name, given = entry["method"], entry["params"]
    else:
        name, given = f"{entry['method']} {settled(urlsplit(entry['url']).path)}", entry["url"]
    name = f"{name}({_short(given)})" if entry["kind"] == "rpc" and given else name
    known = arguments.setdefault((lane, name), [])
    exact = json.dumps(given, sort_keys=True)
    if exact not in known:
        known.append(exact)
    number = known.index(exact) + 1
    return name if number == 1 else f"{name} #{number}"


def _answer(entry: Mapping[str, Any]) -> str:
    if entry.get("error"):
        return f"error: {_clip(settled(str(entry['error'])))}"
    return outline(entry["result"]) if entry["kind"] == "rpc" else f"{entry.get('status')}"


def _said(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if entry["kind"] == "step" and entry["phase"] == "begin":
        yield settled(entry["name"]), ""
    elif entry["kind"] == "fault":
        yield f"fault {settled(str(entry.get('name', '')))}: {entry.get('phase', '')}", ""
    elif entry["kind"] == "signal" and entry["type"] == "messages.new":
        event = entry["event"] or {}
        for message in event.get("messages") or []:
            yield "messages.new", f"message {_clip(settled(str(message.get('text', ''))))!r}"
        for part in sorted(set(event) - {"messages"}):
            yield "messages.new", part
    elif entry["kind"] == "signal" and entry["type"] not in CHANCE:
        yield entry["type"], outline(entry["event"], counts=False)


def _end(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Event:
    record = files.read_json(folder / files.RECORD)
    at = entries[-1]["mono"] - entries[0]["mono"] if entries else 0.0
    reason = reasons.of_record(record)
    return Event(TEST, f"ends: {'failed' if reason else record['outcome']}", reason, at)


def outline(value: Any, counts: bool = True) -> str:
    """What a value looks like, two levels deep and without what is volatile in it. `counts`: how long lists are."""
    if isinstance(value, Mapping):
        fields = {settled(str(key)): _inner(item, counts) for key, item in value.items()}
        return _clip("{" + ", ".join(f"{key}: {item}" for key, item in sorted(fields.items())) + "}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value) if abs(value) < SMALL else "<n>"
    return _inner(value, counts)


def _inner(value: Any, counts: bool) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return "<n>"
    if isinstance(value, str):
        return _clip(json.dumps(settled(value), ensure_ascii=False))
    if isinstance(value, Mapping):
        return "{…}" if value else "{}"
    return f"[{len(value)}]" if counts or not value else "[…]"


def _short(value: Any) -> str:
    return _clip(settled(", ".join(json.dumps(item, ensure_ascii=False) for item in value)))


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
