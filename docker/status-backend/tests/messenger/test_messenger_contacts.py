"""One-to-one messages and contact requests."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pair(new_node):
    return await new_node("alice"), await new_node("bob")


def contact(event: dict, key: str) -> dict | None:
    return next((contact for contact in event.get("contacts", []) if contact["id"] == key), None)


async def test_one_to_one_message(pair):
    alice, bob = pair
    sent = await alice.rpc("sendOneToOneMessage", {"id": bob.public_key, "message": "psst"})
    assert sent["chats"][0]["id"] == bob.public_key and sent["chats"][0]["chatType"] == 1
    assert sent["chats"][0]["name"] == bob.public_key[:8] and sent["chats"][0]["members"] is None
    received = await bob.message("psst")
    assert received["id"] == sent["messages"][0]["id"]
    assert (received["chatId"], received["messageType"]) == (alice.public_key, 1)
    await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "what?"})
    await alice.message("what?")
    assert await alice.history(bob.public_key) == await bob.history(alice.public_key) == ["what?", "psst"]


async def test_contact_request_accepted(pair):
    alice, bob = pair
    sent = await alice.rpc("sendContactRequest", {"id": bob.public_key, "message": "hello"})
    request_id = sent["messages"][0]["id"]
    assert sent["messages"][0]["contentType"] == 11 and sent["contacts"][0]["contactRequestState"] == 2
    event = await bob.wait("messages.new", lambda event: contact(event, alice.public_key))
    assert contact(event, alice.public_key)["displayName"] == "alice"
    assert event["messages"][0]["id"] == request_id and event["messages"][0]["contactRequestState"] == 1
    assert (await bob.rpc("getLatestContactRequestForContact", alice.public_key))["id"] == request_id
    accepted = await bob.rpc("acceptContactRequest", {"id": request_id})
    assert contact(accepted, alice.public_key)["mutual"] is True
    event = await alice.wait("messages.new", lambda e: (contact(e, bob.public_key) or {}).get("mutual"))
    assert event["messages"][0]["contactRequestState"] == 2
    assert [c["mutual"] for c in await alice.rpc("contacts")] == [True]
    await alice.rpc("retractContactRequest", {"id": bob.public_key})
    await bob.wait("messages.new", lambda e: (contact(e, alice.public_key) or {"active": True})["active"] is False)


async def test_contact_request_declined(pair):
    alice, bob = pair
    await alice.rpc("addContact", {"id": bob.public_key, "nickname": "bobby"})
    await bob.wait("messages.new", lambda event: contact(event, alice.public_key))
    declined = await bob.rpc("dismissLatestContactRequestForContact", {"id": alice.public_key})
    assert declined["messages"][0]["contactRequestState"] == 3
    assert [c["mutual"] for c in await bob.rpc("contacts")] == [False]
    assert [c["localNickname"] for c in await alice.rpc("contacts")] == ["bobby"]


async def test_refused(pair):
    alice, bob = pair
    for method, params, text in (
        ("sendContactRequest", {"id": "0x04", "message": "x"}, "invalid contact id"),
        ("sendContactRequest", {"id": alice.public_key, "message": "x"}, "oneself"),
        ("sendContactRequest", {"id": bob.public_key, "message": ""}, "invalid message"),
        ("acceptContactRequest", {"id": "0x00"}, "record not found"),
    ):
        assert text in (await alice.ask(method, params))["error"]["message"]


async def test_who_says_something_is_known_by_name(owner_and_member):
    owner, member, _, chat_id = owner_and_member
    event = await owner.wait("messages.new", lambda event: contact(event, member.public_key))
    assert contact(event, member.public_key)["customizationColor"] == "primary"  # from its request to join
    for name in ("owner", "owner the second"):
        owner.session.settings.set("display-name", name)
        await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": f"I am {name}", "contentType": 1})
        await member.message(f"I am {name}")
        (known,) = await member.rpc("contacts")
        assert (known["primaryName"], known["added"], known["hasAddedUs"]) == (name, False, False)
    assert [c["displayName"] for c in await owner.rpc("contacts")] == ["member"]  # and not itself


async def test_contacts_are_told_of_a_new_name(pair, new_node):
    (alice, bob), stranger = pair, await new_node("stranger")
    sent = await alice.rpc("sendContactRequest", {"id": bob.public_key, "message": "hello"})
    await bob.wait("messages.new", lambda event: contact(event, alice.public_key))
    await bob.rpc("acceptContactRequest", {"id": sent["messages"][0]["id"]})
    await alice.wait("messages.new", lambda e: (contact(e, bob.public_key) or {}).get("mutual"))
    bob.session.settings.set("display-name", "robert")
    bob.session.account["customizationColor"] = "army"
    for changed in bob.session.profile_changed:
        changed()
    event = await alice.wait(
        "messages.new", lambda e: (contact(e, bob.public_key) or {}).get("displayName") == "robert"
    )
    told = contact(event, bob.public_key)
    assert (told["primaryName"], told["customizationColor"], told["mutual"]) == ("robert", "army", True)
    assert await stranger.rpc("contacts") == []
