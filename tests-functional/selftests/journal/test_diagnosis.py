"""The text of a wait that failed, as people read it."""

from __future__ import annotations

import re
import textwrap

import pytest

from journal.conditions import Fields, Pattern, Predicate
from journal.journal import Journal
from journal.waiting import AwaitedSignal, UnexpectedSignal, WaitTimeout

SEEDING = "community.historyArchivesSeeding"


class Source:
    def __init__(self, state):
        self._state = state

    def state(self):
        return self._state

    def connection(self):
        return "open" if self._state == "running" else "lost"

    def log_tail(self, lines):
        return ["INF archive downloaded", "ERR index missing, tried with Strong12345"]

    def log_path(self):
        return "logs/bob.log"


@pytest.fixture
def journal():
    journal = Journal()
    journal.register_secret("Strong12345")
    journal.add_source("alice", Source("exited with exit code 137"))
    journal.add_source("bob", Source("running"))
    return journal


def emit(journal, node, signal_type, event=None):
    return journal.append(node, "signal", {"type": signal_type, "event": event})


def failure(journal, awaited, since, count=1):
    with pytest.raises(WaitTimeout) as raised:
        journal.wait(awaited, since=since, timeout=0.01, count=count)
    return re.sub(r"\d+\.\d s before", "N s before", str(raised.value))


def expected(text):
    return textwrap.dedent(text).strip()


def test_a_wait_that_failed_tells_all(journal):
    emit(journal, "bob", SEEDING, {"communityId": "0x02", "from": 1})
    since = journal.cursor()
    emit(journal, "alice", SEEDING, {"communityId": "0x02", "from": 1})
    emit(journal, "alice", "messages.new", {})
    emit(journal, "bob", "messages.new", {"chats": []})
    emit(journal, "bob", "messages.new", {"chats": []})
    emit(journal, "bob", SEEDING, {"communityId": "0x03", "from": 1})
    emit(journal, "bob", SEEDING, {"communityId": "0x04"})
    awaited = AwaitedSignal("bob", (SEEDING,), Fields({"communityId": "0x02", "from": 1}))
    assert failure(journal, awaited, since) == expected("""
        no community.historyArchivesSeeding from bob within 0.01 s
          awaited: community.historyArchivesSeeding with communityId = '0x02', from = 1
          counting from: entry 1 of the journal
          arrived since then:
            bob    messages.new × 2, community.historyArchivesSeeding × 2
            alice  community.historyArchivesSeeding × 1, messages.new × 1
          nearest:
            entry 0, bob, community.historyArchivesSeeding: fits, but came N s before those that count
            entry 5, bob, community.historyArchivesSeeding: communityId is '0x03', not '0x02'
            entry 6, bob, community.historyArchivesSeeding: communityId is '0x04', not '0x02'; it has no from
          nodes now:
            bob    running, signals: open
            alice  exited with exit code 137, signals: lost
          last lines of bob's log (logs/bob.log):
            INF archive downloaded
            ERR index missing, tried with <redacted>
    """)


def test_when_nothing_came(journal):
    text = failure(journal, AwaitedSignal("carol", (SEEDING,)), 0)
    assert text == expected("""
        no community.historyArchivesSeeding from carol within 0.01 s
          awaited: community.historyArchivesSeeding
          counting from: entry 0 of the journal
          arrived since then: no signal from any node
          nearest: nothing comes near
          nodes now:
            alice  exited with exit code 137, signals: lost
            bob    running, signals: open
    """)


def test_a_pattern_tells_how_much_of_it_was_found(journal):
    emit(journal, "bob", "messages.new", {"text": "message number 7"})
    text = failure(journal, AwaitedSignal("bob", ("messages.new",), Pattern("message number 8")), 0)
    assert "awaited: messages.new containing 'message number 8'" in text
    assert "'message number 8' is not in it, only its first 15 of 16 characters are" in text


def test_a_predicate_shows_its_source_and_why_it_said_no(journal):
    emit(journal, "bob", "messages.new", None)
    emit(journal, "bob", "messages.new", {"n": 1})
    text = failure(journal, AwaitedSignal("bob", ("messages.new",), Predicate(lambda s: s["event"]["n"] == 2)), 0)
    assert re.search(r'where s\["event"\]\["n"\] == 2 \(test_diagnosis\.py:\d+\)$', text, re.MULTILINE)
    assert "entry 1, bob, messages.new: the predicate says no" in text
    assert "entry 0, bob, messages.new: the predicate raised TypeError" in text


def named_predicate(signal):
    return False


@pytest.mark.parametrize(
    ("predicate", "shown"),
    [
        (named_predicate, r"where named_predicate \(test_diagnosis\.py:\d+\)"),
        (lambda s: s["grüße"] and (
            s["type"] == "x"), r'where s\["grüße"\] and \( s\["type"\] == "x"\)? \(test_diagnosis\.py:\d+\)'),
        (eval("lambda s: False"), r"where <string>:1"),
        ({}.get, r"where <built-in method get"),
    ],
)  # fmt: skip
def test_how_a_predicate_is_shown(predicate, shown):
    assert re.match(shown, str(Predicate(predicate)))


def test_the_right_event_from_the_wrong_node_or_of_the_wrong_type(journal):
    emit(journal, "alice", SEEDING, {"communityId": "0x02"})
    emit(journal, "bob", "messages.new", {"communityId": "0x02"})
    text = failure(journal, AwaitedSignal("bob", (SEEDING,), Fields({"communityId": "0x02"})), 0)
    assert "entry 0, alice, community.historyArchivesSeeding: fits, but is from alice, not from bob" in text
    assert "entry 1, bob, messages.new: meets the condition, but is of another type" in text


def test_how_many_of_several_came(journal):
    emit(journal, "bob", SEEDING, {})
    assert "1 of 3 came" in failure(journal, AwaitedSignal("bob", (SEEDING,)), 0, count=3)


def test_a_signal_that_must_not_come(journal):
    emit(journal, "bob", SEEDING, {"communityId": "0x02", "password": "Strong12345"})
    with pytest.raises(UnexpectedSignal) as raised:
        until = AwaitedSignal("alice", ("done",))
        journal.wait_without(AwaitedSignal("bob", (SEEDING,)), until=until, since=0, timeout=1)
    assert str(raised.value).startswith(
        expected("""
        community.historyArchivesSeeding from bob must not come before done from alice
          unwanted: community.historyArchivesSeeding
          came:     entry 0, event {'communityId': '0x02', 'password': '<redacted>'}
    """)
    )
