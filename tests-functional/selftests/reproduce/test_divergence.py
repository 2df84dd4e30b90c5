"""Where two timelines part, and that chance parts none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reproduce import divergence, events

Make = Callable[..., "object"]


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., list[events.Event]]:
    """The events of a timeline that a test leaves."""
    numbers = iter(range(100))
    return lambda timeline, error="": events.of_test(timeline.write(tmp_path / f"test-{next(numbers)}", error))


def said(found: list[events.Event]) -> list[str]:
    return [str(event) for event in found]


def parting(first: list, second: list) -> divergence.Row | None:
    return divergence.first_parting(divergence.compare([first], [second]))


def test_lanes_are_roles_and_volatile_values_are_settled(timeline: Make, seen: Make) -> None:
    one, other = timeline(), timeline("main-12", clock=5.0)
    for line, community, at in ((one, "0x02b3aa81f3c4", 1795486680), (other, "0x03f0f0f0f0f0f1", 1795999999)):
        line.signal("owner", "community.historyArchivesCreated", {"communityId": community, "from": at})
        line.rpc(
            "late-member", "wakuext_fetchCommunity", {"communityKey": community}, result={"id": community, "n": at}
        )
        line.step(f"late-member-{line.worker} joins the community {community} of owner-{line.worker}")
    assert (
        said(seen(one))
        == said(seen(other))
        == [
            'owner: community.historyArchivesCreated → {communityId: "<id>", from: <n>}',
            'late-member: wakuext_fetchCommunity({"communityKey": "<id>"}) → {id: "<id>", n: <n>}',
            "test: late-member joins the community <id> of owner",
            "test: ends: passed",
        ]
    )


def test_two_nodes_of_a_role_have_lanes_of_their_own(timeline: Make, seen: Make) -> None:
    line = timeline().signal("member", "a")
    line.worker = "gw0-2"
    assert [event.lane for event in seen(line.signal("member", "a"))] == ["member", "member#2", "test"]


def test_chance_parts_nothing(timeline: Make, seen: Make) -> None:
    """Polls of another length, other interleavings, messages in other batches, what comes when the network pleases."""
    first, second = timeline(), timeline("gw1-7")
    first.rpc("owner", "accept", "0x0123456789", error="ApiResponseError: not found")
    first.rpc("owner", "accept", "0x0123456789", result=True)
    first.signal("owner", "messages.new", {"messages": [{"text": "one"}, {"text": "two"}], "chats": [{}]})
    first.signal("member", "community.found", {"id": "0x0123456789"})
    first.signal("member", "wakuv2.peerstats", {"peers": {}})
    second.signal("member", "community.found", {"id": "0x9999999999"}, after=20)
    second.rpc("owner", "accept", "0x9999999999", result=True)
    for text in ("two", "one"):
        second.signal("owner", "messages.new", {"messages": [{"text": text}], "chats": [{}]})
    second.signal("owner", "envelope.sent", {"hash": "0x1"})
    rows = divergence.compare([seen(first)], [seen(second)])
    assert divergence.first_parting(rows) is None
    assert [row.what for row in rows if row.lane == "owner"] == ['accept("<id>")'] + ["messages.new"] * 3


@pytest.mark.parametrize(
    ("change", "lane", "outcomes"),
    [
        (lambda line: line.signal("member", "imported", {"count": [1]}), "member", (None, "{count: […]}")),
        (lambda line: line.rpc("owner", "ids", result=["one"]), "owner", ("[2]", "[1]")),
        (lambda line: line.rpc("owner", "ids", error="Error: 0x0123456789 is unknown"), "owner",
         ("[2]", "error: Error: <id> is unknown")),
        (lambda line: line.step("owner leaves"), "test", (None, "")),
        (lambda line: line.signal("owner", "messages.new", {"messages": [{"text": "hi"}]}), "owner",
         (None, "message 'hi'")),
    ],
    ids=["a signal more", "another answer", "an error", "a step more", "a message more"],
)  # fmt: skip
def test_what_differs_is_found(timeline: Make, seen: Make, change: Callable, lane: str, outcomes: tuple) -> None:
    def line():
        return timeline().rpc("owner", "ids", result=["one", "two"]).signal("member", "found")

    found = parting(seen(line()), seen(change(line())))
    assert found is not None
    assert (found.lane, found.outcomes) == (lane, outcomes)
    back = parting(seen(change(line())), seen(line()))
    assert back is not None and back.outcomes == outcomes[::-1]


def test_a_call_with_other_arguments_is_another_call(timeline: Make, seen: Make) -> None:
    first = (
        timeline().rpc("owner", "has", "0x0123456789", result=False).rpc("owner", "has", "0x9876543210", result=True)
    )
    second = (
        timeline().rpc("owner", "has", "0x5555555555", result=True).rpc("owner", "has", "0x6666666666", result=True)
    )
    found = parting(seen(first), seen(second))
    assert (found.what, found.outcomes) == ('has("<id>")', ("false", "true"))


def test_the_cause_comes_before_what_follows_from_waiting_in_vain(timeline: Make, seen: Make) -> None:
    """One side imports and ends; the other waits for that while its owner goes on, and then it fails."""
    first = timeline().step("send").signal("owner", "created").signal("member", "imported", after=2)
    second = timeline().step("send", after=9).signal("owner", "created").signal("owner", "none created", after=4)
    rows = divergence.compare([seen(first)], [seen(second.step("still waiting", after=30), "WaitTimeout: no imported")])
    assert [row.what for row in rows if row.parts] == [
        "imported", "ends: passed", "none created", "still waiting", "ends: failed",
    ]  # fmt: skip
    assert rows[-1].outcomes == (None, "WaitTimeout: no imported")
    assert divergence.first_parting(rows).said(("old", "new")) == (
        "member: imported\n  old: null (after 3.0 s)\n  new: did not happen"
    )


def test_what_only_some_rounds_have_says_nothing(timeline: Make, seen: Make) -> None:
    plain, more = seen(timeline().step("a")), seen(timeline().step("a").signal("owner", "late"))
    assert parting(plain, more) is not None
    assert divergence.first_parting(divergence.compare([plain, plain], [plain, more])) is None
    assert divergence.first_parting(divergence.compare([plain, more], [more, more])) is None
    assert divergence.first_parting(divergence.compare([plain, plain], [more, more])).what == "late"


def test_half_a_line_of_a_killed_worker_and_no_journal(timeline: Make, tmp_path: Path) -> None:
    folder = timeline().step("a").write(tmp_path / "killed", outcome="crashed", phases=[], death="ended by signal 9")
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"seq": 1, "mono')
    assert said(events.of_test(folder)) == ["test: a", "test: ends: failed → ended by signal 9"]
    (folder / "journal.jsonl").unlink()
    assert said(events.of_test(folder)) == ["test: ends: failed → ended by signal 9"]
