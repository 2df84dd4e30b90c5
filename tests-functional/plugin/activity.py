"""What this process does at this moment: which test in which phase and since when, its nodes, what it waits for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import pace
from fleet.node import Node
from journal.entry import HTTP, NOTE, RPC, STEP
from journal.journal import Journal
from plugin.controller import worker_of
from plugin.fixtures import TestNodes

ACTIVITY = pytest.StashKey["Activity"]()

MOST_WAITS = 8
LONGEST = 160  # characters of a text


@dataclass
class Phase:
    """`limit` in seconds of a host that does not stall, 0 for none; `wait` is what is left of it."""

    test: str
    name: str
    limit: float
    wait: pace.Wait = field(init=False)
    hang: str = ""  # why it is to be ended, once it is
    evidence: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wait = pace.Wait(f"the end of {self}", self.limit)

    def __str__(self) -> str:
        return f"{self.test} ({self.name})" if self.test else self.name

    @property
    def since(self) -> float:
        """Monotonic seconds, the same clock in all processes of this machine."""
        return self.wait.began


@dataclass
class Activity:
    """Of one process. `changed` is called when a phase begins or ends and when a node has started, by who did it."""

    worker: str
    phase: Phase | None = None
    nodes: TestNodes | None = None
    journal: Journal | None = None
    folder: Path | None = None
    changed: list[Callable[[], None]] = field(default_factory=list)

    @contextmanager
    def during(self, name: str, limit: float, test: str = "") -> Iterator[Phase]:
        """A phase within another takes none of its time."""
        before, phase = self.phase, Phase(test, name, limit)
        self._enter(phase)
        try:
            yield phase
        finally:
            if before is not None:
                before.wait.extend(time.monotonic() - phase.since)
            self._enter(before)

    def tell(self) -> None:
        for tell in self.changed:
            tell()

    def started(self) -> list[Node]:
        """The nodes of the test that have been started."""
        return list(self.nodes.started) if self.nodes else []

    def forget_test(self) -> None:
        self.nodes = self.journal = self.folder = None

    def to_json(self) -> dict[str, Any]:
        """What a watcher in another process is told. Times are monotonic seconds."""
        phase = self.phase
        return {
            "worker": self.worker,
            "pid": os.getpid(),
            "test": phase.test if phase else "",
            "phase": phase.name if phase else "",
            "since": phase.since if phase else time.monotonic(),
            "limit": phase.limit if phase else 0,
            "doing": self.doing(),
            "nodes": [node.name for node in self.started()],
            "handles": [node.handle for node in self.started()],
            "waits": [
                {"what": wait.what[:LONGEST], "of": wait.of, "began": wait.began, "ends": wait.ends}
                for wait in pace.open_waits()[:MOST_WAITS]
            ],
        }

    def doing(self) -> str:
        """The step that is under way, else the last thing that went to the journal."""
        if self.journal is None:
            return ""
        step = self.journal.last(STEP)
        if step is not None and step.data["phase"] == "begin":
            return str(step.data["name"])[:LONGEST]
        last = self.journal.last(RPC, HTTP, NOTE)
        if last is None:
            return ""
        text = last.data.get("text") or last.data["method"]
        return self.journal.redactor.text(f"{last.node}: {text}")[:LONGEST]

    def _enter(self, phase: Phase | None) -> None:
        self.phase = phase
        self.tell()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[ACTIVITY] = Activity(worker_of(config))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest, fixturedef: Any) -> Generator[None, Any, Any]:
    """Fixtures are noticed as they come: a test that hangs in its setup has only some of them."""
    value = yield
    activity = request.config.stash[ACTIVITY]
    if fixturedef.argname == "nodes" and isinstance(value, TestNodes):
        activity.nodes, value.after_start = value, activity.tell
    elif fixturedef.argname == "journal" and isinstance(value, Journal):
        activity.journal = value
    elif fixturedef.argname == "test_folder" and isinstance(value, Path):
        activity.folder = value
    return value


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    item.config.stash[ACTIVITY].forget_test()
    return (yield)
