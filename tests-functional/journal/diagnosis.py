"""What a person is told when a wait fails: what was awaited, what came instead, what came nearest, and the logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from journal.entry import SIGNAL, Entry

if TYPE_CHECKING:
    from journal.journal import Journal
    from journal.waiting import AwaitedSignal

_NEAREST = 3
_LOG_LINES = 10
_EVENT_WIDTH = 200


class NodeSource(Protocol):
    """What the journal can ask about a node when a wait failed. Each answer may be empty."""

    def state(self) -> str:
        """What has become of the node, in words."""

    def connection(self) -> str:
        """State of the signal connection, in words."""

    def log_tail(self, lines: int) -> Sequence[str]: ...

    def log_path(self) -> str: ...


def timed_out(
    journal: Journal, awaited: AwaitedSignal, *, since: int, within: str, count: int, found: Sequence[Entry],
    sources: Mapping[str, NodeSource],
) -> str:  # fmt: skip
    entries = journal.entries()
    arrived = [entry for entry in entries[since:] if entry.kind == SIGNAL]
    lines = [
        f"no {' or '.join(awaited.types)} from {awaited.node or 'any node'} within {within}",
        f"  awaited: {awaited}" + (f"; {len(found)} of {count} came" if count > 1 else ""),
        f"  counting from: entry {since} of the journal" + (f" {journal.path}" if journal.path else ""),
        *_tally(arrived, awaited),
        *_nearest(entries, since, awaited),
        *_states(awaited.node, sources),
        *_log_of(awaited.node, sources),
    ]
    return journal.redactor.text("\n".join(lines))


def unexpected(
    journal: Journal, unwanted: AwaitedSignal, entry: Entry, *, until: AwaitedSignal, sources: Mapping[str, NodeSource]
) -> str:
    lines = [
        f"{entry.data['type']} from {entry.node} must not come before {until} from {until.node or 'any node'}",
        f"  unwanted: {unwanted}",
        f"  came:     {_show(entry, journal)}",
        *_states(entry.node, sources),
        *_log_of(entry.node, sources),
    ]
    return journal.redactor.text("\n".join(lines))


def _tally(arrived: Sequence[Entry], awaited: AwaitedSignal) -> list[str]:
    if not arrived:
        return ["  arrived since then: no signal from any node"]
    per_node: dict[str, Counter[str]] = {}
    for entry in arrived:
        per_node.setdefault(entry.node, Counter())[entry.data["type"]] += 1
    width = max(map(len, per_node))
    own_first = sorted(per_node, key=lambda node: (node != awaited.node, node))
    return ["  arrived since then:"] + [
        f"    {node:<{width}}  " + ", ".join(f"{name} × {number}" for name, number in per_node[node].most_common())
        for node in own_first
    ]


class _NearMiss(NamedTuple):
    nearness: float
    entry: Entry
    reason: str


def _nearest(entries: Sequence[Entry], since: int, awaited: AwaitedSignal) -> list[str]:
    candidates = [
        miss for entry in entries if entry.kind == SIGNAL and (miss := _near_miss(entry, entries, since, awaited))
    ]
    best = sorted(candidates, key=lambda miss: (-miss.nearness, -miss.entry.seq))[:_NEAREST]
    if not best:
        return ["  nearest: nothing comes near"]
    return ["  nearest:"] + [
        f"    entry {miss.entry.seq}, {miss.entry.node}, {miss.entry.data['type']}: {miss.reason}" for miss in best
    ]


def _near_miss(entry: Entry, entries: Sequence[Entry], since: int, awaited: AwaitedSignal) -> _NearMiss | None:
    """How near `entry` came: a stale one that fits is nearest, then one that fails the condition, then strangers that
    meet it. Entries that were counted are no misses."""
    miss = awaited.miss(entry)
    fresh = entry.seq >= since
    if awaited.concerns(entry):
        if miss is None:
            return None if fresh else _NearMiss(4, entry, f"fits, but came {_before(entry, entries, since)}")
        if fresh:
            return _NearMiss(2 + miss.nearness, entry, miss.reason)
        return _NearMiss(miss.nearness, entry, f"{miss.reason}; and it came {_before(entry, entries, since)}")
    if miss is None and fresh and entry.data["type"] in awaited.types:
        return _NearMiss(1.5, entry, f"fits, but is from {entry.node}, not from {awaited.node}")
    if miss is None and fresh and awaited.is_from(entry) and str(awaited.condition):
        return _NearMiss(1, entry, "meets the condition, but is of another type")
    return None


def _before(entry: Entry, entries: Sequence[Entry], since: int) -> str:
    if since >= len(entries):
        return "before the wait began"
    return f"{entries[since].mono - entry.mono:.1f} s before those that count"


def _states(first: str | None, sources: Mapping[str, NodeSource]) -> list[str]:
    if not sources:
        return []
    width = max(map(len, sources))
    lines = []
    for node in sorted(sources, key=lambda node: (node != first, node)):
        source = sources[node]
        connection = f"signals: {source.connection()}" if source.connection() else ""
        known = ", ".join(part for part in (source.state(), connection) if part)
        lines.append(f"    {node:<{width}}  {known or 'nothing is known'}")
    return ["  nodes now:", *lines]


def _log_of(node: str | None, sources: Mapping[str, NodeSource]) -> list[str]:
    source = sources.get(node) if node else None
    if source is None:
        return []
    path = source.log_path()
    if tail := list(source.log_tail(_LOG_LINES)):
        return [f"  last lines of {node}'s log" + (f" ({path}):" if path else ":"), *_indented(tail)]
    return [f"  log of {node}: {path}"] if path else []


def _show(entry: Entry, journal: Journal) -> str:
    event: Any = journal.redactor.clean(entry.data)["event"]
    text = repr(event)
    return f"entry {entry.seq}, event " + (text if len(text) <= _EVENT_WIDTH else f"{text[:_EVENT_WIDTH]}…")


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line.rstrip()}" for line in lines]
