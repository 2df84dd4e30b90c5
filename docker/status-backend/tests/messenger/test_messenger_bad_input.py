"""Bad input from the network, case by case; test_messenger_fuzz.py finds the cases that nobody thought of."""

from __future__ import annotations

import time

import pytest
from coincurve import PrivateKey

from status_backend.protocol import application, ids
from status_backend.protocol.application import Type
from status_backend.protocol.chat_message_pb2 import COMMUNITY_CHAT, ONE_TO_ONE, ChatMessage
from status_backend.protocol.communities_pb2 import CommunityRequestToJoin, RevealedAccount
from status_backend.protocol.payload import Decoded
from status_backend.protocol.waku_archive_pb2 import WakuMessage
from status_backend.protocol.waku_message import Envelope
from status_backend.transport.filters import OPEN_SHARD, Filter
from status_backend.transport.transport import Received

pytestmark = pytest.mark.anyio

COMMUNITY = {"name": "a", "description": "b", "color": "#887af9", "membership": 3}
YEAR = 365 * 24 * 3600
PERSON = PrivateKey()


@pytest.fixture
async def community(lonely):
    created = await lonely.rpc("createCommunity", COMMUNITY)
    return created["communities"][0]["id"], created["chats"][0]["id"]


def receive(node, filter_, body, type_, key=PERSON, at=None):
    wrapped = application.wrap(body.SerializeToString(), type_, key)
    envelope = Envelope("", filter_.content_topic, b"sealed", int((time.time() if at is None else at) * 10**9))
    node.messenger._inbox.receive([Received(filter_, envelope, Decoded(wrapped, b"", None))])
    return dict(node.messenger.dropped)


def said(chat_id, text, at, type_=COMMUNITY_CHAT):
    when = int(at * 1000)
    return ChatMessage(clock=when, timestamp=when, text=text, chat_id=chat_id, message_type=type_, content_type=1)


def to_join(node, community_id):
    key = node.messenger.communities.get(community_id).private_key
    return Filter(ids.request_chat_id(community_id), OPEN_SHARD, key)


def mailbox(node):
    return Filter(ids.contact_chat_id(node.public_key), private_key=node.key)


@pytest.mark.parametrize(
    ("clock", "envelope"),
    [(100 * YEAR, 100 * YEAR), (0, 100 * YEAR), (100 * YEAR, 0), (300, 0), (0, -60 * YEAR)],
    ids=[
        "both ahead",
        "its envelope ahead",
        "ahead of its envelope",
        "five minutes ahead",
        "sent before it was written",
    ],
)
async def test_clocks_that_cannot_be(lonely, clock, envelope):
    """They would be the newest for ever, and make us write what nobody accepts."""
    now = time.time()
    body = said(lonely.public_key, "from nowhen", now + clock, ONE_TO_ONE)
    dropped = receive(lonely, mailbox(lonely), body, Type.CHAT_MESSAGE, at=max(now + envelope, 0))
    assert dropped == {"malformed": 1}
    assert await lonely.rpc("chats") is None


async def test_an_old_message_is_no_bad_one(lonely):
    body = said(lonely.public_key, "long ago", time.time() - 5 * YEAR, ONE_TO_ONE)
    assert receive(lonely, mailbox(lonely), body, Type.CHAT_MESSAGE, at=time.time() - 5 * YEAR) == {}
    (chat,) = await lonely.rpc("chats")
    assert chat["lastMessage"]["text"] == "long ago"


async def test_requests_to_join_that_are_none(lonely, community):
    community_id, _ = community
    named = {"community_id": ids.from_hex(community_id)}
    request = CommunityRequestToJoin(clock=2**62, **named)
    kind = Type.COMMUNITY_REQUEST_TO_JOIN
    assert receive(lonely, to_join(lonely, community_id), request, kind) == {"malformed": 1}
    accounts = [
        RevealedAccount(),
        RevealedAccount(signature=b"\x01" * 65),
        RevealedAccount(address="0x", signature=b"1"),
    ]
    for number, account in enumerate(accounts):
        request = CommunityRequestToJoin(clock=int(time.time()) + number, revealed_accounts=[account], **named)
        assert receive(lonely, to_join(lonely, community_id), request, kind) == {"malformed": 1}
    (shown,) = await lonely.rpc("communities")
    assert list(shown["members"]) == [lonely.public_key]


