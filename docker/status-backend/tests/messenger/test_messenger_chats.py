"""What is done with messages and chats: replies, pins, reactions, search, silence, reading, clearing."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.anyio


async def say(node, chat_id: str, text: str, **fields) -> dict:
    message = {"chatId": chat_id, "text": text, "contentType": 1, **fields}
    return (await node.rpc("sendChatMessage", message))["messages"][0]


@pytest.fixture
async def lonely_chat(lonely):
    created = await lonely.rpc(
        "createCommunity", {"name": "a", "description": "b", "color": "#887af9", "membership": 3}
    )
    return lonely, created["communities"][0]["id"], created["chats"][0]["id"]


async def test_reply_and_mention(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    question = await say(owner, chat_id, "who is there?")
    await member.message("who is there?")
    await say(member, chat_id, "me", responseTo=question["id"])
    answer = await owner.message("me")
    assert answer["responseTo"] == question["id"] and answer["replied"] is True
    assert (answer["quotedMessage"]["text"], answer["quotedMessage"]["from"]) == ("who is there?", owner.public_key)
    await say(member, chat_id, f"and @{owner.public_key}")
    mention = await owner.message(f"and @{owner.public_key}")
    assert mention["mentioned"] is True and mention["mentions"] == [owner.public_key]
    assert (await owner.rpc("chat", chat_id))["unviewedMentionsCount"] == 1
    unread = {"limit": 10, "readType": 2, "activityTypes": [3, 4]}
    found = (await owner.rpc("activityCenterNotifications", unread))["notifications"]
    assert [(item["type"], item["message"]["id"]) for item in found] == [(3, mention["id"]), (4, answer["id"])]
    assert found[1]["replyMessage"]["id"] == question["id"]
    assert await owner.rpc("activityCenterNotificationsCount", unread) == {"3": 1, "4": 1}
    await owner.rpc("markAllRead", chat_id)
    assert (await owner.rpc("activityCenterNotifications", unread))["notifications"] is None


async def test_pins(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    message = await say(owner, chat_id, "pin me")
    await member.message("pin me")
    pin = {"chat_id": chat_id, "message_id": message["id"], "pinned": True}
    assert "not allowed" in (await member.ask("sendPinMessage", pin))["error"]["message"]
    pinned = await owner.rpc("sendPinMessage", pin)
    assert pinned["pinMessages"][0]["pinned"] is True and pinned["messages"][0]["contentType"] == 14
    await member.wait("messages.new", lambda event: "pinMessages" in event)
    page = await member.rpc("chatPinnedMessages", chat_id, "", 10)
    assert [item["message"]["id"] for item in page["pinnedMessages"]] == [message["id"]]
    assert page["pinnedMessages"][0]["pinnedBy"] == owner.public_key and page["cursor"] == ""
    await owner.rpc("sendPinMessage", {**pin, "pinned": False})
    await member.wait("messages.new", lambda event: not event.get("pinMessages", [{"pinned": True}])[0]["pinned"])
    assert await member.rpc("chatPinnedMessages", chat_id, "", 10) == {"pinnedMessages": None, "cursor": ""}


async def test_reactions(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    message = await say(owner, chat_id, "funny")
    await member.message("funny")
    reaction = (await member.rpc("sendEmojiReaction", chat_id, message["id"], 4))["emojiReactions"][0]
    event = await owner.wait("messages.new", lambda event: "emojiReactions" in event)
    assert event["emojiReactions"] == [reaction]
    assert (reaction["from"], reaction["emojiId"]) == (member.public_key, 4)
    assert await owner.rpc("emojiReactionsByChatID", chat_id, "", 10) == [reaction]
    assert await owner.rpc("emojiReactionsByChatIDMessageID", chat_id, message["id"]) == [reaction]
    await member.rpc("sendEmojiReactionRetraction", reaction["id"])
    await owner.wait("messages.new", lambda event: event.get("emojiReactions", [{}])[0].get("retracted"))
    assert await owner.rpc("emojiReactionsByChatID", chat_id, "", 10) == []
    content = owner.session.db.query("SELECT payload FROM waku_messages")
    assert len(content) == 3  # the message, the reaction and its end: content goes into archives


async def test_manager_deletes_what_a_member_wrote(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    theirs, ours = await say(member, chat_id, "spam"), await say(owner, chat_id, "rules")
    await owner.message("spam")
    await member.message("rules")
    refused = await member.ask("deleteMessageAndSend", ours["id"])
    assert refused["error"]["message"] == "sender is not the author of the message"
    removed = (await owner.rpc("deleteMessageAndSend", theirs["id"]))["removedMessages"][0]
    assert removed["deletedBy"] == owner.public_key
    event = await member.wait("messages.new", lambda event: "removedMessages" in event)
    assert event["removedMessages"][0]["messageId"] == theirs["id"]
    assert await member.history(chat_id) == ["rules"]


async def test_search_and_pages(lonely_chat):
    node, community_id, chat_id = lonely_chat
    for number in range(5):
        await say(node, chat_id, f"Apple {number}")
    await say(node, chat_id, "pear")
    found = await node.rpc("allChatMessagesWhichMatchTerm", chat_id, "apple", False)
    assert [message["text"] for message in found["messages"]] == [f"Apple {n}" for n in range(4, -1, -1)]
    assert (await node.rpc("allChatMessagesWhichMatchTerm", chat_id, "apple", True))["messages"] is None
    method = "allMessagesFromChatsAndCommunitiesWhichMatchTerm"
    assert len((await node.rpc(method, [community_id], [], "Apple", True))["messages"]) == 5
    assert (await node.rpc(method, [], [], "Apple", True))["messages"] is None
    seen, cursor = [], ""
    while True:
        page = await node.rpc("chatMessages", chat_id, cursor, 4)
        seen += [message["text"] for message in page["messages"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == ["pear", *(f"Apple {n}" for n in range(4, -1, -1))]
    assert "invalid cursor" in (await node.ask("chatMessages", chat_id, "no cursor", 4))["error"]["message"]


async def test_unread_and_read(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    sent = [await say(owner, chat_id, text) for text in ("one", "two", "three")]
    await member.message("three")
    assert (await member.rpc("chat", chat_id))["unviewedMessagesCount"] == 3
    assert await member.rpc("firstUnseenMessageID", chat_id) == sent[0]["id"]
    read = await member.rpc("markMessagesRead", chat_id, [sent[0]["id"]])
    counts = {"chatId": chat_id, "count": 1, "countWithMentions": 0, "seen": True}
    assert read["seenAndUnseenMessages"] == [counts]
    assert await member.rpc("markAllReadInCommunity", community_id) == [chat_id]
    assert (await member.rpc("chat", chat_id))["unviewedMessagesCount"] == 0
    await member.rpc("markMessageAsUnread", chat_id, sent[1]["id"])
    assert (await member.rpc("chat", chat_id))["unviewedMessagesCount"] == 2
    assert await member.rpc("firstUnseenMessageID", chat_id) == sent[1]["id"]


async def test_mute(lonely_chat):
    node, community_id, chat_id = lonely_chat
    assert await node.rpc("muteChat", chat_id) == "0001-01-01T00:00:00Z"
    assert (await node.rpc("chat", chat_id))["muted"] is True
    await node.rpc("unmuteChat", chat_id)
    assert (await node.rpc("chat", chat_id))["muted"] is False
    till = await node.rpc("muteCommunityChats", {"communityId": community_id, "mutedType": 2})
    chat, community = await node.rpc("chat", chat_id), (await node.rpc("communities"))[0]
    assert chat["muteTill"] == community["muteTill"] == till != "0001-01-01T00:00:00Z"
    await node.rpc("unMuteCommunityChats", community_id)
    assert (await node.rpc("communities"))[0]["muted"] is False
    await node.rpc("muteChatV2", {"chatId": chat_id, "mutedType": 6})
    node.session.db.execute("UPDATE chats SET mute_till = 1000")
    assert (await node.rpc("chat", chat_id))["muted"] is False
    refused = await node.ask("muteChatV2", {"chatId": chat_id, "mutedType": 99})
    assert refused["error"]["message"] == "invalid mute type"


async def test_clear_and_deactivate(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    await say(owner, chat_id, "before")
    await member.message("before")
    cleared = await member.rpc("clearHistory", {"id": chat_id})
    assert cleared["clearedHistories"][0]["chatId"] == chat_id and cleared["chats"][0]["lastMessage"] is None
    await owner.rpc("sendOneToOneMessage", {"id": member.public_key, "message": "old"})
    await member.message("old")
    closed = await member.rpc("deactivateChat", {"id": owner.public_key, "preserveHistory": True})
    assert closed["chats"][0]["active"] is False
    assert owner.public_key not in [chat["id"] for chat in await member.rpc("activeChats")]
    await owner.rpc("sendOneToOneMessage", {"id": member.public_key, "message": "are you there?"})
    await member.message("are you there?")
    assert await member.history(owner.public_key) == ["are you there?", "old"]
    assert [chat["id"] for chat in await member.rpc("chatsPreview", 2)] == [owner.public_key]
    await say(owner, chat_id, "after")
    await member.message("after")
    assert await member.history(chat_id) == ["after"]


async def test_status(new_node):
    alice, bob = await new_node("alice"), await new_node("bob")
    await bob.rpc("sendContactRequest", {"id": alice.public_key, "message": "hi"})
    await bob.in_step()
    await alice.rpc("setUserStatus", 2, "do not disturb")
    event = await bob.wait("messages.new", lambda event: "statusUpdates" in event)
    expected = {"publicKey": alice.public_key, "statusType": 2, "text": "do not disturb"}
    assert event["statusUpdates"][0].items() >= expected.items()
    assert (await bob.rpc("statusUpdates"))["statusUpdates"] == event["statusUpdates"]
    assert "unknown status type" in (await alice.ask("setUserStatus", 77, ""))["error"]["message"]


async def chat_of(node, chat_id):
    return next(chat for chat in await node.rpc("chats") if chat["id"] == chat_id)


async def test_marks_of_what_the_store_was_asked_for(owner_and_member):
    _, member, _, chat_id = owner_and_member
    event = await member.wait("messages.new", lambda e: any("syncedTo" in c for c in e.get("chats", [])))
    assert [chat["id"] for chat in event["chats"] if "syncedTo" in chat] == [chat_id]
    first = await chat_of(member, chat_id)
    now, month = time.time(), 30 * 24 * 3600
    assert first["syncedFrom"] < now - month + 60 < now - 60 < first["syncedTo"] <= now
    await member.stop()
    member.signals.clear()
    await member.start()
    again = await chat_of(member, chat_id)
    assert again["syncedFrom"] == first["syncedFrom"] and again["syncedTo"] >= first["syncedTo"]
    told = [s for s in member.signals if s["type"] == "messages.new" and s["event"].get("chats")]
    assert not told, "only a history that begins earlier is news"


async def test_a_member_knows_when_the_first_message_was_written(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    assert (await chat_of(member, chat_id))["firstMessageTimestamp"] == 1
    await member.rpc("sendChatMessage", {"chatId": chat_id, "text": "first", "contentType": 1})
    await owner.message("first")
    known = (await chat_of(owner, chat_id))["firstMessageTimestamp"]
    assert abs(known - time.time()) < 60
    await member.wait("messages.new", lambda e: any(c["firstMessageTimestamp"] == known for c in e.get("chats", [])))
    # One that was written earlier comes later.
    chat = owner.messenger.chats._chats.get(chat_id)
    with owner.messenger._context.work() as response:
        assert owner.messenger.communities.first_message(response, chat, known + 5) == chat
        owner.messenger.communities.first_message(response, chat, known - 5)
    await member.wait(
        "messages.new", lambda e: any(c["firstMessageTimestamp"] == known - 5 for c in e.get("chats", []))
    )
    assert (await chat_of(owner, chat_id))["firstMessageTimestamp"] == known - 5
