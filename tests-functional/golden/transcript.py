"""The transcript of one test, from its journal.

    {"test": its id,
     "nodes": {role: {
        "calls": [{"call", "request", "reply" | "error", "sometimes"?}],   in order; polls are one call, the last
        "replies": {method: merged},      of the methods whose "reply" is "...": too long for one line
        "signals": {type: {"event": merged, "sometimes"?}},
        "order": [type]}}}                in which signals came first, of those that have an order

Signals are merged by type: how many of a type come, and what each of them holds, is often a matter of time. For the
notation of merged values see `golden.merged`; request, reply and error of a call are one value, or {"$one of": [...]}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from golden import merged, text
from golden.normalise import Placeholders, faceless

Row = Mapping[str, Any]
Transcript = dict[str, Any]

# Whether they come before a test ends is a matter of time alone; their shape is checked against their schemas.
LEFT_OUT = {
    "wakuv2.peerstats": "periodic",
    "envelope.sent": "confirmed by and by",
    "envelope.expired": "confirmed by and by",
    "history.request.started": "the store is asked again and again",
    "history.request.completed": "as above",
    "history.request.failed": "as above",
    "mailserver.available": "the store node is looked for again and again",
    "mailserver.changed": "as above",
}
ELSEWHERE = "..."
# What these tell of happens in this order; nothing orders other signals against each other.
_ORDERED = ("node.", "community.")
_INLINE = 120


def build(test: str, rows: Iterable[Row]) -> Transcript:
    """`rows` are the entries of the journal of `test`."""
    by_node: dict[str, list[Row]] = {}
    for row in rows:
        if row["kind"] in ("rpc", "signal") or (row["kind"] == "http" and _function(row)):
            by_node.setdefault(row["node"], []).append(row)
    roles = dict(_roles(by_node))
    placeholders = Placeholders()
    for node in roles:
        _register_literals(placeholders, node, by_node[node])
    return {"test": test, "nodes": {role: _of_node(placeholders, by_node[node]) for node, role in roles.items()}}


def load(path: Path) -> Transcript:
    return json.loads(path.read_text(encoding="utf-8"))


def save(path: Path, transcript: Transcript) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.dump(transcript), encoding="utf-8")


def shortened(value: Any) -> str:
    """What fits into a line of a report."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _INLINE else f"{line[:_INLINE]}…"


def _roles(nodes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Node to role: "owner-gw0-1" is the owner. Sorted by role; a second owner is "owner-2"."""
    taken: dict[str, int] = {}
    for node in sorted(nodes, key=lambda name: (_role(name), [int(n) for n in re.findall(r"\d+", name)])):
        role = _role(node)
        taken[role] = taken.get(role, 0) + 1
        yield node, role if taken[role] == 1 else f"{role}-{taken[role]}"


def _role(node: str) -> str:
    return re.sub(r"-(main|gw\d+)-\d+$", "", node)


def _register_literals(placeholders: Placeholders, node: str, rows: Iterable[Row]) -> None:
    placeholders.register("node", node)
    for row in rows:
        request, settings = row.get("request"), (row.get("event") or {}) if row["kind"] == "signal" else {}
        if row["kind"] == "http" and isinstance(request, Mapping):
            placeholders.register("data-dir", str(request.get("dataDir", "")))
            placeholders.register("data-dir", str(request.get("rootDataDir", "")))
            placeholders.register("name", str(request.get("displayName", "")))
        if row.get("type") == "node.login" and isinstance(settings.get("settings"), Mapping):
            placeholders.register("alias", str(settings["settings"].get("name", "")))


def _of_node(placeholders: Placeholders, rows: list[Row]) -> dict[str, Any]:
    calls = [_call(placeholders, row) for row in _last_of_polls(row for row in rows if row["kind"] != "signal")]
    long: dict[str, list[Any]] = {}
    for call in calls:
        if len(json.dumps(call.get("reply"))) > _INLINE:
            long.setdefault(call["call"], []).append(merged.of(call["reply"]))
            call["reply"] = ELSEWHERE
    signals = [row for row in rows if row["kind"] == "signal" and row["type"] not in LEFT_OUT]
    first = dict.fromkeys(str(row["type"]) for row in signals)
    events: dict[str, list[Any]] = {kind: [] for kind in sorted(first)}
    for row in sorted(signals, key=lambda row: (str(row["type"]), faceless(row["event"]))):
        events[str(row["type"])].append(merged.of(placeholders.value(row["event"])))
    return {
        "calls": calls,
        "replies": {method: merged.union(replies) for method, replies in long.items()},
        "signals": {kind: {"event": merged.union(seen)} for kind, seen in events.items()},
        "order": [kind for kind in first if kind.startswith(_ORDERED)],
    }


def _last_of_polls(rows: Iterable[Row]) -> Iterator[Row]:
    """Of the same call made again and again without another in between only the last: that one was waited for."""
    before: Row | None = None
    for row in rows:
        if before is not None and _asked(before) != _asked(row):
            yield before
        before = row
    if before is not None:
        yield before


def _asked(row: Row) -> list[Any]:
    return [row.get("method"), row.get("url"), row.get("params"), row.get("request")]


def _call(placeholders: Placeholders, row: Row) -> dict[str, Any]:
    is_http = row["kind"] == "http"
    asked = row.get("request") if is_http else {str(n): value for n, value in enumerate(row.get("params") or [])}
    call = {"call": _function(row) if is_http else row["method"], "request": placeholders.value(asked)}
    if "error" in row:
        return call | {"error": placeholders.text(str(row["error"]))}
    return call | {"reply": placeholders.value(row.get("response" if is_http else "result"))}


def _function(row: Row) -> str:
    """Of status-backend; empty for what other nodes are asked."""
    path = str(row["url"]).split("/", 3)[-1]
    return path.replace("/", "_") if path == "health" or path.startswith("statusgo/") else ""
