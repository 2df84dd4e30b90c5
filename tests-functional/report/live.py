"""Tests under way, as people see them. States are as plugin.activity gives them; times are monotonic seconds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

State = Mapping[str, Any]

WAIT_WORTH_SAYING = 10.0  # seconds that a wait has lasted before a line tells of it
WAIT_AGAIN = 15.0
PHASE_WORTH_SAYING = 30.0  # the same for a phase in which nothing is awaited
PHASE_AGAIN = 60.0
# With the share of the width that each has; 0: as wide as what is in it. One with nothing in it is left out.
COLUMNS = {"worker": 0, "test": 3, "for": 0, "step": 3, "nodes": 0, "awaited": 4, "from": 0, "left": 0}


def table(states: Sequence[State], now: float, width: int, rows: int) -> list[str]:
    """Lines of at most `width` characters and at most `rows` of them; none while no test is under way."""
    busy = [state for state in states if state["phase"]]
    if not busy:
        return []
    shown = sorted(states, key=lambda state: (not state["phase"], _number(state["worker"])))
    room = max(1, rows - 2)
    picture = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", width=width)
    filled = [_row(state, now) for state in shown[:room]]
    used = [number for number in range(len(COLUMNS)) if any(row[number] for row in filled)]
    for heading, ratio in [list(COLUMNS.items())[number] for number in used]:
        justify = "right" if heading in ("for", "nodes", "left") else "left"
        picture.add_column(heading, ratio=ratio or None, no_wrap=True, overflow="ellipsis", justify=justify)
    for row in filled:
        picture.add_row(*(row[number] for number in used))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="standard", highlight=False, markup=False,
            emoji=False).print(picture)  # fmt: skip
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return lines + ([f"and {len(shown) - room} more"] if len(shown) > room else [])


def _row(state: State, now: float) -> tuple[str, ...]:
    if not state["phase"]:
        return state["worker"], "idle", *[""] * (len(COLUMNS) - 2)
    doing = state["doing"] if state["phase"] == "call" else f"{state['phase']}: {state['doing']}".rstrip(": ")
    nodes = str(len(state["nodes"])) if state["nodes"] else ""
    about = state["worker"], name(state["test"]), f"{now - state['since']:.0f} s", doing, nodes
    if not state["waits"]:
        return *about, "", "", ""
    wait, others = state["waits"][0], len(state["waits"]) - 1  # the one that has lasted longest
    more = f"(+{others}) " if others else ""
    return *about, more + wait["what"], wait["of"], _left(wait, now)


class Lines:
    """Tells each wait and each phase once it has lasted, and now and then again."""

    def __init__(self) -> None:
        self._due: dict[tuple[Any, ...], float] = {}

    def of(self, states: Sequence[State], now: float) -> list[str]:
        return [line for state in states if state["phase"] for line in self._of(state, now)]

    def _of(self, state: State, now: float) -> Iterator[str]:
        who = " ".join(part for part in (state["worker"], name(state["test"])) if part)
        for wait in state["waits"]:
            if self._is_due((state["worker"], wait["began"], wait["what"]), wait["began"] + WAIT_WORTH_SAYING, now,
                            WAIT_AGAIN):  # fmt: skip
                source = f" from {wait['of']}" if wait["of"] else ""
                yield f"{who}: waiting {_left(wait, now)} more for {wait['what']}{source}"
        first = state["since"] + PHASE_WORTH_SAYING
        if not state["waits"] and self._is_due((state["worker"], state["since"]), first, now, PHASE_AGAIN):
            doing = f", {state['doing']}" if state["doing"] else ""
            yield f"{who}: {state['phase']} for {now - state['since']:.0f} s{doing}"

    def _is_due(self, key: tuple[Any, ...], first: float, now: float, again: float) -> bool:
        if now < self._due.setdefault(key, first):
            return False
        self._due[key] = now + again
        return True


def name(test: str) -> str:
    """The last part of a node id: what is short and still tells tests apart."""
    return test.rpartition("::")[2] or test


def _left(wait: Mapping[str, Any], now: float) -> str:
    return f"{max(0.0, wait['ends'] - now):.0f} s"


def _number(worker: str) -> tuple[int, str]:
    digits = "".join(character for character in worker if character.isdigit())
    return int(digits or 0), worker
