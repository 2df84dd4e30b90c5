"""What a step says of itself in the journal."""

from __future__ import annotations

import pytest

from journal.journal import Journal
from steps.step import step


class Client:
    def __init__(self, name: str, journal: Journal) -> None:
        self.name = name
        self.journal = journal


@pytest.fixture
def journal() -> Journal:
    return Journal()


def said(journal: Journal) -> list[tuple[str, str]]:
    return [(entry.data["name"], entry.data["phase"]) for entry in journal.entries(kind="step")]


def test_it_names_its_nodes_and_cuts_long_ids(journal):
    @step("{members} join {community_id} as {role}")
    def join(*members, community_id, role="guest"):
        return community_id

    alice, bob = Client("alice", journal), Client("bob", journal)
    assert join(alice, bob, community_id="0x02" + 64 * "ab") == "0x02" + 64 * "ab"
    text = "alice, bob join 0x02abababab…ababab as guest"
    assert said(journal) == [(text, "begin"), (text, "end")]


def test_a_failure_is_told_and_goes_on(journal):
    @step("{node} breaks")
    def fail(node):
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        fail(Client("alice", journal))
    (_, failed) = journal.entries(kind="step")
    assert (failed.data["phase"], failed.data["error"]) == ("failed", "LookupError: nothing there")


def test_a_step_within_a_step_stands_between_its_begin_and_end(journal):
    @step("{node} sits")
    def inner(node):
        return "done"

    @step("{node} travels")
    def outer(node):
        return inner(node)

    assert outer(Client("alice", journal)) == "done"
    assert said(journal) == [
        ("alice travels", "begin"),
        ("alice sits", "begin"),
        ("alice sits", "end"),
        ("alice travels", "end"),
    ]


def test_without_a_client_it_only_logs(caplog):
    @step("waits for {what}")
    def wait(what):
        return what

    with caplog.at_level("INFO"):
        assert wait("rain") == "rain"
    assert "waits for rain" in caplog.text
