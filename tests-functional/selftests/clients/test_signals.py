"""Waiting for signals, over a real WebSocket."""

from __future__ import annotations

import ast
import socket
import threading
from pathlib import Path

import pytest

from clients.signals import UNCONFIRMED, LoginError, SignalConnectionError, SignalType
from clients.status_backend import StatusBackend
from fleet.spec import NodeState
from journal.reading import read_journal
from journal.waiting import UnexpectedSignal, WaitTimeout
from pace import Wait

SEEDING = SignalType.COMMUNITY_HISTORY_ARCHIVES_SEEDING
CREATED = SignalType.COMMUNITY_HISTORY_ARCHIVES_CREATED


def arrived(backend, signal_type, count=1):
    """Waits until `count` signals of the type are in the journal, without marking any as read."""
    backend.expect(signal_type, start="beginning", count=count, timeout=5).wait()
    backend._read.clear()


def wait_for_note(journal, text, since=0):
    """The number of the first such note from `since` on."""
    for entry in journal.follow(since, Wait(f"the note {text}", 10)):
        if entry.kind == "note" and entry.data["text"] == text:
            return entry.seq
    pytest.fail(f"no note {text!r}; there are {[entry.data['text'] for entry in journal.entries(kind='note')]}")


def test_each_type_has_the_name_and_the_value_of_the_original():
    assert SignalType("community.historyArchivesSeeding") is SEEDING
    assert SignalType.COMMUNITY_ARCHIVE_DOWNLOAD_COMPLETED is SignalType.COMMUNITY_HISTORY_ARCHIVE_DOWNLOADED
    finished = SignalType.COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES_FINISHED
    assert finished.value == "community.downloadingHistoryArchivesFinished"


def test_every_recorded_signal_has_a_name():
    recorded = """community.creatingHistoryArchives community.downloadingHistoryArchivesFinished
        community.downloadingHistoryArchivesStarted community.found community.historyArchiveDownloaded
        community.historyArchivesCreated community.historyArchivesProtocolDisabled
        community.historyArchivesProtocolEnabled community.historyArchivesSeeding
        community.importingHistoryArchiveMessages history.request.completed
        history.request.started local-notifications mailserver.available mailserver.changed mediaserver.started
        messages.new node.login node.ready node.started node.stopped"""
    assert set(recorded.split()) <= {signal_type.value for signal_type in SignalType}


def test_the_reference_backend_has_the_same_strings():
    """They meet only on the wire, so both keep a table; this one reads the other without importing it."""
    table = Path(__file__).parents[3] / "docker" / "status-backend" / "status_backend" / "signal_types.py"
    assignments = [node for node in ast.parse(table.read_text()).body if isinstance(node, ast.Assign)]
    emitted = {ast.literal_eval(node.value) for node in assignments}
    not_here = ("wallet", "localPairing")  # for tests of status-go that ask other backends
    assert emitted == {kind.value for kind in SignalType if not kind.value.startswith(not_here)}
    assert set(UNCONFIRMED.values()) <= emitted


@pytest.mark.parametrize("signal_type", [SEEDING, SEEDING.value])
def test_a_signal_that_came_before_the_wait_satisfies_it_once(backend, server, signal_type):
    server.emit(SEEDING.value, {"communityId": "0x02"})
    assert backend.wait_for_signal(signal_type, timeout=5)["event"] == {"communityId": "0x02"}
    with pytest.raises(TimeoutError):
        backend.wait_for_signal(signal_type, timeout=0.05)


def test_waiting_returns_the_latest_of_those_since_the_previous_wait(backend, server):
    for number in (1, 2, 3):
        server.emit("messages.new", {"number": number})
    arrived(backend, "messages.new", 3)
    assert backend.wait_for_signal("messages.new", timeout=5)["event"] == {"number": 3}
    server.emit("messages.new", {"number": 4})
    assert backend.wait_for_signal("messages.new", timeout=5)["event"] == {"number": 4}


def test_a_prepared_wait_wants_that_many_accepted_signals_from_then_on(backend, server):
    server.emit("messages.new", {"number": 0})
    arrived(backend, "messages.new")
    backend.prepare_wait_for_signal("messages.new", 2, lambda signal: signal["event"]["number"] != 2)
    for number in (1, 2, 3):
        server.emit("messages.new", {"number": number})
    signals = backend.wait_for_signal("messages.new", timeout=5)
    assert [signal["event"]["number"] for signal in signals] == [1, 3]
    with pytest.raises(ValueError, match="greater than 0"):
        backend.prepare_wait_for_signal("messages.new", 0)


def test_a_pattern_is_found_among_all_signals_of_the_connection(backend, server):
    server.emit("messages.new", {"text": "first"})
    server.emit("messages.new", {"text": "second"})
    assert (
        backend.find_signal_containing_pattern(SignalType.MESSAGES_NEW, "second", timeout=5)["event"]["text"]
        == "second"
    )
    assert (
        backend.find_signal_containing_pattern(SignalType.MESSAGES_NEW, "first", timeout=5)["event"]["text"] == "first"
    )


