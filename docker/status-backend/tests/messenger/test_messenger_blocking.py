"""Blocked contacts: hidden, not listened to, and back once they are unblocked."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.anyio


async def say(node, chat_id, text):
    sent = await node.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})
    return sent["messages"][0]["id"]


async def refused(node, count):
    async with asyncio.timeout(20):
        while node.messenger.dropped.get("blocked", 0) < count:
            await asyncio.sleep(0.01)


async def test_one_to_one(new_node):
    alice, bob = await new_node("alice"), await new_node("bob")
    await bob.rpc("sendContactRequest", {"id": alice.public_key, "message": "hello"})
    first = await alice.message("hello")
    await alice.rpc("acceptContactRequest", {"id": first["id"]})
    await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "before"})
    await alice.message("before")
    answer = await alice.rpc("blockContact", bob.public_key)
    assert answer["removedChats"] == [bob.public_key]
    (contact,) = answer["contacts"]
    assert contact["blocked"] and not contact["added"] and not contact["mutual"]
    assert await alice.rpc("activeChats") is None
    assert await alice.history(bob.public_key) == [f"You accepted @{bob.public_key}'s contact request"]
    assert (await alice.ask("messageByMessageID", first["id"]))["error"]["message"] == "record not found"
    notifications = (await alice.rpc("activityCenterNotifications", {"accepted": True}))["notifications"]
    assert notifications is None

    await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "meanwhile"})
    await refused(alice, 1)
    await alice.stop()
    await alice.start()
    again = alice.messenger.dropped.get("blocked", 0)  # the store told once more what there was
    await bob.rpc("createGroupChatWithMembers", None, "a group", [alice.public_key])
    await refused(alice, again + 1)
    assert await alice.rpc("activeChats") is None and (await alice.rpc("contacts"))[0]["blocked"]

    (contact,) = (await alice.rpc("unblockContact", bob.public_key))["contacts"]
    assert not contact["blocked"] and contact["contactRequestState"] == 0
    await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "after"})
    await alice.message("after")
    history = await alice.history(bob.public_key)
    assert {"hello", "before", "after"} <= set(history) and "meanwhile" not in history
    assert (await alice.ask("blockContact", alice.public_key))["error"]["message"] == "can't be a contact of oneself"


async def test_in_a_community(owner_and_member, new_node):
    """The owner does not see it, but archives it; who answers it is seen without what is answered."""
    owner, member, community_id, chat_id = owner_and_member
    rude = await say(member, chat_id, "rude")
    await owner.message("rude")
    await say(owner, chat_id, "polite")
    answer = await owner.rpc("blockContact", member.public_key)
    (chat,) = [chat for chat in answer["chats"] if chat["id"] == chat_id]
    assert chat["lastMessage"]["text"] == "polite" and chat["unviewedMessagesCount"] == 0
    assert await owner.history(chat_id) == ["polite"]
    raw = owner.session.db.one("SELECT count(*) FROM waku_messages")[0]
    await say(member, chat_id, "ruder")
    await member.rpc("editMessage", {"id": rude, "text": "edited"})
    await refused(owner, 2)
    assert await owner.history(chat_id) == ["polite"]
    assert owner.session.db.one("SELECT count(*) FROM waku_messages")[0] == raw + 2
    assert len((await owner.rpc("communities"))[0]["members"]) == 2, "blocking is not banning"
    await owner.rpc("unblockContact", member.public_key)
    assert await owner.history(chat_id) == ["polite", "rude"]
    await say(member, chat_id, "sorry")
    await owner.message("sorry")


async def test_in_a_group(new_node):
    """What it says is not taken, what it does to the group is: it is the same group for all."""
    alice, bob = await new_node("alice"), await new_node("bob")
    await bob.rpc("sendContactRequest", {"id": alice.public_key, "message": "hello"})
    await alice.rpc("acceptContactRequest", {"id": (await alice.message("hello"))["id"]})
    await bob.wait("messages.new", lambda e: any(c["mutual"] for c in e.get("contacts", [])))
    created = await bob.rpc("createGroupChatWithMembers", None, "a group", [alice.public_key])
    chat_id = created["chats"][0]["id"]
    await alice.wait("messages.new", lambda e: any(c["id"] == chat_id for c in e.get("chats", [])))
    await alice.rpc("blockContact", bob.public_key)
    await bob.rpc("sendGroupChatMessage", {"id": chat_id, "message": "not heard"})
    await bob.rpc("changeGroupChatName", None, chat_id, "renamed")
    await alice.wait("messages.new", lambda e: any(c["name"] == "renamed" for c in e.get("chats", [])))
    await refused(alice, 1)
    assert "not heard" not in (await alice.history(chat_id) or [])
