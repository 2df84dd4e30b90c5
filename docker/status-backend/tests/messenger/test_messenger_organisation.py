"""How a community is laid out and run: categories, order of channels, roles, kicking and banning."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def community(lonely):
    """A node, the id of a community of its own, and the ids of its three channels."""
    created = await lonely.rpc(
        "createCommunity", {"name": "a", "description": "b", "color": "#887af9", "membership": 3}
    )
    community_id, chats = created["communities"][0]["id"], [created["chats"][0]["id"]]
    for name in ("second", "third"):
        channel = {"identity": {"display_name": name}, "permissions": {"access": 1}}
        chats.append((await lonely.rpc("createCommunityChat", community_id, channel))["chats"][0]["id"])
    return lonely, community_id, [chat.removeprefix(community_id) for chat in chats]


async def test_categories(community):
    node, community_id, (general, second, third) = community
    request = {"communityId": community_id, "categoryName": "talk", "chatIds": [third, second]}
    created = await node.rpc("createCommunityCategory", request)
    ((id_, category),) = created["communities"][0]["categories"].items()
    assert category == {"id": id_, "name": "talk", "position": 0}
    assert created["communityChanges"][0]["categoriesAdded"][id_] == {"category_id": id_, "name": "talk"}
    chats = created["communities"][0]["chats"]
    assert [(chats[c]["categoryID"], chats[c]["position"]) for c in (general, third, second)] == [
        ("", 0),
        (id_, 0),
        (id_, 1),
    ]
    other = await node.rpc("createCommunityCategory", {**request, "categoryName": "more", "chatIds": []})
    other_id = next(key for key in other["communities"][0]["categories"] if key != id_)
    moved = await node.rpc("reorderCommunityCategories", {**request, "categoryId": other_id, "position": 0})
    assert list(moved["communities"][0]["categories"]) == [other_id, id_]
    edited = await node.rpc("editCommunityCategory", {**request, "categoryId": id_, "chatIds": [second]})
    assert edited["communities"][0]["chats"][third]["categoryID"] == ""
    deleted = await node.rpc("deleteCommunityCategory", {"communityId": community_id, "categoryId": id_})
    assert list(deleted["communities"][0]["categories"]) == [other_id]
    assert deleted["communities"][0]["chats"][second]["categoryID"] == ""
    assert deleted["communityChanges"][0]["categoriesRemoved"] == [id_]
    for method, wrong, text in (
        ("createCommunityCategory", {"categoryName": ""}, "invalid category name"),
        ("createCommunityCategory", {"chatIds": ["nope"]}, "chat not found"),
        ("editCommunityCategory", {"categoryId": "nope"}, "category not found"),
        ("createCommunityCategory", {"communityId": "0x02"}, "community not found"),
        ("createCommunityCategory", {"chatIds": [1]}, "cannot unmarshal number into Go struct field"),
    ):
        assert text in (await node.ask(method, {**request, **wrong}))["error"]["message"]


async def test_order_of_channels(community):
    node, community_id, (general, second, third) = community
    request = {"communityId": community_id, "categoryId": "", "chatId": community_id + third, "position": 0}
    chats = (await node.rpc("reorderCommunityChat", request))["communities"][0]["chats"]
    assert list(chats) == [third, general, second]
    assert [chat["position"] for chat in chats.values()] == [0, 1, 2]


async def test_roles(owner_and_member):
    owner, member, community_id, _ = owner_and_member
    request = {"communityId": community_id, "user": member.public_key, "role": 4}
    await owner.rpc("addRoleToMember", request)
    await member.wait("messages.new", lambda e: e.get("communities", [{}])[0].get("memberRole") == 4)
    assert (await member.rpc("communities"))[0]["canManageUsers"] is True
    await owner.rpc("removeRoleFromMember", request)
    assert (await owner.rpc("communities"))[0]["members"][member.public_key].get("roles") is None
    for wrong, text in (({"role": 1}, "invalid role"), ({"user": "0x04"}, "member not found")):
        assert text in (await owner.ask("addRoleToMember", {**request, **wrong}))["error"]["message"]


async def test_ban_and_unban(owner_and_member):
    owner, member, community_id, _ = owner_and_member
    banned = await owner.rpc("banUserFromCommunity", {"communityId": community_id, "user": member.public_key})
    assert member.public_key in banned["communities"][0]["pendingAndBannedMembers"]
    event = await member.wait("messages.new", lambda e: e.get("activityCenterNotifications", [{}])[0].get("type") == 23)
    assert event["communities"][0]["pendingAndBannedMembers"] == {member.public_key: 0}
    assert event["communities"][0]["joined"] is False
    await owner.rpc("unbanUserFromCommunity", {"communityId": community_id, "user": member.public_key})
    assert (await owner.rpc("communities"))[0]["pendingAndBannedMembers"] == {}
