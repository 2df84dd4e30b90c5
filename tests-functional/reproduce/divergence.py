"""Where two sides part: events that one side has in every round, and the other in none.

Rounds take chance out of it: what only some rounds of a side have says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.events import Event

Round = Sequence[Event]  # in the order of time


@dataclass(frozen=True)
class Row:
    """An event by what happened in a lane, and its outcome on each side: None where it did not happen.

    `at` orders the rows: seconds on the first side. What only the second side has is as long after what both have as it
    is there, so that what follows from waiting in vain does not come before what was awaited.
    """

    lane: str
    what: str
    outcomes: tuple[str | None, str | None]
    times: tuple[float | None, float | None]
    at: float
    parts: bool

    def said(self, names: tuple[str, str]) -> str:
        sides = [
            f"{name}: {'did not happen' if outcome is None else outcome or 'happened'}"
            f"{f' (after {time:.1f} s)' if time is not None else ''}"
            for name, outcome, time in zip(names, self.outcomes, self.times)
        ]
        return f"{self.lane}: {self.what}\n" + "\n".join(f"  {side}" for side in sides)


def compare(first: Sequence[Round], second: Sequence[Round]) -> list[Row]:
    """All events of both sides, in order; those that `parts` are where the sides part, the first of them first."""
    certain = [set.intersection(*({event.same for event in one} for one in side)) for side in (first, second)]
    possible = [set.union(*({event.same for event in one} for one in side)) for side in (first, second)]
    apart = (certain[0] - possible[1], certain[1] - possible[0])
    rows = _rows(first[0], second[0], apart)
    return sorted(rows, key=lambda row: row.at)


def first_parting(rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row.parts), None)


def _rows(first: Round, second: Round, apart: tuple[set, set]) -> list[Row]:
    places = _places(first, second)
    by_key: dict[tuple[str, str], tuple[list[Event], list[Event]]] = {}
    for number, side in enumerate((first, second)):
        for event in side:
            by_key.setdefault((event.lane, event.what), ([], []))[number].append(event)
    rows = []
    for (lane, what), sides in by_key.items():
        both = {event.outcome for event in sides[0]} & {event.outcome for event in sides[1]}
        for outcome in both:
            pair = tuple(next(event for event in side if event.outcome == outcome) for side in sides)
            rows.append(Row(lane, what, (outcome, outcome), (pair[0].at, pair[1].at), pair[0].at, False))
        alone = [[event for event in side if event.outcome not in both] for side in sides]
        for number in range(max(map(len, alone))):
            pair = tuple(side[number] if number < len(side) else None for side in alone)
            rows.append(_row(lane, what, pair, places, apart))
    return rows


def _row(
    lane: str, what: str, pair: tuple[Event | None, ...], places: dict[Event, float], apart: tuple[set, set]
) -> Row:
    at = min(event.at if number == 0 else places[event] for number, event in enumerate(pair) if event is not None)
    parts = any(event is not None and event.same in only for event, only in zip(pair, apart))
    outcomes = tuple(event.outcome if event else None for event in pair)
    return Row(lane, what, outcomes, tuple(event.at if event else None for event in pair), at, parts)


def _places(first: Round, second: Round) -> dict[Event, float]:
    """When events of the second side would have been on the first: as long after what both have as they are here."""
    when = {event.same: event.at for event in first}
    places: dict[Event, float] = {}
    ahead = 0.0
    for event in second:
        ahead = when.get(event.same, event.at + ahead) - event.at
        places[event] = event.at + ahead
    return places
