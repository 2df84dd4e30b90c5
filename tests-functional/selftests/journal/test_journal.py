"""The journal on disk, under threads, and as the place to wait."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.reading import read_journal
from journal.waiting import AwaitedSignal, WaitTimeout

ARRIVED = AwaitedSignal("alice", ("arrived",))


def emit(journal, node="alice", signal_type="arrived", event=None):
    return journal.append(node, "signal", {"type": signal_type, "event": event})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_entry_is_on_disk_when_append_returns(tmp_path):
    with Journal(tmp_path / "deep" / "journal.jsonl") as journal:
        emit(journal, event={"n": 1})
        journal.note("bob", "grüße")
        first, second = lines(journal.path)
    assert first.items() >= {"seq": 0, "node": "alice", "kind": "signal", "type": "arrived", "event": {"n": 1}}.items()
    assert second["text"] == "grüße" and second["seq"] == 1
    assert second["wall"] >= first["wall"] > 1e9 and second["mono"] >= first["mono"]


def test_a_killed_process_leaves_every_line_it_was_told_about(tmp_path):
    path = tmp_path / "journal.jsonl"
    program = textwrap.dedent(f"""
        import os, signal
        from journal.journal import Journal
        journal = Journal({str(path)!r})
        for number in range(100):
            journal.note("alice", str(number))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    root = Path(sys.modules["journal"].__file__).parent.parent
    child = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(root)})
    assert child.returncode == -signal.SIGKILL
    assert [line["text"] for line in lines(path)] == [str(number) for number in range(100)]


def test_many_threads_write_whole_lines_in_order(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        writers = [
            threading.Thread(target=lambda node=f"n{i}": [emit(journal, node, event="x" * 5000) for _ in range(50)])
            for i in range(8)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        written = lines(journal.path)
    assert [line["seq"] for line in written] == list(range(400))


def test_the_journals_own_names_are_taken():
    with pytest.raises(ValueError, match="seq"):
        Journal().append("alice", "note", {"seq": 1})


def test_steps_are_marked(tmp_path):
    journal = Journal()
    with journal.step("create a community"):
        emit(journal)
    with pytest.raises(KeyError):
        with journal.step("fail"):
            raise KeyError("x")
    steps = [(entry.data["name"], entry.data["phase"]) for entry in journal.entries(kind="step")]
    assert steps == [
        ("create a community", "begin"), ("create a community", "end"), ("fail", "begin"), ("fail", "failed"),
    ]  # fmt: skip
    assert journal.entries(kind="step")[-1].data["error"] == "KeyError: 'x'"


def test_what_came_before_the_cursor_does_not_count():
    journal = Journal()
    emit(journal)
    since = journal.cursor()
    with pytest.raises(WaitTimeout):
        journal.wait(ARRIVED, since=since, timeout=0)
    fresh = emit(journal)
    assert journal.wait(ARRIVED, since=since, timeout=0) == [fresh]
    assert len(journal.wait(ARRIVED, since=0, timeout=0, count=2)) == 2


def test_a_wait_is_woken_by_the_entry_it_waits_for():
    journal = Journal()
    found = []
    waiter = threading.Thread(target=lambda: found.extend(journal.wait(ARRIVED, since=0, timeout=30)))
    waiter.start()
    emit(journal, node="bob")
    emit(journal, signal_type="other")
    entry = emit(journal)
    waiter.join(10)
    assert found == [entry]


def test_many_waiters_each_find_their_own():
    journal = Journal()
    found = {}

    def wait(number):
        awaited = AwaitedSignal(f"n{number}", ("arrived",))
        found[number] = journal.wait(awaited, since=0, timeout=30)[0].node

    waiters = [threading.Thread(target=wait, args=(number,)) for number in range(20)]
    for waiter in waiters:
        waiter.start()
    for number in range(20):
        emit(journal, node=f"n{number}")
    for waiter in waiters:
        waiter.join(10)
    assert found == {number: f"n{number}" for number in range(20)}


def test_entries_after_closing_stay_in_memory(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    emit(journal)
    journal.close()
    emit(journal)
    assert len(lines(journal.path)) == 1 and len(journal.entries()) == 2


def test_a_disk_that_refuses_still_wakes_the_waiters(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    journal = Journal(full)
    with pytest.raises(OSError, match="No space left"):
        emit(journal)
    assert journal.wait(ARRIVED, since=0, timeout=0)


def test_reading_leaves_out_a_torn_last_line(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        emit(journal, event={"text": "one\u2028two\r"})
        emit(journal)
    with journal.path.open("a") as file:
        file.write('{"seq": 2, "wal')
    assert [line["seq"] for line in read_journal(journal.path)] == [0, 1]
    assert next(read_journal(journal.path))["event"]["text"] == "one\u2028two\r"


def test_reading_names_a_broken_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"seq": 0}\n{oops}\n')
    with pytest.raises(ValueError, match="journal.jsonl, line 2"):
        list(read_journal(path))
