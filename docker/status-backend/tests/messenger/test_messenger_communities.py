"""Two nodes: create, find, join, talk."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey

from status_backend.protocol import ids, signing

pytestmark = pytest.mark.anyio

COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 3}


async def test_join_and_talk(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    assert [c["id"] for c in await member.rpc("joinedCommunities")] == [community_id]
    sent = await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello", "contentType": 1})
    received = await member.message("hello")
    assert received["id"] == sent["messages"][0]["id"]
    assert received["from"] == owner.public_key
    await member.rpc("sendChatMessage", {"chatId": chat_id, "text": "hi", "contentType": 1})
    await owner.message("hi")
    assert await owner.history(chat_id) == await member.history(chat_id) == ["hi", "hello"]


async def test_unsigned_request_waits_even_where_members_are_accepted_automatically(new_node):
    owner, member = await new_node("owner"), await new_node("member")
    created = await owner.rpc("createCommunity", {**COMMUNITY, "membership": 1})
    community_id = created["communities"][0]["id"]
    await member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"]}
    request_id = (await member.rpc("requestToJoinCommunity", params))["requestsToJoinCommunity"][0]["id"]
    await owner.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    assert [r["id"] for r in await owner.rpc("pendingRequestsToJoinForCommunity", community_id)] == [request_id]
    assert [r["id"] for r in await owner.rpc("allNonApprovedCommunitiesRequestsToJoin")] == [request_id]
    await owner.rpc("acceptRequestToJoinCommunity", {"id": request_id})
    await member.wait("messages.new", lambda event: event.get("requestsToJoinCommunity", [{}])[0].get("state") == 3)


async def test_joining_without_asking(new_node):
    owner, listener = await new_node("owner"), await new_node("listener")
    created = await owner.rpc("createCommunity", COMMUNITY)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    assert (await listener.ask("joinCommunity", community_id))["error"]["message"] == "community not found"
    await listener.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    joined = await listener.rpc("joinCommunity", community_id)
    assert joined["communities"][0]["joined"] is True and joined["chats"][0]["id"] == chat_id
    assert (await listener.ask("joinCommunity", community_id))["error"]["message"] == "already joined"
    await listener.in_step()
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello", "contentType": 1})
    await listener.message("hello")
    posted = await listener.ask("sendChatMessage", {"chatId": chat_id, "text": "hi", "contentType": 1})
    assert posted["error"]["message"].startswith("can't post")
    await listener.archives.wait("joined", community_id)


async def signed_request(member, community_id: str, wallet: PrivateKey, address: str) -> dict:
    asked = await member.rpc("generateJoiningCommunityRequestsForSigning", member.public_key, community_id, [address])
    signature = signing.sign_personal(wallet, ids.from_hex(asked[0]["data"]))
    params = {"communityId": community_id, "addressesToReveal": [address], "signatures": [ids.hex0x(signature)]}
    return await member.rpc("requestToJoinCommunity", params)


async def test_signed_request_is_accepted_automatically(new_node):
    owner, member = await new_node("owner"), await new_node("member")
    created = await owner.rpc("createCommunity", {**COMMUNITY, "membership": 1})
    community_id = created["communities"][0]["id"]
    found = await member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    assert found["canJoin"] is True and found["canRequestAccess"] is False
    wallet = PrivateKey()
    await signed_request(member, community_id, wallet, ids.address(wallet.public_key))
    event = await member.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    assert event["requestsToJoinCommunity"][0]["state"] == 3
    assert event["communities"][0]["isMember"] is True


async def test_somebody_elses_account_is_declined(new_node):
    owner, member = await new_node("owner"), await new_node("member")
    created = await owner.rpc("createCommunity", {**COMMUNITY, "membership": 1})
    community_id = created["communities"][0]["id"]
    await member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    await signed_request(member, community_id, PrivateKey(), ids.address(PrivateKey().public_key))
    event = await member.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    assert event["requestsToJoinCommunity"][0]["state"] == 2
    assert await member.rpc("joinedCommunities") == []


async def test_leave_and_join_again(owner_and_member, join_community):
    owner, member, community_id, chat_id = owner_and_member
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello", "contentType": 1})
    await member.message("hello")
    left = await member.rpc("leaveCommunity", community_id)
    assert left["communities"][0]["joined"] is False and left["removedChats"] == [chat_id]
    assert ("left", community_id) in member.archives.told
    assert await member.rpc("getCommunitiesSettings") == []
    refused = await member.ask("sendChatMessage", {"chatId": chat_id, "text": "still here?", "contentType": 1})
    assert "can't post" in refused["error"]["message"]
    member.signals.clear()
    owner.signals.clear()
    await join_community(owner, member, community_id)
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "welcome back", "contentType": 1})
    await member.message("welcome back")
    assert await member.history(chat_id) == ["welcome back", "hello"]


async def test_removed_and_banned(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    await owner.rpc("banUserFromCommunity", {"communityId": community_id, "user": member.public_key})
    await member.wait("messages.new", lambda event: "removedChats" in event)
    assert await member.rpc("joinedCommunities") == []
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"]}
    await member.rpc("requestToJoinCommunity", params)
    await member.in_step()
    await owner.rpc("unbanUserFromCommunity", {"communityId": community_id, "user": member.public_key})


async def test_pages(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    texts = [f"message {number}" for number in range(25)]
    await owner.rpc("sendChatMessages", [{"chatId": chat_id, "text": text, "contentType": 1} for text in texts])
    await member.message(texts[-1])
    cursor, found, sizes = "", [], []
    while True:
        page = await member.rpc("chatMessages", chat_id, cursor, 10)
        found += [message["text"] for message in page["messages"]]
        sizes.append(len(page["messages"]))
        if not (cursor := page["cursor"]):
            break
    assert found == texts[::-1] and sizes == [10, 10, 5]


async def test_mention(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    text = f"hello @{member.public_key}!"
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})
    received = await member.message(text)
    assert received["mentioned"] is True and received["mentions"] == [member.public_key]
    assert received["parsedText"][0]["children"][1] == {"type": "mention", "literal": member.public_key}
    assert (await member.rpc("chat", chat_id))["unviewedMentionsCount"] == 1
    await member.rpc("markAllRead", chat_id)
    chat = await member.rpc("chat", chat_id)
    assert (chat["unviewedMessagesCount"], chat["unviewedMentionsCount"]) == (0, 0)


async def test_channels_come_and_go(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    identity = {"displayName": "dropped", "emoji": "🐉"}
    nameless = await owner.rpc("createCommunityChat", community_id, {"identity": identity})
    second = nameless["chats"][0]
    assert (second["name"], second["emoji"]) == ("", "🐉")
    assert nameless["communities"][0]["chats"][second["id"].removeprefix(community_id)]["position"] == 1
    await member.wait("messages.new", lambda e: any(c["id"] == second["id"] for c in e.get("chats", [])))
    removed = await owner.rpc("deleteCommunityChat", community_id, second["id"])
    assert removed["removedChats"] == [second["id"]]
    await member.wait("messages.new", lambda e: e.get("removedChats") == [second["id"]])
    refused = await member.ask("sendChatMessage", {"chatId": second["id"], "text": "x", "contentType": 1})
    assert "can't post" in refused["error"]["message"]


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("createCommunity", [{**COMMUNITY, "name": ""}], -32000, "create-community: invalid name"),
        ("createCommunity", [{**COMMUNITY, "name": "n" * 31}], -32000, "create-community: invalid name"),
        ("createCommunity", [{**COMMUNITY, "description": ""}], -32000, "create-community: invalid description"),
        ("createCommunity", [{**COMMUNITY, "color": ""}], -32000, "create-community: invalid color"),
        ("createCommunity", [{**COMMUNITY, "membership": 0}], -32000, "create-community: invalid membership"),
        ("createCommunity", [{**COMMUNITY, "membership": [3]}], -32602, "array into Go struct field"),
        ("createCommunity", [{**COMMUNITY, "emoji": 5}], -32602, "CreateCommunity.emoji of type string"),
        ("createCommunityChat", ["0x02", {"identity": {"color": 1}}], -32602, "invalid argument 1"),
        ("sendChatMessage", [{"chatId": 1, "text": "x"}], -32602, "Message.chatId of type string"),
        ("createCommunity", [{**COMMUNITY, "outroMessage": "o" * 81}], -32000, "invalid outro message"),
        ("createCommunity", ["nonsense"], -32602, "invalid argument 0"),
        ("createCommunity", [], -32602, "missing value for required argument 0"),
        ("fetchCommunity", [{"communityKey": "0x"}], -32000, "community key is too short"),
        ("fetchCommunity", [{"communityKey": "0xnothex"}], -32000, "invalid community key"),
        ("spectateCommunity", ["0x0212"], -32000, "community not found"),
        ("requestToJoinCommunity", [{}], -32000, "invalid community id"),
        ("requestToJoinCommunity", [{"communityId": "0x02"}], -32000, "no addresses to reveal"),
        (
            "requestToJoinCommunity",
            [{"communityId": "0x02", "addressesToReveal": ["a"]}],
            -32000,
            "community not found",
        ),
        (
            "requestToJoinCommunity",
            [{"communityId": "0x02", "addressesToReveal": ["a"], "signatures": ["0x00"]}],
            -32000,
            "invalid signature",
        ),
        ("acceptRequestToJoinCommunity", [{"id": "0x00"}], -32000, "request to join not found"),
        ("chatMessages", ["nope", "", 10], -32000, "Chat not found"),
        ("chatMessages", ["nope"], -32602, "missing value for required argument 1"),
        ("sendOneToOneMessage", [{"id": "0x04", "message": "hi"}], -32000, "invalid contact id"),
    ],
)
async def test_bad_input(lonely, method, params, code, text):
    error = (await lonely.ask(method, *params))["error"]
    assert error["code"] == code and text in error["message"]
    assert await lonely.rpc("communities") == []


async def test_only_the_control_node_changes_a_community(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    for method, params in (
        ("createCommunityChat", [community_id, {"identity": {"display_name": "x"}}]),
        ("editCommunity", [{**COMMUNITY, "communityId": community_id}]),
        ("removeUserFromCommunity", [community_id, owner.public_key]),
    ):
        assert (await member.ask(method, *params))["error"] == {"code": -32000, "message": "not a control node"}
    again = {"communityId": community_id, "addressesToReveal": ["a"]}
    assert (await member.ask("requestToJoinCommunity", again))["error"]["message"] == "already joined"
    bad_cursor = await member.ask("chatMessages", chat_id, "not a cursor", 10)
    assert "invalid cursor" in bad_cursor["error"]["message"]
    await member.rpc("startMessenger")
    assert (await member.ask("startMessenger"))["error"]["message"] == "messenger already started"
