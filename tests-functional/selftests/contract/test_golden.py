"""Golden transcripts: the same whatever ids, times and order of nodes a run has, and exact about what does differ."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from golden import compare, merged, text, transcript
from golden.normalise import Placeholders
from golden.transcript import Transcript
from journal.journal import Journal
from journal.reading import read_journal
from plugin import golden as golden_plugin
from plugin.controller import RUN
from report import files

Change = Callable[[str, str, dict[str, Any]], dict[str, Any] | None]


def nothing(node: str, kind: str, data: dict[str, Any]) -> dict[str, Any] | None:
    return data


def run(folder: Path, seed: int, change: Change = nothing) -> Transcript:
    """The journal of two backends that talk, with ids, times, polls and order of the nodes by chance; as a transcript.
    `change` alters an entry, or leaves it out."""
    chance = random.Random(seed)
    community, uuid = f"0x02{chance.randbytes(32).hex()}", "-".join(chance.randbytes(n).hex() for n in (4, 2, 2, 2, 6))
    message, keys = f"0x{chance.randbytes(32).hex()}", [f"0x04{chance.randbytes(64).hex()}" for _ in range(2)]
    now = 1_795_000_000 + chance.randrange(10**6)
    said = {"id": message, "chatId": community + uuid, "text": f"hello {chance.randbytes(16).hex()}", "from": keys[0]}

    def login(name: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        directory = f"/tmp/{name}-{chance.randrange(10**6)}/data"
        url = f"http://127.0.0.1:{chance.randrange(10**4, 6 * 10**4)}/statusgo/InitializeApplication"
        answer = {"accounts": None}
        yield (
            "http",
            {"method": "POST", "url": url, "request": {"dataDir": directory}, "status": 200, "response": answer},
        )
        yield "signal", {"type": "mediaserver.started", "event": {"port": chance.randrange(10**4, 6 * 10**4)}}
        yield "signal", {"type": "node.login", "event": {"settings": {"public-key": key}}}

    def owner() -> Iterator[tuple[str, dict[str, Any]]]:
        yield from login("owner", keys[0])
        created = {"id": community, "members": {keys[0]: {"roles": [1]}}, "joinedAt": now, "encrypted": False}
        created["padding"] = (
            "so that it does not fit into one line of the transcript, which has place for 120 characters"
        )
        yield (
            "rpc",
            {"method": "wakuext_createCommunity", "params": [{"name": "c"}], "result": {"communities": [created]}},
        )
        yield "rpc", {"method": "wakuext_chats", "params": [], "error": "ApiResponseError: no"}
        yield "rpc", {"method": "wakuext_sendChatMessage", "params": [community + uuid], "result": message}
        for _ in range(chance.randrange(1, 4)):
            yield "signal", {"type": "wakuv2.peerstats", "event": {}}
            yield "signal", {"type": "messages.new", "event": {"communities": [created]}}

    def member() -> Iterator[tuple[str, dict[str, Any]]]:
        yield from login("member", keys[1])
        for _ in range(chance.randrange(4)):
            yield "rpc", {"method": "wakuext_chatMessages", "params": [community + uuid], "result": {"messages": None}}
        yield "rpc", {"method": "wakuext_chatMessages", "params": [community + uuid], "result": {"messages": [said]}}
        yield "signal", {"type": "messages.new", "event": {"messages": [said]}}
        yield "signal", {"type": "community.found", "event": {"id": community}}

    worker = chance.randrange(8)
    going = {f"owner-gw{worker}-{chance.choice((1, 2, 30))}": owner(), f"member-gw{worker}-7": member()}
    path = folder / f"{seed}-{len(list(folder.glob('*')))}" / "journal.jsonl"
    with Journal(path) as journal:
        while going:
            node = chance.choice(sorted(going))
            entry = next(going[node], None)
            if entry is None:
                del going[node]
            elif (data := change(node.partition("-")[0], entry[0], entry[1])) is not None:
                journal.append(node, entry[0], {**data, "duration": chance.random()} if entry[0] == "rpc" else data)
    return transcript.build("test_talk", read_journal(path))


def test_two_recordings_of_the_same_are_the_same_bytes(tmp_path: Path) -> None:
    recordings = {text.dump(run(tmp_path, seed)) for seed in range(30)}
    assert len(recordings) == 1
    recorded = json.loads(recordings.pop())
    (call,) = [call for call in recorded["nodes"]["member"]["calls"] if call["call"] == "wakuext_chatMessages"]
    assert call["request"] == {"0": "<community-1><uuid-1>"}
    signals = recorded["nodes"]["member"]["signals"]
    assert signals["messages.new"] == {
        "event": {
            "messages": [
                {"id": "<hash-1>", "chatId": "<community-1><uuid-1>", "text": "hello <hex-1>", "from": "<key-1>"}
            ]
        }
    }, "the message is the one that was sent, in that chat, from the owner"
    sent = next(call for call in recorded["nodes"]["owner"]["calls"] if call["call"] == "wakuext_sendChatMessage")
    assert sent["reply"] == "<hash-1>" and recorded["nodes"]["owner"]["signals"]["node.login"] == {
        "event": {"settings": {"public-key": "<key-1>"}}
    }
    assert recorded["nodes"]["owner"]["replies"]["wakuext_createCommunity"]["communities"][0]["joinedAt"] == "<time s>"


def created(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Alters the community that createCommunity answers with."""

    def of(node: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("method") != "wakuext_createCommunity":
            return data
        community = dict(data["result"]["communities"][0])
        change(community)
        return {**data, "result": {"communities": [community]}}

    return of


def without(name: str) -> Change:
    return lambda node, kind, data: None if name in (data.get("method"), data.get("type")) else data


def answering(method: str, answer: dict[str, Any]) -> Change:
    def of(node: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        return {key: data[key] for key in ("method", "params")} | answer if data.get("method") == method else data

    return of


CREATE, FIRST = "wakuext_createCommunity", "$.communities[]"
CASES = [
    (created(lambda community: community.pop("encrypted")), CREATE, f"{FIRST}.encrypted", "missing field"),
    (created(lambda community: community.update(isNew=1)), CREATE, f"{FIRST}.isNew", "new field"),
    (created(lambda community: community.update(encrypted=0)), CREATE, f"{FIRST}.encrypted", "type changed"),
    (created(lambda community: community.update(encrypted=True)), CREATE, f"{FIRST}.encrypted", "value changed"),
    (created(lambda community: community.update(joinedAt=0)), CREATE, f"{FIRST}.joinedAt", "type changed"),
    (answering("wakuext_sendChatMessage", {"result": "0x" + "77" * 32}), "messages.new", None, None),
    (answering("wakuext_sendChatMessage", {"error": "no"}), "wakuext_sendChatMessage", "error", "value changed"),
    (answering("wakuext_chats", {"result": []}), "wakuext_chats", "reply", "value changed"),
    (answering(CREATE, {"result": {"communities": []}}), CREATE, "reply", "value changed"),
    (without("wakuext_chats"), "wakuext_chats", "", "call missing"),
    (without("community.found"), "community.found", "", "signal missing"),
]


@pytest.mark.parametrize(("change", "subject", "path", "what"), CASES)
def test_a_difference_is_told_by_method_and_field(
    tmp_path: Path, change: Change, subject: str, path: str | None, what: str | None
) -> None:
    golden = run(tmp_path, 1)
    assert compare.differences(golden, run(tmp_path, 2)) == []
    found = compare.differences(golden, run(tmp_path, 3, change))
    if path is None:  # the message that came is not the one that was sent: another placeholder
        assert {difference.what for difference in found} == {"value changed"} and found
    else:
        assert [(difference.subject, difference.path, difference.what) for difference in found] == [
            (subject, path, what)
        ]


def test_what_was_not_recorded_is_told_in_the_other_direction(tmp_path: Path) -> None:
    seen = run(tmp_path, 1)
    for name, what in (("wakuext_chats", "call not recorded"), ("community.found", "signal not recorded")):
        (difference,) = compare.differences(run(tmp_path, 2, without(name)), seen)
        assert (difference.subject, difference.what) == (name, what)


def test_calls_and_signals_in_another_order(tmp_path: Path) -> None:
    golden = run(tmp_path, 1)
    swapped = json.loads(json.dumps(golden))
    calls, order = swapped["nodes"]["owner"]["calls"], swapped["nodes"]["member"]["order"]
    calls[1], calls[2] = calls[2], calls[1]
    order.reverse()
    found = {(difference.node, difference.what) for difference in compare.differences(golden, swapped)}
    assert found == {("owner", "order changed"), ("member", "order changed")}
    del swapped["nodes"]["owner"]
    assert "node missing" in {difference.what for difference in compare.differences(golden, swapped)}


def test_recording_again_learns_what_varies(tmp_path: Path) -> None:
    """What is in one recording and not in another, and values that differ, are no difference from then on."""
    golden = run(tmp_path, 1)
    variants = [
        run(tmp_path, 2, created(lambda community: community.update(encrypted=True, isNew=1))),
        run(tmp_path, 3, created(lambda community: community.pop("padding"))),
        run(tmp_path, 4, without("community.found")),
        run(tmp_path, 5, without("wakuext_chats")),
        run(tmp_path, 6, answering("wakuext_chats", {"result": ["one"]})),
    ]
    for variant in variants:
        assert compare.differences(golden, variant)
    for variant in variants:
        golden = compare.together(golden, variant)
    assert [compare.differences(golden, variant) for variant in [*variants, run(tmp_path, 7)]] == [[]] * 6
    assert text.dump(compare.together(golden, run(tmp_path, 8))) == text.dump(golden)
    (difference,) = compare.differences(golden, run(tmp_path, 9, created(lambda community: community.pop("id"))))
    assert (difference.path, difference.what) == (f"{FIRST}.id", "missing field")


def test_rounds_of_a_test_are_one_transcript(tmp_path: Path) -> None:
    """What differs between them varies; what failed, or never asked a backend, is not recorded."""
    outcomes = ["passed", "passed", "failed"]
    for number, outcome in enumerate(outcomes, start=1):
        folder = tmp_path / "run" / f"test_talk-{number}"
        files_of_run(folder, number, f"test_sample.py::test_talk[round-{number}]", outcome)
    option = SimpleNamespace(record=tmp_path / "transcripts", contract=None, repeat=3)
    opened = SimpleNamespace(run=SimpleNamespace(run_dir=tmp_path / "run"))
    plugin = golden_plugin.Golden(SimpleNamespace(option=option, stash={RUN: SimpleNamespace(opened=opened)}))
    plugin.pytest_sessionfinish(SimpleNamespace(exitstatus=0))
    (path,) = option.record.iterdir()
    assert path.name == "test_sample.test_talk.json"
    (call,) = transcript.load(path)["nodes"]["owner"]["calls"]
    assert call["reply"] == {"$one of": [1, 2]}


def files_of_run(folder: Path, number: int, test: str, outcome: str) -> None:
    with Journal(folder / files.JOURNAL) as journal:
        journal.append("owner-main-1", "rpc", {"method": "wakuext_peers", "params": [], "result": number})
    files.write_json(folder / files.RECORD, {"id": test, "outcome": outcome})


def test_merged_values_that_are_too_many_are_any(tmp_path: Path) -> None:
    many = merged.merge([merged.of({"n": number}) for number in range(20)])
    assert many == {"n": {merged.ANY: "number"}}
    assert list(merged.changes(many, {"n": 100})) == []
    (change,) = merged.changes(many, {"n": "100"})
    assert (change.path, change.what) == ("$.n", "type changed")


@pytest.mark.parametrize(
    ("volatile", "expected"),
    [
        ("0x02" + "ab" * 32 + "aabbccdd-0011-4abc-8def-0123456789ab", "<community-1><uuid-1>"),
        ("/ip4/172.18.0.6/tcp/40123/ws/p2p/16Uiu2HAmCDqxtfF1DwBqs7UJ4TgSnjoh6j1RtE1hhQxLLao84jLi",
         "/<host>/tcp/<port>/ws/p2p/<peer-1>"),
        ("http://127.0.0.1:40123/x and 10.0.0.1:8090", "http://<host>:<port>/x and <host>:<port>"),
        ("0x" + "Ab" * 20, "<address-1>"),
        (1_795_000_000, "<time s>"), (1_795_000_000_123, "<time ms>"), (1_795_000_000_123_456_789, "<time ns>"),
        ("2026-11-24T13:00:00.5Z", "<time>"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("/waku/2/rs/16/32", "/waku/2/rs/16/32"), (604_800_000_000_000, 604_800_000_000_000), (True, True),
        ("#ffffff", "#ffffff"), ("feedface", "feedface"), ("hello archive", "hello archive"),
    ],
)  # fmt: skip
def test_what_is_volatile_and_what_is_not(volatile: Any, expected: Any) -> None:
    assert Placeholders().value(volatile) == expected
