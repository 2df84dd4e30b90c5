"""Private group chats, and the acknowledgements that tell an author that a message has arrived."""

from __future__ import annotations

import pytest

from status_backend.messenger import group
from status_backend.protocol import application, ids
from status_backend.protocol.application import Type
from status_backend.protocol.chat_message_pb2 import PRIVATE_GROUP, ChatMessage
from status_backend.protocol.membership_update_message_pb2 import MembershipUpdateEvent, MembershipUpdateMessage
from status_backend.transport.filters import Filter

pytestmark = pytest.mark.anyio


async def befriend(one, other) -> None:
    request = (await one.rpc("sendContactRequest", {"id": other.public_key, "message": "hi"}))["messages"][0]
    await other.message("hi")
    await other.rpc("acceptContactRequest", {"id": request["id"]})
    await one.wait("messages.new", lambda e: any(_mutual(c, other) for c in e.get("contacts", [])))


def _mutual(contact: dict, other) -> bool:
    return contact["id"] == other.public_key and contact["mutual"]


@pytest.fixture
async def three(new_node):
    """Alice is a contact of both others."""
    alice, bob, carol = [await new_node(name) for name in ("alice", "bob", "carol")]
    await befriend(alice, bob)
    await befriend(alice, carol)
    return alice, bob, carol


@pytest.fixture
async def group_of_three(three):
    alice, bob, carol = three
    created = await alice.rpc("createGroupChatWithMembers", None, "friends", [bob.public_key, carol.public_key])
    chat_id = created["chats"][0]["id"]
    for member in (bob, carol):
        await member.wait("messages.new", lambda e: any(chat["id"] == chat_id for chat in e.get("chats", [])))
    return alice, bob, carol, chat_id


def texts(response: dict) -> list[str]:
    return [message["text"] for message in response["messages"]]


async def test_create_and_talk(group_of_three):
    alice, bob, carol, chat_id = group_of_three
    chat = await carol.rpc("chat", chat_id)
    assert (chat["chatType"], chat["name"], chat["active"]) == (3, "friends", True)
    assert {(m["id"], m["admin"]) for m in chat["members"]} == {
        (alice.public_key, True),
        (bob.public_key, False),
        (carol.public_key, False),
    }
    created = await bob.message(f"@{alice.public_key} created the group friends")
    assert created["contentType"] == 6
    assert created["id"] in [m["id"] for m in (await alice.rpc("chatMessages", chat_id, "", 10))["messages"]]
    sent = await bob.rpc("sendGroupChatMessage", {"id": chat_id, "message": "hello all"})
    for other in (alice, carol):
        received = await other.message("hello all")
        assert (received["id"], received["chatId"]) == (sent["messages"][0]["id"], chat_id)
        assert received["messageType"] == 3
    delivered = await bob.wait("message.delivered", lambda e: e["messageID"] == received["id"])
    assert delivered == {"chatID": chat_id, "messageID": received["id"]}
    assert (await bob.rpc("messageByMessageID", received["id"]))["outgoingStatus"] == "delivered"


async def test_one_to_one_message_is_delivered(three):
    alice, bob, _ = three
    sent = (await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "psst"}))["messages"][0]
    await bob.wait("message.delivered", lambda e: e == {"chatID": alice.public_key, "messageID": sent["id"]})
    await bob.rpc("reSendChatMessage", sent["id"])
    await alice.in_step()
    assert (await alice.history(bob.public_key)).count("psst") == 1


async def test_change_and_leave(group_of_three):
    alice, bob, carol, chat_id = group_of_three
    renamed = await alice.rpc("changeGroupChatName", None, chat_id, "foes")
    assert texts(renamed) == [f"@{alice.public_key} changed the group's name to foes"]
    await bob.message(texts(renamed)[0])
    assert (await bob.rpc("chat", chat_id))["name"] == "foes"
    await alice.rpc("addAdminsToGroupChat", None, chat_id, [bob.public_key])
    await bob.message(f"@{alice.public_key} has made @{bob.public_key} admin")
    await bob.rpc("removeMembersFromGroupChat", None, chat_id, [carol.public_key])
    await carol.message(f"@{carol.public_key} left the group")
    refused = await carol.ask("sendGroupChatMessage", {"id": chat_id, "message": "still here?"})
    assert "can't post" in refused["error"]["message"]
    await alice.message(f"@{carol.public_key} left the group")
    await alice.rpc("addMembersToGroupChat", None, chat_id, [carol.public_key])
    await carol.message(f"@{alice.public_key} has added @{carol.public_key}")
    left = await bob.rpc("leaveGroupChat", None, chat_id, True)
    assert left["chats"][0]["active"] is False
    await alice.message(f"@{bob.public_key} left the group")
    assert [m["id"] for m in (await alice.rpc("chat", chat_id))["members"]] == [alice.public_key, carol.public_key]


