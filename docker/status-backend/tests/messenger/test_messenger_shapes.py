"""Answers and signals have the shape of those recorded from the original."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

CONTRACT = Path(__file__).parents[1] / "contract"
ID = re.compile(r"0x[0-9a-f]{66,}|[0-9a-f]{8}-[0-9a-f-]{27}")
MARKS = ("syncedTo", "syncedFrom")  # of the store having been asked, which is earlier here than there


def recorded(file: str, step: str) -> dict[str, Any]:
    """The request's parameters and the answer of a recorded call."""
    for line in (CONTRACT / file).read_text().splitlines():
        entry = json.loads(line)
        if entry.get("step") == step:
            return {"params": entry["request"]["body"]["params"], **entry["response"]}
    raise AssertionError(f"{file} has no step {step}")


def recorded_signal(file: str, kind: str, *keys: str) -> Any:
    """The first recorded event of this type that has all these keys."""
    for line in (CONTRACT / file).read_text().splitlines():
        signal = json.loads(line).get("signal", {})
        if signal.get("type") == kind and all(key in signal["event"] for key in keys):
            return signal["event"]
    raise AssertionError(f"{file} has no {kind} with {keys}")


def shape(value: Any) -> Any:
    """Keys and types; ids as keys become `*`, of a list the first element stands for all."""
    if isinstance(value, dict):
        return {ID.sub("*", key): shape(item) for key, item in value.items() if key not in MARKS}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def assert_same_shape(ours: Any, theirs: Any) -> None:
    assert shape(ours) == shape(theirs)


async def test_one_node(lonely):
    file = "single-node.jsonl"
    assert await lonely.rpc("chats") is None

    create = recorded(file, "wakuext_createCommunity")
    created = await lonely.rpc("createCommunity", *create["params"])
    assert_same_shape(created, create["result"])
    community, chat = created["communities"][0], created["chats"][0]
    assert chat["id"] == community["id"] + next(iter(community["chats"]))
    assert community["permissions"] == {"access": 1}
    assert community["members"] == {lonely.public_key: {"roles": [1]}}

    for method in ("joinedCommunities", "communities", "chats"):
        assert_same_shape(await lonely.rpc(method), recorded(file, f"wakuext_{method}")["result"])

    message = {"chatId": chat["id"], "text": "hello from the real one", "contentType": 1}
    sent = await lonely.rpc("sendChatMessage", message)
    assert_same_shape(sent, recorded(file, "wakuext_sendChatMessage")["result"])
    history = await lonely.rpc("chatMessages", chat["id"], "", 20)
    assert_same_shape(history, recorded(file, "wakuext_chatMessages")["result"])
    assert sent["chats"][0]["lastMessage"]["text"] == sent["messages"][0]["text"] == message["text"]

    unknown = await lonely.ask("sendChatMessage", {"chatId": "nope", "text": "x", "contentType": 1})
    assert unknown["error"] == recorded(file, "sendChatMessage-unknown-chat")["error"]

    create_chat = recorded(file, "createCommunityChat")
    second = await lonely.rpc("createCommunityChat", community["id"], create_chat["params"][1])
    assert_same_shape(second["chats"], create_chat["result"]["chats"])
    assert_same_shape(second["communityChanges"], create_chat["result"]["communityChanges"])
    assert second["chats"][0]["name"] == "second"

    edit = recorded(file, "editCommunity")
    edited = await lonely.rpc("editCommunity", {**edit["params"][0], "communityId": community["id"]})
    assert_same_shape(edited, edit["result"])
    assert edited["communities"][0]["name"] == "ref community 2"
    assert edited["communitiesSettings"][0]["historyArchiveSupportEnabled"] is False


async def test_creation_is_told_twice(lonely):
    """First the bare community with clock 1, then the published one with its channel."""
    await lonely.rpc("createCommunity", recorded("single-node.jsonl", "wakuext_createCommunity")["params"][0])
    bare = await lonely.wait("messages.new", lambda e: e["communities"][0]["clock"] == 1)
    full = await lonely.wait("messages.new", lambda e: e["communities"][0]["chats"])
    assert_same_shape(bare, recorded_signal("single-node.jsonl", "messages.new", "communities"))
    assert full["communities"][0]["clock"] > 1_700_000_000_000


async def test_two_nodes(new_node):
    file = "two-nodes-torrent-archive.jsonl"
    owner, member = await new_node("owner"), await new_node("member")
    request = {"name": "two nodes", "description": "measuring", "color": "#887af9", "membership": 3}
    created = await owner.rpc("createCommunity", request)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]

    key = {"communityKey": community_id, "waitForResponse": True, "tryDatabase": True}
    assert_same_shape(await member.rpc("fetchCommunity", key), recorded(file, "wakuext_fetchCommunity")["result"])
    assert_same_shape(await member.wait("community.found"), recorded_signal(file, "community.found"))
    spectated = await member.rpc("spectateCommunity", community_id)
    assert_same_shape(spectated, recorded(file, "wakuext_spectateCommunity")["result"])

    join = recorded(file, "wakuext_requestToJoinCommunity")
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"], "airdropAddress": "fakeaddress"}
    asked = await member.rpc("requestToJoinCommunity", params)
    request = asked["requestsToJoinCommunity"][0]
    assert request["revealedAccounts"] == [{"address": "fakeaddress", "isAirdropAddress": True}]
    join["result"]["requestsToJoinCommunity"][0]["revealedAccounts"] = request["revealedAccounts"]  # signed there
    assert_same_shape(asked, join["result"])
    assert request["state"] == 1 and asked["communities"][0]["requestedToJoinAt"] == request["clock"]

    await owner.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    accepted = await owner.rpc("acceptRequestToJoinCommunity", {"id": request["id"]})
    assert accepted["requestsToJoinCommunity"][0]["state"] == 3
    assert await owner.rpc("pendingRequestsToJoinForCommunity", community_id) is None

    joined = await member.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    theirs = recorded_signal(file, "messages.new", "requestsToJoinCommunity", "chats")
    assert_same_shape(joined, theirs)
    assert joined["chats"][0]["id"] == chat_id and joined["communities"][0]["joined"] is True
    assert_same_shape(await member.wait("local-notifications"), recorded_signal(file, "local-notifications"))
    settings = await member.rpc("getCommunitiesSettings")
    assert_same_shape(settings, recorded(file, "wakuext_getCommunitiesSettings")["result"])

    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello", "contentType": 1})
    event = await member.wait("messages.new", lambda event: "messages" in event)
    theirs = recorded_signal(file, "messages.new", "messages")
    for key in ("chats", "messages"):
        assert_same_shape(event[key], theirs[key])
