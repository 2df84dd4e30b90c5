"""What the messenger does for the history archives."""

from __future__ import annotations

import time

import pytest

from status_backend.protocol import ids
from status_backend.protocol.waku_archive_pb2 import WakuMessage

pytestmark = pytest.mark.anyio


async def talk(owner, member, chat_id: str) -> None:
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "from the owner", "contentType": 1})
    await member.message("from the owner")
    await member.rpc("sendChatMessage", {"chatId": chat_id, "text": "from the member", "contentType": 1})
    await owner.message("from the member")


async def test_raw_messages_are_kept_by_the_control_node_only(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    assert owner.raw() == []  # descriptions and requests are no content
    await talk(owner, member, chat_id)
    await owner.messenger.publish_index_cid(community_id, "zDvIndex", time.time_ns() // 1_000_000)
    await member.archives.wait("index", community_id, "zDvIndex")
    kept = owner.raw()
    assert {bytes(message.sig) for message in kept} == {ids.from_hex(owner.public_key), ids.from_hex(member.public_key)}
    assert {bytes(message.topic) for message in kept} == {ids.topic(chat_id)} and len(kept) == 2
    assert ids.topic(chat_id) in owner.messenger.archive_topics(community_id)
    assert member.raw() == []
    await owner.stop()
    await owner.start()
    assert owner.raw() == kept


async def test_archived_messages_are_received_once(owner_and_member, new_node, join_community):
    owner, member, community_id, chat_id = owner_and_member
    await talk(owner, member, chat_id)
    archive = owner.raw()
    late = await new_node("late")
    await join_community(owner, late, community_id)
    late.session.db.execute("DELETE FROM user_messages")  # as if the store had forgotten them
    assert (await late.rpc("chatMessages", chat_id, "", 10)) == {"messages": None, "cursor": ""}
    late.signals.clear()
    await late.messenger.handle_archived(community_id, archive)
    await late.messenger.handle_archived(community_id, archive)
    assert sorted(await late.history(chat_id)) == ["from the member", "from the owner"]
    await late.wait("messages.new", lambda event: len(event.get("messages", [])) == 2)
    assert len([signal for signal in late.signals if signal["event"].get("messages")]) == 1
    assert late.messenger.dropped["replayed"] >= 2
    assert late.raw() == []


async def test_archive_outlives_its_authors_membership(owner_and_member, new_node, join_community):
    owner, member, community_id, chat_id = owner_and_member
    await talk(owner, member, chat_id)
    owner.signals.clear()
    await member.rpc("leaveCommunity", community_id)
    await owner.wait("messages.new", lambda event: len(event["communities"][0]["members"]) == 1)
    late = await new_node("late")
    await join_community(owner, late, community_id)
    await late.messenger.handle_archived(community_id, owner.raw())
    assert "from the member" in await late.history(chat_id)


async def test_forged_archive(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    await talk(owner, member, chat_id)
    message = next(m for m in owner.raw() if bytes(m.sig) == ids.from_hex(owner.public_key))
    member.session.db.execute("DELETE FROM user_messages")
    wrong_author = WakuMessage(sig=ids.from_hex(member.public_key), topic=message.topic, payload=message.payload)
    wrong_author.timestamp = message.timestamp
    damaged = WakuMessage(sig=message.sig, topic=message.topic, payload=b"\x00" + message.payload)
    description = owner.messenger.communities.get(community_id).signed
    no_content = WakuMessage(sig=ids.from_hex(community_id), topic=ids.topic(community_id), payload=description)
    await member.messenger.handle_archived(community_id, [wrong_author, damaged, no_content])
    assert await member.history(chat_id) is None
    assert member.messenger.dropped["forged"] + member.messenger.dropped["malformed"] == 3


async def test_new_member_learns_the_index_cid(owner_and_member, new_node, join_community):
    owner, member, community_id, chat_id = owner_and_member
    clock_ms = time.time_ns() // 1_000_000
    owner.archives.index = ("zDvIndex", clock_ms)
    late = await new_node("late")
    await join_community(owner, late, community_id)
    await late.archives.wait("index", community_id, "zDvIndex", clock_ms)
    assert ("joined", community_id) in late.archives.told
    assert late.archives.told.index(("joined", community_id)) < late.archives.told.index(
        ("index", community_id, "zDvIndex", clock_ms)
    )


async def test_announcement_found_at_login(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    await member.stop()
    clock_ms = time.time_ns() // 1_000_000
    await owner.messenger.publish_index_cid(community_id, "zDvIndex", clock_ms)
    await owner.in_step()
    await member.start()
    await member.archives.wait("index", community_id, "zDvIndex", clock_ms)
    await member.archives.wait("clock", community_id, clock_ms)


async def test_magnet_link_by_announcement_and_by_answer(owner_and_member, new_node, join_community):
    owner, member, community_id, chat_id = owner_and_member
    link, clock_ms = f"magnet:?xt=urn:btih:{'ab' * 20}", time.time_ns() // 1_000_000
    await owner.messenger.publish_magnet_link(community_id, link, clock_ms)
    await member.archives.wait("magnet", community_id, link, clock_ms)
    await member.archives.wait("magnet clock", community_id, clock_ms)
    owner.archives.magnet = (link, clock_ms)
    late = await new_node("late")
    await join_community(owner, late, community_id)
    await late.archives.wait("magnet", community_id, link, clock_ms)
    assert owner.raw() == []


async def test_republished_description_has_nothing_new_for_those_who_know(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    before = (await member.rpc("communities"))[0]["clock"]
    await owner.messenger.republish(community_id)
    await talk(owner, member, chat_id)
    assert (await member.rpc("communities"))[0]["clock"] >= before
    assert owner.messenger.is_control_node(community_id) and not member.messenger.is_control_node(community_id)
    assert member.messenger.is_joined(community_id) and member.messenger.archive_support_enabled(community_id)
    assert owner.messenger.controlled_communities() == [community_id]


async def test_settings_are_told(lonely):
    request = {"name": "n", "description": "d", "color": "#000", "membership": 3, "historyArchiveSupportEnabled": True}
    created = await lonely.rpc("createCommunity", request)
    community_id = created["communities"][0]["id"]
    await lonely.rpc("editCommunity", {**request, "communityId": community_id, "historyArchiveSupportEnabled": False})
    await lonely.rpc("leaveCommunity", community_id)
    assert [notice[0] for notice in lonely.archives.told] == ["created", "settings", "left"]
    assert not lonely.messenger.archive_support_enabled(community_id)