async def test_refused(group_of_three):
    alice, bob, carol, chat_id = group_of_three
    for node, method, params, text in (
        (bob, "createGroupChatWithMembers", (None, "x", [carol.public_key]), "not mutual contacts"),
        (bob, "removeMembersFromGroupChat", (None, chat_id, [alice.public_key]), "not allowed"),
        (bob, "addAdminsToGroupChat", (None, chat_id, [bob.public_key]), "not allowed"),
        (alice, "changeGroupChatName", (None, chat_id, " "), "invalid name"),
        (alice, "leaveGroupChat", (None, "nope", True), "Chat not found"),
        (alice, "confirmJoiningGroup", (None, bob.public_key), "not a private group"),
        (alice, "createGroupChatWithMembers", (None, 5, []), "invalid argument 1"),
    ):
        assert text in (await node.ask(method, *params))["error"]["message"]


async def test_an_invitation_of_a_stranger_waits(new_node, three):
    alice, bob, carol = three
    await bob.rpc("removeContact", alice.public_key)
    # Alice has not heard of it yet, or does not care.
    alice.session.db.execute("UPDATE contacts SET local_state = 2, remote_state = 3")
    created = await alice.rpc("createGroupChatWithMembers", None, "come in", [bob.public_key])
    chat_id = created["chats"][0]["id"]
    event = await bob.wait("messages.new", lambda e: any(c["id"] == chat_id for c in e.get("chats", [])))
    assert (await bob.rpc("chat", chat_id))["active"] is False
    assert event["activityCenterNotifications"][0]["type"] == 2
    joined = await bob.rpc("confirmJoiningGroup", None, chat_id)
    assert joined["chats"][0]["active"] is True


async def test_forged_changes_have_no_effect(group_of_three, new_node):
    """A stranger who knows the chat id, and a member who claims what only an admin may do."""
    alice, bob, carol, chat_id = group_of_three
    mallory = await new_node("mallory")
    known = [event.raw for event in alice.messenger.groups._store.get(chat_id).events]
    clock = alice.messenger.groups._store.get(chat_id).clock + 1

    def post(by, event: MembershipUpdateEvent, text: str = "") -> None:
        event.clock = clock
        events = [*known, group.sign(chat_id, event, by.key)]
        body = MembershipUpdateMessage(chat_id=chat_id, events=events)
        if text:
            body.message.CopyFrom(
                ChatMessage(
                    chat_id=chat_id, text=text, clock=clock, content_type=1, message_type=PRIVATE_GROUP, timestamp=clock
                )
            )
        wrapped = application.wrap(body.SerializeToString(), Type.MEMBERSHIP_UPDATE_MESSAGE, by.key)
        mailbox = Filter(ids.contact_chat_id(alice.public_key))
        mallory.messenger.transport.send_private(mailbox, alice.key.public_key, wrapped, by.key)

    post(mallory, MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBERS_ADDED, members=[mallory.public_key]), "hi")
    post(bob, MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBER_REMOVED, members=[carol.public_key]))
    post(bob, MembershipUpdateEvent(type=MembershipUpdateEvent.MEMBERS_ADDED, members=["0x04"]))
    await mallory.in_step()
    await bob.rpc("sendGroupChatMessage", {"id": chat_id, "message": "after that"})
    await alice.message("after that")
    assert [m["id"] for m in (await alice.rpc("chat", chat_id))["members"]] == [
        alice.public_key,
        bob.public_key,
        carol.public_key,
    ]
    assert (await alice.rpc("droppedMessages")).items() >= {"not a member": 1, "replayed": 2}.items()
    assert "hi" not in (await alice.history(chat_id))
