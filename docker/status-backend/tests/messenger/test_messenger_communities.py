"""Two nodes: create, find, join, talk."""

from __future__ import annotations

import pytest

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
