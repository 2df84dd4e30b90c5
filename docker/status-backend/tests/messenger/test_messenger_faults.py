"""Nothing acknowledged is lost: restarts, outages, a node that pauses, one that cannot push."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.anyio

NOWHERE = "0x02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"  # nobody's community


async def test_everything_is_there_after_login(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    for text in ("hello", "there"):  # between them comes the description that notes the first message
        await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})
        await member.message(text)

    async def all_there_is():
        chats = [chat | {"syncedTo": "the store is asked at each login"} for chat in await member.rpc("chats")]
        return await member.rpc("communities"), chats, await member.history(chat_id)

    before = await all_there_is()
    await member.stop()
    await member.start()
    assert await all_there_is() == before
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "again", "contentType": 1})
    await member.message("again")


async def test_what_was_missed_while_logged_out(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    await member.stop()
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "missed", "contentType": 1})
    second = await owner.rpc("createCommunityChat", community_id, {"identity": {"display_name": "second"}})
    second_id = second["chats"][0]["id"]
    await owner.rpc("sendChatMessage", {"chatId": second_id, "text": "in a new channel", "contentType": 1})
    await owner.in_step()
    await member.start()
    await member.message("in a new channel")
    assert await member.history(chat_id) == ["missed"]


async def test_request_made_while_the_owner_is_away(new_node, join_community):
    owner, member = await new_node("owner"), await new_node("member")
    created = await owner.rpc("createCommunity", {"name": "n", "description": "d", "color": "#000", "membership": 3})
    community_id = created["communities"][0]["id"]
    await owner.in_step()
    await owner.stop()
    await member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"]}
    request = (await member.rpc("requestToJoinCommunity", params))["requestsToJoinCommunity"][0]
    await member.in_step()
    await member.stop()
    await owner.start()
    await owner.wait("messages.new", lambda event: "requestsToJoinCommunity" in event)
    await owner.rpc("acceptRequestToJoinCommunity", {"id": request["id"]})
    await owner.in_step()
    await member.start()
    await member.wait("messages.new", lambda e: any(r["state"] == 3 for r in e.get("requestsToJoinCommunity", [])))
    assert (await member.rpc("latestRequestToJoinForCommunity", community_id))["state"] == 3


@pytest.mark.own_waku
async def test_waku_node_dies_and_comes_back(owner_and_member, waku):
    owner, member, community_id, chat_id = owner_and_member
    waku.stop()
    sent = await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "into the void", "contentType": 1})
    assert sent["messages"][0]["outgoingStatus"] == "sending"
    waku.start()
    await member.message("into the void")
    await owner.wait("envelope.sent", lambda event: event["ids"] == [sent["messages"][0]["id"]])
    assert (await owner.rpc("messageByMessageID", sent["messages"][0]["id"]))["outgoingStatus"] == "sent"


@pytest.mark.own_waku
async def test_unsent_message_survives_a_logout(owner_and_member, waku):
    owner, member, community_id, chat_id = owner_and_member
    waku.stop()
    for text in ("one", "two"):
        await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})
    await owner.stop()
    waku.start()
    await owner.start()
    for text in ("one", "two"):  # one by the store, perhaps, and two by the relay
        await member.message(text)
    assert await member.history(chat_id) == ["two", "one"]


@pytest.mark.own_waku
async def test_paused_waku_node(owner_and_member, waku):
    owner, member, community_id, chat_id = owner_and_member
    waku.pause()
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "patience", "contentType": 1})
    waku.resume()
    await member.message("patience")


@pytest.mark.own_waku
async def test_fetch_finds_what_is_published_while_waiting(new_node, waku):
    """Neither the store nor the member knows the community until its owner publishes it."""
    owner, member = await new_node("owner"), await new_node("member")
    waku.stop()
    created = await owner.rpc("createCommunity", {"name": "n", "description": "d", "color": "#000", "membership": 3})
    community_id = created["communities"][0]["id"]
    fetch = asyncio.create_task(member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True}))
    waku.start()
    assert (await fetch)["id"] == community_id


async def test_fetch_of_what_is_nowhere(new_node, monkeypatch):
    monkeypatch.setattr("status_backend.messenger.communities._FETCH_TIMEOUT", 0.1)
    member = await new_node("member")
    assert await member.rpc("fetchCommunity", {"communityKey": NOWHERE, "waitForResponse": True}) is None


async def test_alone_without_a_fleet(lonely):
    created = await lonely.rpc("createCommunity", {"name": "n", "description": "d", "color": "#000", "membership": 1})
    chat_id = created["chats"][0]["id"]
    await lonely.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello?", "contentType": 1})
    await lonely.stop()
    await lonely.start()
    assert await lonely.history(chat_id) == ["hello?"]


async def test_logout_while_waiting_for_a_community(new_node):
    member = await new_node("member")
    request = {"communityKey": NOWHERE, "waitForResponse": True}
    fetch = asyncio.create_task(member.ask("fetchCommunity", request))
    async with asyncio.timeout(20):
        while not member.messenger.communities._awaited:
            assert not fetch.done(), fetch.result()
            await asyncio.sleep(0.01)
    await member.stop()
    assert (await fetch)["error"]["message"] == "messenger stopped"
    await member.start()


async def test_what_could_not_be_written_is_fetched_again(owner_and_member, monkeypatch):
    """The disk is full for a moment, say: the message is not in step, and comes by the store."""
    owner, member, community_id, chat_id = owner_and_member
    inbox, failed = member.messenger._inbox, asyncio.Event()
    receive = inbox.receive

    def fail(batch):
        monkeypatch.setattr(inbox, "receive", receive)
        failed.set()
        raise OSError("no space left on device")

    monkeypatch.setattr(inbox, "receive", fail)
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "again, please", "contentType": 1})
    async with asyncio.timeout(20):
        await failed.wait()
    await member.message("again, please")
