"""Expectations: a cursor into the journal, opened before the action, and a wait after it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from journal.entry import Entry
from journal.journal import Journal
from journal.waiting import AwaitedSignal

Signal = dict[str, Any]


class Expectation:
    """Awaits `count` signals that come after its cursor.

    The cursor is set when the expectation is made, and again on entering a `with` block if `from_entry` is set::

        with bob.expect(SignalType.MESSAGES_NEW, text, timeout=10) as expected:
            alice.wakuext_service.send_chat_message(chat, text)
        expected.result

        seeding = bob.expect(SignalType.COMMUNITY_HISTORY_ARCHIVES_SEEDING, {"communityId": community})
        ...
        seeding.wait()

    Leaving the block waits, unless the block raised."""

    def __init__(
        self, journal: Journal, awaited: AwaitedSignal, *, since: int, timeout: float, count: int = 1,
        from_entry: bool = False, on_found: Callable[[list[Entry]], None] | None = None,
    ) -> None:  # fmt: skip
        if count < 1:
            raise ValueError(f"an expectation needs a count of at least 1, not {count}")
        self.journal = journal
        self.awaited = awaited
        self.since = since
        self.timeout = timeout
        self.count = count
        self._from_entry = from_entry
        self._on_found = on_found
        self._found: list[Entry] | None = None

    def wait(self, timeout: float | None = None) -> Any:
        """The signal, or the list of signals if `count` is more than one. Found once, it is remembered.

        :raises WaitTimeout: with a diagnosis"""
        __tracebackhide__ = True
        if self._found is None:
            limit = self.timeout if timeout is None else timeout
            self._found = self.journal.wait(self.awaited, since=self.since, timeout=limit, count=self.count)
            if self._on_found:
                self._on_found(self._found)
        return self.result

    @property
    def result(self) -> Any:
        """What `wait` returned; `{"type", "event"}` or a list of these."""
        if self._found is None:
            raise RuntimeError(
                f"{self.awaited} has not been awaited yet: read the result after the block, or call wait()"
            )
        signals = [dict(entry.data) for entry in self._found]
        return signals[0] if self.count == 1 else signals

    def __enter__(self) -> Expectation:
        if self._from_entry:
            self.since = self.journal.cursor()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if kind is None:
            self.wait()


class Refusal:
    """Nothing `unwanted` comes between the cursor and the signal that `until` expects, be it of another node.

    The order is that of arrival here. Between two nodes that is only as good as the cause: let `until` be something
    that follows from what the first node has done.

    ::

        with bob.expect_no_signal(downloaded, until=alice.expect(created)):
            ...
    """

    def __init__(
        self, journal: Journal, unwanted: AwaitedSignal, *, until: Expectation, timeout: float | None = None
    ) -> None:
        if until.journal is not journal:
            raise ValueError("both nodes must write to the same journal, else their signals have no order")
        self.journal = journal
        self.unwanted = unwanted
        self.until = until
        self.timeout = until.timeout if timeout is None else timeout
        self.since = journal.cursor()

    def wait(self) -> Signal:
        """The signal that ended the wait.

        :raises UnexpectedSignal: the unwanted one came first
        :raises WaitTimeout: neither came"""
        __tracebackhide__ = True
        bound = self.journal.wait_without(
            self.unwanted, until=self.until.awaited, since=self.since, timeout=self.timeout
        )
        return dict(bound.data)

    def __enter__(self) -> Refusal:
        self.since = self.journal.cursor()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if kind is None:
            self.wait()