def test_a_stale_signal_does_not_satisfy_a_cursor(backend, server):
    server.emit(SEEDING.value, {"communityId": "0x02"})
    arrived(backend, SEEDING)
    with pytest.raises(WaitTimeout, match="fits, but came before the wait began"):
        with backend.expect(SEEDING, timeout=0.05):
            pass
    with pytest.raises(WaitTimeout, match="fits, but came before the wait began"):
        with backend.expect_signal(SEEDING, start="now", timeout=0.05):
            pass
    with backend.expect(SEEDING, "0x02", timeout=5) as expected:
        server.emit(SEEDING.value, {"communityId": "0x02", "again": True})
    assert expected.result["event"]["again"]


def test_a_block_that_is_entered_late_counts_what_no_wait_has_seen_yet(backend, server):
    server.emit(SEEDING.value, {"communityId": "0x02"})
    arrived(backend, SEEDING)
    with backend.expect_signal(SEEDING, timeout=5) as expected:
        pass
    assert expected.result["event"] == {"communityId": "0x02"}
    with pytest.raises(WaitTimeout):
        backend.expect_signal(SEEDING, timeout=0.05).wait()


def test_a_cursor_opened_before_the_action_sees_what_came_before_the_wait(backend, server):
    seeding = backend.expect(SEEDING, {"communityId": "0x03"}, timeout=5)
    with pytest.raises(RuntimeError, match="not been awaited"):
        _ = seeding.result
    server.emit(SEEDING.value, {"communityId": "0x02"})
    server.emit(SEEDING.value, {"communityId": "0x03"})
    arrived(backend, SEEDING, 2)
    assert seeding.wait()["event"] == {"communityId": "0x03"}
    assert seeding.result["event"] == {"communityId": "0x03"}


def test_where_an_expectation_starts(backend, server):
    for number in range(3):
        server.emit("messages.new", {"number": number})
    arrived(backend, "messages.new", 3)

    def first_from(start):
        return backend.expect_signal("messages.new", start=start, timeout=5).wait()["event"]["number"]

    assert first_from("unread") == 0
    assert first_from("unread") == 1
    assert first_from("beginning") == 0
    assert first_from(2) == 2
    with pytest.raises(TimeoutError):
        backend.expect_signal("messages.new", start=3, timeout=0.05).wait()
    with pytest.raises(ValueError, match="start is"):
        first_from("yesterday")


def test_all_conditions_of_an_expectation_must_hold(backend, server):
    with backend.expect_signal(
        "messages.new",
        pattern="hello",
        predicate=lambda signal: signal["event"]["chatId"] == "b",
        accept_fn=lambda signal: signal["event"]["number"] > 2,
        count=2,
        timeout=5,
    ) as expected:
        server.emit("messages.new", None)
        for number in range(1, 6):
            server.emit("messages.new", {"text": "hello", "chatId": "b" if number != 4 else "c", "number": number})
    assert [signal["event"]["number"] for signal in expected.result] == [3, 5]


def test_a_block_that_fails_is_not_waited_for(backend):
    with pytest.raises(ZeroDivisionError):
        with backend.expect_signal(SEEDING, timeout=60):
            1 / 0


def test_a_faulty_predicate_is_reported_at_once(backend, server):
    def faulty(signal):
        return undefined_name  # noqa: F821

    server.emit("messages.new", {})
    with pytest.raises(NameError):
        backend.expect_signal("messages.new", predicate=faulty, start="beginning", timeout=60).wait()


def test_a_waiter_is_woken_by_the_signal(backend, server):
    result = {}
    waiter = threading.Thread(target=lambda: result.update(backend.wait_for_signal(SEEDING, timeout=30)))
    waiter.start()
    server.emit(SEEDING.value, {"communityId": "0x02"})
    waiter.join(10)
    assert result["event"] == {"communityId": "0x02"}


def test_nothing_may_come_before_a_later_signal(backend, server, journal):
    with StatusBackend(server.url, journal, name="bob", data_dir="/data") as bob:
        with backend.expect_no_signal(SEEDING, until=bob.expect(CREATED, timeout=5)):
            server.emit(CREATED.value, {})
        with pytest.raises(
            UnexpectedSignal, match="from alice must not come before community.historyArchivesCreated from bob"
        ):
            with backend.expect_no_signal(SEEDING, until=bob.expect(CREATED, timeout=5)):
                server.emit(SEEDING.value, {"communityId": "0x02"})
                arrived(backend, SEEDING)
                server.emit(CREATED.value, {})
        with pytest.raises(WaitTimeout):
            with backend.expect_no_signal(SEEDING, until=bob.expect("never.comes", timeout=0.05)):
                pass


def test_two_journals_have_no_common_order(backend, server):
    with StatusBackend(server.url, name="bob", data_dir="/data") as bob:
        with pytest.raises(ValueError, match="same journal"):
            backend.expect_no_signal(SEEDING, until=bob.expect(CREATED))


