"""Signals of a status-backend: they arrive by WebSocket, go to the journal, and wake whoever waits for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from clients.expectation import Expectation, Refusal, Signal
from clients.signal_stream import SignalConnectionError, SignalStream
from clients.signal_types import UNCONFIRMED, SignalType, type_string
from journal.conditions import Anything, Both, Condition, Pattern, as_condition
from journal.entry import SIGNAL, Entry
from journal.journal import Journal
from journal.waiting import AwaitedSignal

__all__ = ["UNCONFIRMED", "LoginError", "SignalClient", "SignalConnectionError", "SignalType", "type_string"]

DEFAULT_TIMEOUT = 20.0
LOGIN_TIMEOUT = 60.0

Start = Literal["now", "unread", "beginning"] | int
Accept = Callable[[Any], Any]


class LoginError(AssertionError):
    """`node.login` came with an error."""


class SignalClient:
    """The signals of one node, since the last `connect`.

    Four ways to wait, all of them woken by the arrival itself:

    * `wait_for_signal` counts from where the previous wait for that type ended, so a signal that came meanwhile counts;
    * `expect` counts from a cursor that is opened before the action, so that nothing stale can satisfy it;
    * `expect_signal` does so too where its `start` says "now"; by default it counts as `wait_for_signal` does;
    * `find_signal_containing_pattern` looks at everything since `connect`.

    Types are given as `SignalType` or as its value. Signals are dictionaries `{"type": str, "event": Any}`."""

    def __init__(
        self, url: Callable[[], str], *, node: str, journal: Journal,
        await_signals: Sequence[SignalType | str] | None = None,
    ) -> None:  # fmt: skip
        """`url` gives the WebSocket's URL each time it is dialled. `await_signals` is accepted for tests that list the
        types they need; all types are received."""
        self._signals_url = url
        self._node_name = node
        self.journal = journal
        self.await_signals = [type_string(item) for item in await_signals or ()]
        self._stream: SignalStream | None = None
        self._connected_at = self._login_asked_at = journal.cursor()
        self._read: dict[str, int] = {}
        self._prepared: dict[str, tuple[int, Condition]] = {}
        self.node_login_event: Signal = {}

    # the connection

    def connect(self, timeout: float = 10.0) -> None:
        """Connects anew. Signals of an earlier connection no longer count for anything.

        :raises SignalConnectionError: not within `timeout` seconds"""
        self.disconnect()
        self._connected_at = self._login_asked_at = self.journal.cursor()
        self._read.clear()
        self._prepared.clear()
        self._stream = SignalStream(self._signals_url, self._on_text, self._on_state)
        self._stream.open(timeout)

    def disconnect(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def connection(self) -> str:
        """The state of the connection, in words."""
        return self._stream.state if self._stream else "not connected"

    def _on_text(self, text: str) -> None:
        try:
            frame = json.loads(text)
            signal = {"type": frame["type"], "event": frame.get("event")}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.journal.note(self._node_name, f"this is no signal ({type(error).__name__}: {error}): {text[:500]}")
        else:
            self.journal.append(self._node_name, SIGNAL, signal)

    def _on_state(self, state: str) -> None:
        self.journal.note(self._node_name, f"signal connection: {state}")

    # what came

    @property
    def received_signals(self) -> ReceivedSignals:
        """`received_signals[type]` lists the signals of that type since `connect`, oldest first."""
        return ReceivedSignals(self)

    def _since_connect(self, name: str) -> list[Entry]:
        awaited = self._awaited(name, Anything())
        return [entry for entry in self.journal.entries(self._connected_at) if awaited.concerns(entry)]

    def _awaited(self, signal_type: SignalType | str, condition: Condition) -> AwaitedSignal:
        return AwaitedSignal(self._node_name, (type_string(signal_type),), condition)

    # counting from the previous wait

    def prepare_wait_for_signal(
        self, signal_type: SignalType | str, delta_count: int, accept_fn: Accept | Condition | None = None
    ) -> None:
        """The next `wait_for_signal` for this type wants `delta_count` signals that come from now on."""
        if delta_count < 1:
            raise ValueError("delta_count must be greater than 0")
        name = type_string(signal_type)
        self._prepared[name] = (delta_count, as_condition(accept_fn))
        self._read[name] = self.journal.cursor()

    def wait_for_signal(self, signal_type: SignalType | str, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """The latest signal of the type, once one has come since the previous wait for it ended; the list of the latest
        if `prepare_wait_for_signal` asked for several.

        :raises TimeoutError: with a diagnosis"""
        return self._wait_since_previous((type_string(signal_type),), timeout)

    def _wait_since_previous(self, types: tuple[str, ...], timeout: float) -> Any:
        count, condition = self._prepared.get(types[0], (1, Anything()))
        since = self._read.get(types[0], self._connected_at)
        awaited = AwaitedSignal(self._node_name, types, condition)
        self.journal.wait(awaited, since=since, timeout=timeout, count=count)
        seen = self.journal.entries(since)
        self._read[types[0]] = since + len(seen)
        self._prepared.pop(types[0], None)
        signals = [dict(entry.data) for entry in seen if awaited.accepts(entry)]
        return signals[-1] if count == 1 else signals[-count:]

    def wait_for_login(self, timeout: float = LOGIN_TIMEOUT) -> Signal:
        """The `node.login` signal of the latest login, or of this connection if no login was asked for here.

        :raises LoginError: it carries an error"""
        awaited = self._awaited(SignalType.NODE_LOGIN, Anything())
        signal = Expectation(self.journal, awaited, since=self._login_asked_at, timeout=timeout).wait()
        event = signal["event"] or {}
        if event.get("error"):
            raise LoginError(f"login failed on {self._node_name}: {event['error']}")
        self.node_login_event = signal
        return signal

    def wait_for_logout(self, timeout: float = DEFAULT_TIMEOUT) -> Signal:
        """`node.stopped`, or `node.logout` where a backend has that instead."""
        return self._wait_since_previous((SignalType.NODE_STOPPED.value, SignalType.NODE_LOGOUT.value), timeout)

    def find_signal_containing_pattern(
        self, signal_type: SignalType | str, event_pattern: str, timeout: float = DEFAULT_TIMEOUT
    ) -> Signal:
        """The first signal of the type since `connect` whose text contains the pattern.

        :raises TimeoutError: with a diagnosis"""
        return self.expect(signal_type, Pattern(event_pattern), start="beginning", timeout=timeout).wait()

    # counting from a cursor

    def expect_signal(
        self, signal_type: SignalType | str, *, timeout: float = DEFAULT_TIMEOUT, pattern: str | None = None,
        predicate: Accept | None = None, accept_fn: Accept | None = None, start: Start = "unread", count: int = 1,
    ) -> Expectation:  # fmt: skip
        """Expects `count` signals; use it as context manager or call `wait()`.

        `start` says what counts: "unread" what came after the previous wait for this type (status-go's own tests enter
        the block when the signal may have come already), "now" what comes after entering the block (or making the
        expectation), "beginning" everything since `connect`, a number everything from that index of
        `received_signals[type]` on. Several conditions must all hold."""
        conditions = [as_condition(given) for given in (pattern, predicate, accept_fn) if given is not None]
        condition: Condition = conditions[0] if conditions else Anything()
        for further in conditions[1:]:
            condition = Both(condition, further)
        return self.expect(signal_type, condition, timeout=timeout, start=start, count=count)

    def expect(
        self, signal_type: SignalType | str, accept: Any = None, *, timeout: float = DEFAULT_TIMEOUT,
        start: Start = "now", count: int = 1,
    ) -> Expectation:  # fmt: skip
        """Expects what comes from now on. `accept` is a pattern, a mapping of fields of the event, or a predicate on
        the signal; `start` is as for `expect_signal`."""
        name = type_string(signal_type)
        return Expectation(
            self.journal, self._awaited(name, as_condition(accept)), since=self._position(name, start), timeout=timeout,
            count=count, from_entry=start == "now", on_found=lambda found: self._mark_read(name, found),
        )  # fmt: skip

    def expect_no_signal(
        self, signal_type: SignalType | str, accept: Any = None, *, until: Expectation, timeout: float | None = None
    ) -> Refusal:
        """No such signal comes before the one that `until` expects, of this node or of another."""
        awaited = self._awaited(signal_type, as_condition(accept))
        return Refusal(self.journal, awaited, until=until, timeout=timeout)

    def _position(self, name: str, start: Start) -> int:
        if start == "now":
            return self.journal.cursor()
        if start == "beginning":
            return self._connected_at
        if start == "unread":
            return self._read.get(name, self._connected_at)
        if isinstance(start, int) and start >= 0:
            received = self._since_connect(name)
            return received[start].seq if start < len(received) else self.journal.cursor()
        raise ValueError(f'start is "now", "unread", "beginning" or an index of the received signals, not {start!r}')

    def _mark_read(self, name: str, found: list[Entry]) -> None:
        self._read[name] = max(found[-1].seq + 1, self._read.get(name, 0))


class ReceivedSignals:
    """Looks up lists of received signals by type."""

    def __init__(self, client: SignalClient) -> None:
        self._client = client

    def __getitem__(self, signal_type: SignalType | str) -> SignalList:
        return SignalList(dict(entry.data) for entry in self._client._since_connect(type_string(signal_type)))

    def get(self, signal_type: SignalType | str, default: Any = None) -> Any:
        return self[signal_type] or default


class SignalList(list[Signal]):
    """A list; earlier versions of status-go's harness had it one level deeper, under "received"."""

    def __getitem__(self, key: Any) -> Any:
        return list(self) if key == "received" else super().__getitem__(key)
