"""The journal: append-only, written as it happens, and the one place where tests wait."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from journal import diagnosis
from journal.entry import NOTE, RESERVED, STEP, Entry
from journal.redaction import Redactor
from journal.waiting import AwaitedSignal, UnexpectedSignal, WaitTimeout
from pace import Wait


class Journal:
    """Every thread may append and wait. A line is handed to the kernel before anyone is woken by it, so what a test has
    seen is on disk even if the process is killed right after.

    In memory entries are kept as they came, because tests look into them; on disk and in messages they are redacted.

    A cursor is the `seq` of the first entry that counts: `since = journal.cursor()` before an action, then
    `journal.wait(awaited, since=since, timeout=10)` after it. What came before the cursor never satisfies the wait."""

    def __init__(self, path: Path | str | None = None, *, redactor: Redactor | None = None) -> None:
        """`path` None keeps the journal in memory only."""
        self.path = Path(path) if path is not None else None
        self.redactor = redactor or Redactor()
        self._entries: list[Entry] = []
        self._changed = threading.Condition()
        self._sources: dict[str, diagnosis.NodeSource] = {}
        self._file = None
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    # writing

    def append(self, node: str, kind: str, data: dict[str, Any]) -> Entry:
        """Records that `node` did something now. See `Entry` for the shape of `data`."""
        if taken := RESERVED & data.keys():
            raise ValueError(f"the journal itself uses the names {sorted(taken)}")
        with self._changed:
            entry = Entry(len(self._entries), time.time(), time.monotonic(), node, kind, data)
            try:
                self._write(entry)
            finally:
                self._entries.append(entry)
                self._changed.notify_all()
        return entry

    def note(self, node: str, text: str) -> Entry:
        return self.append(node, NOTE, {"text": text})

    @contextmanager
    def step(self, name: str, node: str = "test") -> Iterator[None]:
        """Marks where a step of a scenario begins and ends."""
        began = time.monotonic()
        self.append(node, STEP, {"name": name, "phase": "begin"})
        try:
            yield
        except BaseException as error:
            failure = f"{type(error).__name__}: {error}"
            self.append(node, STEP, {"name": name, "phase": "failed", "error": failure, "duration": _since(began)})
            raise
        self.append(node, STEP, {"name": name, "phase": "end", "duration": _since(began)})

    def register_secret(self, value: str) -> None:
        """Hides `value` in everything written from now on."""
        with self._changed:
            self.redactor.register(value)

    def add_source(self, node: str, source: diagnosis.NodeSource) -> None:
        """Where a failed wait finds the last log lines of `node`, and in what state its signal connection is."""
        self._sources[node] = source

    # reading

    def cursor(self) -> int:
        """Only what is appended from now on counts for a wait that begins here."""
        with self._changed:
            return len(self._entries)

    def entries(self, since: int = 0, *, node: str | None = None, kind: str | None = None) -> list[Entry]:
        with self._changed:
            chosen = self._entries[since:]
        return [e for e in chosen if node in (None, e.node) and kind in (None, e.kind)]

    def last(self, *kinds: str) -> Entry | None:
        """The latest entry of one of these kinds."""
        with self._changed:
            return next((entry for entry in reversed(self._entries) if entry.kind in kinds), None)

    # waiting

    def wait(self, awaited: AwaitedSignal, *, since: int, timeout: float, count: int = 1) -> list[Entry]:
        """The first `count` entries from `since` on that are awaited.

        :raises WaitTimeout: they did not come within `timeout` seconds, which stretch with the load of the host (see
            `pace`); the message tells what did."""
        __tracebackhide__ = True
        found: list[Entry] = []
        with self._waiting(awaited, timeout) as wait:
            for entry in self.follow(since, wait):
                if awaited.accepts(entry):
                    found.append(entry)
                    if len(found) == count:
                        return found
        raise WaitTimeout(
            diagnosis.timed_out(
                self, awaited, since=since, within=str(wait), count=count, found=found, sources=self._sources
            )
        )

    def wait_without(self, unwanted: AwaitedSignal, *, until: AwaitedSignal, since: int, timeout: float) -> Entry:
        """Waits for `until` and returns it. A negative expectation thus ends with an event, not with a quiet period.

        :raises UnexpectedSignal: `unwanted` came first
        :raises WaitTimeout: neither came"""
        __tracebackhide__ = True
        with self._waiting(until, timeout) as wait:
            for entry in self.follow(since, wait):
                if unwanted.accepts(entry):
                    text = diagnosis.unexpected(self, unwanted, entry, until=until, sources=self._sources)
                    raise UnexpectedSignal(text)
                if until.accepts(entry):
                    return entry
        raise WaitTimeout(
            diagnosis.timed_out(self, until, since=since, within=str(wait), count=1, found=[], sources=self._sources)
        )

    def follow(self, since: int, wait: Wait) -> Iterator[Entry]:
        """Entries from `since` on as they come while `wait` lasts. The lock is not held while the caller looks."""
        position = since
        while True:
            with self._changed:
                while not self._has_entry(position):
                    if (left := wait.left()) <= 0:
                        return
                    self._changed.wait(left)
                fresh = self._entries[position:]
            yield from fresh
            position += len(fresh)

    def _waiting(self, awaited: AwaitedSignal, timeout: float) -> Wait:
        return Wait(self.redactor.text(str(awaited)), timeout, of=awaited.node or "any node")

    def _has_entry(self, number: int) -> bool:
        return len(self._entries) > number

    # life

    def close(self) -> None:
        """What is appended later stays in memory only."""
        with self._changed:
            if self._file is not None:
                self._file.close()
                self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, entry: Entry) -> None:
        cleaned = self.redactor.clean(entry.data)  # also without a file: it learns secrets from what passes
        if self._file is None:
            return
        head = {"seq": entry.seq, "wall": entry.wall, "mono": entry.mono, "node": entry.node, "kind": entry.kind}
        self._file.write(json.dumps({**head, **cleaned}, ensure_ascii=False, default=repr) + "\n")


def _since(began: float) -> float:
    return round(time.monotonic() - began, 6)
