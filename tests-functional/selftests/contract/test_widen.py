"""Inferring and widening: what was seen fits afterwards, what fitted changes nothing, and a change is a small diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.journal import Journal
from schemas import infer, text
from schemas.checking import Check
from schemas.library import Library
from schemas.mismatch import causes
from schemas.widen import widen

CHAT = {"id": "0x02", "name": "general", "joined": 17, "members": None, "lastMessage": None, "muted": False}
NAME = "replies/wakuext_chats"

KEYS = st.sampled_from(["id", "name", "members", "0x" + "ab" * 33, "0x" + "cd" * 33])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.just(1.5), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_every_value_that_was_seen_fits_and_seeing_it_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seen: list[Any]
) -> None:
    library = Library(tmp_path_factory.getbasetemp() / "none")
    for value in seen:
        widen(library, NAME, value)
        library.forget_validators()
    assert [library.check(NAME, value) for value in seen] == [[]] * len(seen)
    before = text.dump(library.schemas[NAME])
    for value in seen:
        widen(library, NAME, value)
    assert text.dump(library.schemas[NAME]) == before


def test_nothing_but_what_was_seen_fits(library: Library) -> None:
    widen(library, NAME, [CHAT])
    assert library.check(NAME, [CHAT, CHAT]) == []
    misses = library.check(NAME, [{**{k: v for k, v in CHAT.items() if k != "id"}, "joined": "17", "new": 1}])
    assert [str(miss) for miss in misses] == [
        "$[0].id: expected a value, came no such field",
        '$[0].joined: expected integer, came string "17"',
        "$[0].new: expected no such field, came integer 1",
    ]
    assert {miss.file for miss in misses} == {"schemas/replies/wakuext_chats.json"}


def test_an_object_of_a_known_type_refers_to_it_and_so_does_the_change(library: Library) -> None:
    widen(library, "types/Chat", CHAT)
    widen(library, NAME, [CHAT])
    assert library.schemas[NAME] == {"items": {"$ref": "../types/Chat.json"}, "type": "array"}
    widen(library, "replies/wakuext_chat", None)
    widen(library, "replies/wakuext_chat", {**CHAT, "emoji": "🐢"})
    assert library.schemas["replies/wakuext_chat"] == {"anyOf": [{"$ref": "../types/Chat.json"}, {"type": "null"}]}
    library.forget_validators()
    assert library.check(NAME, [{**CHAT, "emoji": "🐢"}]) == []
    (miss,) = library.check("replies/wakuext_chat", {**CHAT, "muted": None})
    assert (miss.path, miss.file) == ("$.muted", "schemas/types/Chat.json")


def test_an_object_with_ids_for_keys_is_a_map(library: Library) -> None:
    member = {"roles": [1]}
    widen(library, NAME, {"0x" + "ab" * 65: member})
    library.forget_validators()
    assert library.check(NAME, {"0x" + "cd" * 65: member, "0x" + "ef" * 65: {"roles": []}}) == []
    assert library.check(NAME, {"0x" + "cd" * 65: {"roles": ["admin"]}})


def test_a_change_of_shape_is_a_small_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, chats in ((before, [CHAT]), (after, [{**CHAT, "muted": 1, "emoji": "🐢"}])):
        with Journal(folder / "journal.jsonl") as journal:
            journal.append("owner", "rpc", {"method": "wakuext_chats", "params": [], "result": chats})
            journal.append("owner", "rpc", {"method": "wakuext_peers", "params": [], "error": "refused"})
    here = ["--schemas", str(tmp_path / "schemas")]
    assert infer.main([*here, "--write", str(before)]) == 0
    assert infer.main([*here, str(before)]) == 0, "nothing is new"
    capsys.readouterr()
    assert infer.main([*here, str(after)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "--- schemas/replies/wakuext_chats.json",
        "+++ schemas/replies/wakuext_chats.json",
        "@@ -3,9 +3,10 @@",
        '     "additionalProperties": false,',
        '     "properties": {',
        '+      "emoji": {"type": "string"},',
        '       "id": {"type": "string"},',
        '       "joined": {"type": "integer"},',
        '       "lastMessage": {"type": "null"},',
        '       "members": {"type": "null"},',
        '-      "muted": {"type": "boolean"},',
        '+      "muted": {"type": ["boolean", "integer"]},',
        '       "name": {"type": "string"}',
        "     },",
    ]
    assert json.loads((tmp_path / "schemas/replies/wakuext_chats.json").read_text())["items"]["properties"]["id"]


def test_what_a_backend_calls_its_methods_is_no_path(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        for method in ("../../evil", "/etc/passwd", ".hidden", "a/b"):
            journal.append("owner", "rpc", {"method": method, "params": [], "result": 1})
            journal.append("owner", "signal", {"type": method, "event": None})
    assert infer.main(["--schemas", str(tmp_path / "schemas"), "--write", str(tmp_path)]) == 0
    assert not (tmp_path / "schemas").exists()


def test_one_change_of_shape_is_told_once_however_many_answers_show_it(library: Library) -> None:
    ids = ["0x" + 33 * digits for digits in ("ab", "cd")]
    widen(library, "types/Chat", CHAT)
    for name in (NAME, "replies/wakuext_chat"):
        widen(library, name, {ids[0]: [CHAT]})
    entries = [
        {"kind": "rpc", "node": "owner", "method": method, "result": {key: [CHAT, {**CHAT, "muted": 0}]}}
        for method in ("wakuext_chats", "wakuext_chat")
        for key in ids
    ]
    check = Check(library).add(entries)
    (cause,) = causes(check.mismatches)
    assert str(cause) == "schemas/types/Chat.json, muted: expected boolean, came integer 0"
    assert cause.subjects == ["wakuext_chats", "wakuext_chat"]
    assert check.text().splitlines()[1:6] == [
        f"  {cause}",
        f"    wakuext_chats (owner) at $.{ids[0]}[1].muted",
        f"    wakuext_chats (owner) at $.{ids[1]}[1].muted",
        f"    wakuext_chat (owner) at $.{ids[0]}[1].muted",
        "    and 1 more: wakuext_chats, wakuext_chat",
    ]
    assert '+    "muted": {"type": ["boolean", "integer"]},' in check.text().splitlines()
