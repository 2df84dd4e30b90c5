"""Asking for addresses and transactions, and answering."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

VALUE, CONTRACT, ADDRESS, HASH = "2000", "0x" + "c0" * 20, "0x" + "ad" * 20, "0x" + "1a" * 32


@pytest.fixture
async def pair(new_node):
    alice, bob = await new_node("alice"), await new_node("bob")
    await alice.rpc("sendOneToOneMessage", {"id": bob.public_key, "message": "hello"})
    await bob.message("hello")
    return alice, bob


async def asked(alice, bob, method, *params):
    """Alice asks; the message as each has it."""
    (sent,) = (await alice.rpc(method, bob.public_key, *params))["messages"]
    received = await bob.message(sent["text"])
    assert (sent["id"], sent["contentType"]) == (received["id"], 5)
    assert (received["from"], received["chatId"], received["seen"]) == (alice.public_key, alice.public_key, False)
    assert sent["commandParameters"]["id"] == received["commandParameters"]["id"] == sent["id"]
    return sent, received


async def answered(alice, bob, method, *params):
    """Bob answers; the message as each has it, in place of the one before."""
    (sent,) = (await bob.rpc(method, *params))["messages"]
    received = await alice.message(sent["text"])
    assert received["id"] == sent["id"] and received["replace"] == sent["replace"]
    for node, other in ((alice, bob), (bob, alice)):
        assert await node.history(other.public_key) == [sent["text"], "hello"]
    return sent, received


async def test_an_address_is_asked_for_and_given(pair):
    sent, received = await asked(*pair, "requestAddressForTransaction", ADDRESS, VALUE, CONTRACT)
    assert sent["text"] == "Request address for transaction" and sent["outgoingStatus"] == "sending"
    assert sent["commandParameters"] == {
        "id": sent["id"],
        "from": ADDRESS,
        "address": "",
        "contract": CONTRACT,
        "value": VALUE,
        "transactionHash": "",
        "commandState": 1,
        "signature": None,
    }
    assert received["commandParameters"] == {**sent["commandParameters"], "from": ""}  # that is not told
    answer, known = await answered(*pair, "acceptRequestAddressForTransaction", sent["id"], ADDRESS)
    assert answer["replace"] == sent["id"] and answer["text"] == "Request address for transaction accepted"
    assert (known["commandParameters"]["commandState"], known["commandParameters"]["address"]) == (3, ADDRESS)
    again = await pair[1].ask("acceptRequestAddressForTransaction", sent["id"], ADDRESS)
    assert again["error"]["message"] == "record not found"


async def test_an_address_is_declined(pair):
    sent, _ = await asked(*pair, "requestAddressForTransaction", ADDRESS, VALUE, CONTRACT)
    answer, known = await answered(*pair, "declineRequestAddressForTransaction", sent["id"])
    assert answer["text"] == "Request address for transaction declined"
    assert known["commandParameters"]["commandState"] == 2


async def test_a_transaction_is_declined(pair):
    sent, received = await asked(*pair, "requestTransaction", VALUE, CONTRACT, ADDRESS)
    assert sent["text"] == "Request transaction" and received["commandParameters"] == sent["commandParameters"]
    answer, known = await answered(*pair, "declineRequestTransaction", sent["id"])
    assert answer["text"] == "Transaction request declined" and known["commandParameters"]["commandState"] == 5


async def test_a_transaction_is_sent(pair):
    alice, bob = pair
    sent, _ = await asked(alice, bob, "requestTransaction", VALUE, CONTRACT, ADDRESS)
    (answer,) = (await bob.rpc("acceptRequestTransaction", HASH, sent["id"], "0x01ff"))["messages"]
    assert answer["text"] == "Transaction sent" and answer["replace"] == sent["id"]
    told = answer["commandParameters"]
    assert (told["transactionHash"], told["commandState"], told["signature"]) == (HASH, 7, "Af8=")
    (unasked,) = (await bob.rpc("sendTransaction", alice.public_key, VALUE, CONTRACT, HASH, "0x01"))["messages"]
    assert unasked["commandParameters"]["value"] == VALUE
    await bob.rpc("sendOneToOneMessage", {"id": alice.public_key, "message": "done"})
    await alice.message("done")  # what was sent before it is not shown: nobody has looked at the chain
    assert await alice.history(bob.public_key) == ["done", "Request transaction", "hello"]
    assert (await alice.rpc("droppedMessages")).keys() <= {"replayed"}


async def test_refused(pair, new_node):
    alice, bob = pair
    sent, _ = await asked(alice, bob, "requestTransaction", VALUE, CONTRACT, ADDRESS)
    created = await alice.rpc("createCommunity", {"name": "a", "description": "b", "color": "c", "membership": 1})
    channel = created["chats"][0]["id"]
    for node, method, params, error in (
        (alice, "requestTransaction", ("nope", VALUE, CONTRACT, ADDRESS), "Chat not found"),
        (alice, "requestTransaction", (channel, VALUE, CONTRACT, ADDRESS), "Need to be a one-to-one chat"),
        (alice, "declineRequestTransaction", (sent["id"],), "record not found"),  # its own
        (bob, "declineRequestAddressForTransaction", (sent["id"],), "record not found"),  # of another kind
        (bob, "declineRequestTransaction", ("0x01",), "record not found"),
        (bob, "acceptRequestTransaction", (HASH, sent["id"], "0xzz"), "invalid signature"),
    ):
        assert (await node.ask(method, *params))["error"]["message"].startswith(error), (method, params)