def test_received_signals_are_lists_by_type(backend, server):
    server.emit(SEEDING.value, {"communityId": "0x02"})
    arrived(backend, SEEDING)
    assert len(backend.received_signals[SEEDING]) == 1
    assert backend.received_signals[SEEDING.value][0]["event"] == {"communityId": "0x02"}
    assert backend.received_signals[SEEDING]["received"][-1]["type"] == SEEDING.value
    assert backend.received_signals["nothing.of.the.kind"] == []


def test_login_and_logout(backend, server, login_event):
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)
    assert backend.public_key == login_event["settings"]["public-key"]
    assert backend.key_uid == login_event["account"]["key-uid"]
    assert backend.mnemonic == login_event["settings"]["mnemonic"]
    server.emit("node.stopped")
    assert backend.wait_for_logout(timeout=5)["type"] == "node.stopped"


def test_a_failed_login_says_why(backend, server):
    server.emit("node.login", {"error": "file is not a database"})
    with pytest.raises(LoginError, match="login failed on alice: file is not a database"):
        backend.wait_for_login(timeout=5)


def test_an_old_login_does_not_satisfy_a_new_one(backend, server, login_event):
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)
    backend.login(password="Strong12345")
    with pytest.raises(TimeoutError):
        backend.wait_for_login(timeout=0.05)
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)


def test_the_login_of_an_earlier_account_does_not_satisfy_the_next(backend, server, login_event):
    server.functions["CreateAccountAndLogin"] = lambda body: {"error": ""}
    backend.create_account_and_login()
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)
    backend.logout()
    backend.create_account_and_login()
    with pytest.raises(TimeoutError):
        backend.wait_for_login(timeout=0.05)


class MovingNode:
    """A node that is at another address after a restart, and nowhere while it is stopped."""

    name = "dave"
    data_path = "/data"

    def __init__(self, url, log_path):
        self.address = url
        self.log_path = log_path

    def url(self, port):
        if not self.address:
            raise RuntimeError("dave is stopped")
        return self.address

    def logs(self, tail=None):
        return [f"line {number}" for number in range(30)][-(tail or 30) :]

    def state(self):
        return NodeState.EXITED

    def exit_code(self):
        return 137


def test_a_node_that_restarted_elsewhere_is_found_again(server, backend_server, journal, tmp_path):
    node = MovingNode(server.url, tmp_path / "dave.log")
    with StatusBackend(node, journal) as dave:
        node.address = ""
        server.drop_connections()
        lost = wait_for_note(journal, "signal connection: closed by the node")
        other = backend_server()
        node.address = other.url
        wait_for_note(journal, "signal connection: open", since=lost)
        other.emit(SEEDING.value, {"from": "the other place"})
        assert dave.wait_for_signal(SEEDING, timeout=5)["event"] == {"from": "the other place"}
        assert dave.health()["version"] == "1.2.3"


def test_a_failed_wait_shows_the_log_of_the_node(server, journal, tmp_path):
    with StatusBackend(MovingNode(server.url, tmp_path / "dave.log"), journal) as dave:
        with pytest.raises(TimeoutError) as raised:
            dave.wait_for_signal(SEEDING, timeout=0.01)
    text = str(raised.value)
    assert "  nodes now:\n    dave  exited with exit code 137, signals: open\n" in text
    assert f"last lines of dave's log ({tmp_path / 'dave.log'}):\n    line 20\n" in text and text.endswith("line 29")


def test_a_lost_connection_is_taken_up_again_and_noted(backend, server, journal):
    server.drop_connections()
    lost = wait_for_note(journal, "signal connection: closed by the node")
    wait_for_note(journal, "signal connection: open", since=lost)
    assert [e.data["text"] for e in journal.entries(kind="note")] == [
        "signal connection: open", "signal connection: closed by the node", "signal connection: open",
    ]  # fmt: skip
    server.emit(SEEDING.value, {})
    backend.wait_for_signal(SEEDING, timeout=5)


def test_text_that_is_no_unicode_reaches_waiters_and_the_disk(backend, server, journal):
    server.send_text('{"type": "messages.new", "event": {"text": "half \\ud800 pair"}}')
    assert backend.wait_for_signal("messages.new", timeout=5)["event"]["text"] == "half \ud800 pair"
    assert [line for line in read_journal(journal.path) if line["kind"] == "signal"][0]["event"][
        "text"
    ] == "half \ud800 pair"


def test_what_is_no_signal_is_noted_and_harms_nothing(backend, server, journal):
    for text in ("{", "[]", '{"event": 1}'):
        server.send_text(text)
    server.emit(SEEDING.value, {})
    backend.wait_for_signal(SEEDING, timeout=5)
    notes = [entry.data["text"] for entry in journal.entries(kind="note")]
    assert sum("this is no signal" in note for note in notes) == 3


def test_a_backend_without_signals_is_reported():
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))  # taken, but nobody listens
        host, port = refusing.getsockname()
        backend = StatusBackend(f"http://{host}:{port}", name="nobody", data_dir="/data", connect=False)
        expected = f"cannot connect to ws://{host}:{port}/signals: ConnectionRefusedError"
        with pytest.raises(SignalConnectionError, match=expected):
            backend.connect(timeout=1)
