"""Bans that take with them all that the banned one wrote."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def say(node, chat_id, text):
    await node.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})


async def test_all_that_was_written_goes_everywhere(owner_and_member, new_node, join_community):
    owner, spammer, community_id, chat_id = owner_and_member
    reader = await new_node("reader")
    await join_community(owner, reader, community_id)
    await say(owner, chat_id, "before")
    for text in ("spam", "more spam"):
        await say(spammer, chat_id, text)
        await owner.message(text)
        await reader.message(text)
    archive = owner.raw()
    assert len(archive) == 3
    request = {"communityId": community_id, "user": spammer.public_key, "deleteAllMessages": True}
    answer = await owner.rpc("banUserFromCommunity", request)
    assert len(answer["removedMessages"]) == 2
    assert answer["communities"][0]["pendingAndBannedMembers"] == {spammer.public_key: 4}
    (chat,) = [chat for chat in answer["chats"] if chat["id"] == chat_id]
    assert chat["lastMessage"]["text"] == "before" and chat["unviewedMessagesCount"] == 0
    for node in (reader, spammer):
        await node.wait("messages.new", lambda e: len(e.get("removedMessages", [])) == 2)
    for node in (owner, reader):
        assert await node.history(chat_id) == ["before"]
    assert len(owner.raw()) == 1, "it is in no archive to come"
    # Nor does an older archive bring it back: not to who had it, not to who comes late.
    late = await new_node("late")
    await join_community(owner, late, community_id)
    for node in (reader, late):
        await node.messenger.handle_archived(community_id, archive)
        assert await node.history(chat_id) == ["before"]
    assert late.messenger.dropped["banned"] >= 2


async def test_a_ban_without_it_and_its_end(owner_and_member, join_community):
    owner, member, community_id, chat_id = owner_and_member
    await say(member, chat_id, "mild")
    await owner.message("mild")
    user = {"communityId": community_id, "user": member.public_key}
    answer = await owner.rpc("banUserFromCommunity", user)
    assert answer["communities"][0]["pendingAndBannedMembers"] == {member.public_key: 0}
    assert await owner.history(chat_id) == ["mild"]
    assert "removedMessages" not in answer
    # The ban grows harder, and ends: what is gone stays gone, and what is written then is heard.
    await owner.rpc("banUserFromCommunity", {**user, "deleteAllMessages": True})
    assert await owner.history(chat_id) is None
    answer = await owner.rpc("unbanUserFromCommunity", user)
    assert answer["communities"][0]["pendingAndBannedMembers"] == {}
    await owner.in_step()
    await member.wait("messages.new", lambda e: any(c["canRequestAccess"] for c in e.get("communities", [])))
    member.signals.clear()
    await join_community(owner, member, community_id)
    await say(member, chat_id, "sorry")
    await owner.message("sorry")
    assert await owner.history(chat_id) == ["sorry"]


async def test_a_wrong_type_is_refused(owner_and_member):
    owner, member, community_id, _ = owner_and_member
    request = {"communityId": community_id, "user": member.public_key, "deleteAllMessages": "yes"}
    assert (await owner.ask("banUserFromCommunity", request))["error"]["code"] == -32602
    assert len((await owner.rpc("communities"))[0]["members"]) == 2