async def test_an_old_description(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    old = owner.messenger.communities.get(community_id)
    request = {**COMMUNITY, "communityId": community_id, "name": "renamed"}
    await owner.rpc("editCommunity", request)
    await member.wait("messages.new", lambda e: any(c["name"] == "renamed" for c in e.get("communities", [])))
    before = member.messenger.dropped.get("outdated", 0)
    somebody = PrivateKey()  # anybody can publish it again
    member.messenger.transport.send_public(community_id, old.signed, somebody)
    await member.in_step()
    envelope = Envelope("", Filter(community_id).content_topic, b"sealed", time.time_ns())
    member.messenger._inbox.receive([Received(Filter(community_id), envelope, Decoded(old.signed, b"", None))])
    assert member.messenger.dropped["outdated"] == before + 1
    (shown,) = await member.rpc("communities")
    assert shown["name"] == "renamed" and shown["clock"] > old.clock


async def test_an_archive_speaks_for_its_own_community_only(lonely, community):
    """And of the past: not for another community that we are in, nor into a mailbox, nor of the future."""
    _, chat_id = community
    created = await lonely.rpc("createCommunity", {**COMMUNITY, "name": "another"})
    other = created["communities"][0]["id"]
    now = int(time.time())

    def archived(place, body, seconds, type_=Type.CHAT_MESSAGE):
        wrapped = application.wrap(body.SerializeToString(), type_, PERSON)
        sig = PERSON.public_key.format(compressed=False)
        return WakuMessage(sig=sig, timestamp=seconds, topic=ids.topic(place), payload=wrapped)

    messages = [
        archived(chat_id, said(chat_id, "smuggled", now - 10), now - 10),
        archived(
            ids.contact_chat_id(lonely.public_key), said(lonely.public_key, "posted", now - 10, ONE_TO_ONE), now - 10
        ),
        archived("nowhere", said("nowhere", "lost", now - 10), now - 10),
    ]
    await lonely.messenger.handle_archived(other, messages)
    assert lonely.messenger.dropped == {"unknown": 3}
    assert await lonely.history(chat_id) is None
    future = [archived(chat_id, said(chat_id, "foretold", now - 10), seconds) for seconds in (now + YEAR, 2**64 - 1)]
    await lonely.messenger.handle_archived(community[0], future)
    assert lonely.messenger.dropped == {"unknown": 3, "malformed": 2}
    await lonely.messenger.handle_archived(community[0], messages[:1])
    assert await lonely.history(chat_id) == ["smuggled"], "where it belongs it is good"
    sent = await lonely.rpc("sendChatMessage", {"chatId": chat_id, "text": "now", "contentType": 1})
    assert sent["messages"][0]["clock"] <= time.time_ns() // 10**6 + 1


@pytest.mark.parametrize(
    ("method", "request_", "said"),
    [
        ("sendContactRequest", {"message": "hi"}, "send-contact-request: invalid id"),
        ("sendContactRequest", {"id": "0x04", "message": " "}, "send-contact-request: invalid message"),
        ("acceptContactRequest", {}, "accept-contact-request: invalid id"),
        ("declineContactRequest", {}, "decline-contact-request: invalid id"),
        ("retractContactRequest", {"id": None}, "retract-contact-request: invalid id"),
        ("addContact", {"nickname": "a"}, "add-contact: invalid id"),
        ("sendOneToOneMessage", {"message": "hi"}, "send-one-to-one-message: invalid id"),
        ("sendOneToOneMessage", {"id": "0x04", "message": ""}, "send-one-to-one-message: invalid message"),
        ("sendGroupChatMessage", {"message": "hi"}, "send-group-chat-message: invalid id"),
        ("sendGroupChatMessage", {"id": "a"}, "send-group-chat-message: invalid message"),
        ("editMessage", {"text": "a"}, "edit-message: invalid id"),
        ("editMessage", {"id": "0x01"}, "edit-message: invalid text"),
        ("acceptRequestToJoinCommunity", {}, "accept-request-to-join-community: invalid id"),
        ("declineRequestToJoinCommunity", {}, "decline-request-to-join-community: invalid id"),
        ("editCommunity", {"name": "a"}, "update-community: invalid id"),
        ("editCommunity", {"communityId": "0x01"}, "create-community: invalid name"),
    ],
)
async def test_what_a_request_lacks_is_told(lonely, method, request_, said):
    assert (await lonely.ask(method, request_))["error"] == {"code": -32000, "message": said}
