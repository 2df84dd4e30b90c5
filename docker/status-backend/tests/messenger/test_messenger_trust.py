"""What others can make a node believe, and what not. The forger knows everything that is public."""

from __future__ import annotations

import time

import pytest
from coincurve import PrivateKey

from status_backend.messenger import grants
from status_backend.protocol import application, ids, signing
from status_backend.protocol.application import Type
from status_backend.protocol.chat_message_pb2 import COMMUNITY_CHAT, ChatMessage, DeleteMessage, EditMessage
from status_backend.protocol.communities_pb2 import (
    CommunityDescription,
    CommunityMessageArchiveIndexCid,
    CommunityMessageArchiveMagnetlink,
    CommunityRequestToJoin,
    CommunityRequestToJoinResponse,
    Grant,
)
from status_backend.transport.filters import OPEN_SHARD, Filter

pytestmark = pytest.mark.anyio


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Forger:
    """Sends whatever it likes, signed with whatever key it has."""

    def __init__(self, via) -> None:
        self._transport = via.messenger.transport
        self.key = PrivateKey()
        self.public_key = ids.public_key_id(self.key.public_key)

    def publish(self, chat_id: str, body, type_: int, key: PrivateKey | None = None) -> str:
        key = key or self.key
        wrapped = application.wrap(body.SerializeToString(), type_, key)
        self._transport.send_public(chat_id, wrapped, key)
        return application.unwrap(wrapped).id

    def publish_raw(self, chat_id: str, wrapped: bytes) -> None:
        self._transport.send_public(chat_id, wrapped, self.key)

    def post(self, mailbox: Filter, recipient: str, body, type_: int, key: PrivateKey | None = None) -> None:
        wrapped = application.wrap(body.SerializeToString(), type_, key or self.key)
        self._transport.send_private(mailbox, ids.parse_public_key(recipient), wrapped, self.key)


def chat_message(chat_id: str, text: str, **fields) -> ChatMessage:
    values = {"clock": now_ms(), "timestamp": now_ms(), "message_type": COMMUNITY_CHAT, "content_type": 1, **fields}
    return ChatMessage(chat_id=chat_id, text=text, **values)


@pytest.fixture
async def forger(new_node) -> Forger:
    return Forger(await new_node("forger"))


async def after_that(owner, member, chat_id: str) -> None:
    """Whatever was sent before has been handled once this message is through."""
    text = f"marker {time.time_ns()}"
    await owner.in_step()
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})
    await member.message(text)


async def test_forged_description(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    before = await member.rpc("communities")
    description = CommunityDescription(clock=now_ms() + 1000)
    description.identity.display_name = "mine now"
    forger.publish(community_id, description, Type.COMMUNITY_DESCRIPTION)
    await forger._transport.flushed()
    await after_that(member, owner, chat_id)
    await after_that(owner, member, chat_id)
    assert member.messenger.dropped["forged"] == 1
    assert (await member.rpc("communities"))[0]["name"] == before[0]["name"]


async def test_stranger_and_replay_in_a_chat(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    forger.publish(chat_id, chat_message(chat_id, "buy this"), Type.CHAT_MESSAGE)
    wrapped = application.wrap(chat_message(chat_id, "once").SerializeToString(), Type.CHAT_MESSAGE, owner.key)
    for _ in range(3):
        forger.publish_raw(chat_id, wrapped)
    forger.publish_raw(chat_id, b"no message at all")
    await forger._transport.flushed()
    await member.message("once")
    await after_that(owner, member, chat_id)
    history = await member.history(chat_id)
    assert history.count("once") == 1 and "buy this" not in history
    dropped = member.messenger.dropped
    assert (dropped["replayed"], dropped["not a member"], dropped["malformed"]) == (2, 1, 1)


async def test_message_moved_to_another_chat(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    second = await owner.rpc("createCommunityChat", community_id, {"identity": {"display_name": "second"}})
    second_id = second["chats"][0]["id"]
    await after_that(owner, member, second_id)
    signed = application.wrap(chat_message(chat_id, "here only").SerializeToString(), Type.CHAT_MESSAGE, owner.key)
    forger.publish_raw(second_id, signed)
    await forger._transport.flushed()
    await after_that(owner, member, second_id)
    assert "here only" not in await member.history(second_id)
    assert member.messenger.dropped["forged"] == 1


async def test_message_from_the_future(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    forger.publish(chat_id, chat_message(chat_id, "forever first", clock=2**63 - 1), Type.CHAT_MESSAGE, owner.key)
    forger.publish(chat_id, chat_message(chat_id, "forever first", clock=2**64 - 1), Type.CHAT_MESSAGE, owner.key)
    forger.publish(chat_id, chat_message(chat_id, " "), Type.CHAT_MESSAGE, owner.key)
    await forger._transport.flushed()
    await after_that(owner, member, chat_id)
    assert member.messenger.dropped["malformed"] == 3


async def test_only_the_author_changes_a_message(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    sent = await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "mine", "contentType": 1})
    message_id = sent["messages"][0]["id"]
    await member.message("mine")
    edit = EditMessage(clock=now_ms() + 10, text="yours", chat_id=chat_id, message_id=message_id)
    forger.publish(chat_id, edit, Type.EDIT_MESSAGE, member.key)
    delete = DeleteMessage(clock=now_ms() + 10, chat_id=chat_id, message_id=message_id)
    forger.publish(chat_id, delete, Type.DELETE_MESSAGE, member.key)
    await forger._transport.flushed()
    await after_that(member, owner, chat_id)
    assert "mine" in await owner.history(chat_id)
    assert owner.messenger.dropped["forged"] == 2
    await owner.rpc("editMessage", {"id": message_id, "text": "mine, edited"})
    await member.message("mine, edited")
    await owner.rpc("deleteMessageAndSend", message_id)
    await member.wait("messages.new", lambda event: "removedMessages" in event)
    assert "mine, edited" not in await member.history(chat_id)
    assert (await owner.ask("editMessage", {"id": message_id, "text": "x"}))["error"]["code"] == -32000


async def test_edit_before_its_message(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    body = chat_message(chat_id, "draft")
    wrapped = application.wrap(body.SerializeToString(), Type.CHAT_MESSAGE, owner.key)
    message_id = application.unwrap(wrapped).id
    edit = EditMessage(clock=now_ms() + 1, text="final", chat_id=chat_id, message_id=message_id)
    forger.publish(chat_id, edit, Type.EDIT_MESSAGE, owner.key)
    forger.publish_raw(chat_id, wrapped)
    await member.message("final")
    assert await member.history(chat_id) == ["final"]


async def test_forged_answer_and_announcement(owner_and_member, forger, new_node):
    owner, member, community_id, chat_id = owner_and_member
    late = await new_node("late")
    await late.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    await late.rpc("requestToJoinCommunity", {"communityId": community_id, "addressesToReveal": ["fakeaddress"]})
    answer = CommunityRequestToJoinResponse(
        clock=now_ms() + 1000, accepted=True, community_id=ids.from_hex(community_id), index_cid="zDvFake"
    )
    mailbox = Filter(ids.contact_chat_id(late.public_key))
    forger.post(mailbox, late.public_key, answer, Type.COMMUNITY_REQUEST_TO_JOIN_RESPONSE)
    announcement = CommunityMessageArchiveIndexCid(clock=now_ms(), cid="zDvFake")
    universal = ids.universal_chat_id(community_id)
    forger.publish(universal, announcement, Type.COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID)
    forger.publish(community_id, announcement, Type.COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID, owner.key)
    magnet_link = CommunityMessageArchiveMagnetlink(clock=now_ms(), magnet_uri="magnet:?xt=urn:btih:" + "ab" * 20)
    forger.publish(universal, magnet_link, Type.COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK)
    await forger._transport.flushed()
    await after_that(owner, member, chat_id)
    assert (await late.rpc("latestRequestToJoinForCommunity", community_id))["state"] == 1
    assert await late.rpc("joinedCommunities") == []
    assert not [notice for notice in member.archives.told if notice[0] in ("index", "magnet")]


async def test_somebody_elses_acceptance_is_no_use(owner_and_member, forger, new_node):
    """A member passes its own acceptance on: it is signed by the community, but does not list the other as a member."""
    owner, member, community_id, chat_id = owner_and_member
    late = await new_node("late")
    await late.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    await late.rpc("requestToJoinCommunity", {"communityId": community_id, "addressesToReveal": ["fakeaddress"]})
    community = owner.messenger.communities.get(community_id)
    answer = CommunityRequestToJoinResponse(
        clock=now_ms() + 1000,
        accepted=True,
        community_id=ids.from_hex(community_id),
        community_description_protocol_message=community.signed,
    )
    mailbox = Filter(ids.contact_chat_id(late.public_key))
    forger.post(mailbox, late.public_key, answer, Type.COMMUNITY_REQUEST_TO_JOIN_RESPONSE, community.private_key)
    await forger._transport.flushed()
    await after_that(owner, member, chat_id)
    assert await late.rpc("joinedCommunities") == []


async def test_replayed_request_to_join(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    request = owner.messenger._store.request(ids.request_to_join_id(member.public_key, community_id))
    await owner.rpc("removeUserFromCommunity", community_id, member.public_key)
    body = CommunityRequestToJoin(clock=request.clock, community_id=ids.from_hex(community_id))
    mailbox = Filter(ids.request_chat_id(community_id), OPEN_SHARD)
    forger.post(mailbox, community_id, body, Type.COMMUNITY_REQUEST_TO_JOIN, member.key)
    body.clock += 1
    body.community_id = b"\x02" * 33
    forger.post(mailbox, community_id, body, Type.COMMUNITY_REQUEST_TO_JOIN, member.key)
    body.community_id = ids.from_hex(community_id)
    forger.post(mailbox, community_id, body, Type.COMMUNITY_REQUEST_TO_JOIN)
    await owner.wait(
        "messages.new",
        lambda e: any(r["publicKey"] == forger.public_key for r in e.get("requestsToJoinCommunity", [])),
    )
    assert owner.messenger.dropped["replayed"] == 1 and owner.messenger.dropped["malformed"] == 1
    pending = await owner.rpc("pendingRequestsToJoinForCommunity", community_id)
    assert [r["publicKey"] for r in pending] == [forger.public_key]


async def test_message_ahead_of_the_description_that_names_its_author(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    forger.publish(chat_id, chat_message(chat_id, "too early"), Type.CHAT_MESSAGE)
    await forger._transport.flushed()
    await after_that(owner, member, chat_id)
    assert "too early" not in await member.history(chat_id)
    body = CommunityRequestToJoin(clock=int(time.time()), community_id=ids.from_hex(community_id))
    mailbox = Filter(ids.request_chat_id(community_id), OPEN_SHARD)
    forger.post(mailbox, community_id, body, Type.COMMUNITY_REQUEST_TO_JOIN)
    event = await owner.wait(
        "messages.new",
        lambda e: (
            "requestsToJoinCommunity" in e
            and "forger"
            and any(r["publicKey"] == forger.public_key for r in e["requestsToJoinCommunity"])
        ),
    )
    await owner.rpc("acceptRequestToJoinCommunity", {"id": event["requestsToJoinCommunity"][0]["id"]})
    await member.message("too early")


def granted(community, public_key, clock, key=None, **fields):
    """Bytes of a grant, right unless something else is said."""
    body = Grant(
        community_id=ids.from_hex(community.id),
        member_id=ids.parse_public_key(public_key).format(),
        clock=clock,
    )
    for name, value in fields.items():
        setattr(body, name, value)
    encoded = body.SerializeToString()
    return signing.sign(key or community.private_key, encoded) + encoded


async def test_a_grant_stands_for_the_description_that_is_on_its_way(owner_and_member, forger):
    owner, member, community_id, chat_id = owner_and_member
    community = owner.messenger.communities.get(community_id)
    later, me = community.clock + 1, forger.public_key
    bad = {
        "of an older description": granted(community, me, community.clock),
        "signed by somebody else": granted(community, me, later, forger.key),
        "for somebody else": granted(community, member.public_key, later),
        "of another community": granted(community, me, later, community_id=b"\x02" * 33),
        "for a channel": granted(community, me, later, chat_id=chat_id),
        "cut short": granted(community, me, later)[:70],
        "no grant": b"\xff" * 80,
    }
    for text, grant in bad.items():
        forger.publish(chat_id, chat_message(chat_id, text, grant=grant), Type.CHAT_MESSAGE)
    forger.publish(chat_id, chat_message(chat_id, "by grant", grant=granted(community, me, later)), Type.CHAT_MESSAGE)
    await member.message("by grant")
    assert [text for text in await member.history(chat_id) if text in bad] == []
    await owner.in_step()
    assert await owner.history(chat_id) is None, "the control node knows itself who is a member"


async def test_the_grant_comes_with_the_answer_and_goes_with_what_is_said(owner_and_member):
    owner, member, community_id, chat_id = owner_and_member
    community = owner.messenger.communities.get(community_id)
    grant = member.messenger.membership._given.get(community_id)
    assert grants.clock_of(grant, community_id, member.public_key) == community.clock
    sent = await member.rpc("sendChatMessage", {"chatId": chat_id, "text": "with it", "contentType": 1})
    row = member.session.db.one("SELECT payload FROM sent_messages WHERE id = ?", (sent["messages"][0]["id"],))
    assert ChatMessage.FromString(row["payload"]).grant == grant
    await member.rpc("leaveCommunity", community_id)
    assert member.messenger.membership._given.get(community_id) == b""


async def test_no_key_in_the_log(owner_and_member, caplog):
    owner, member, community_id, chat_id = owner_and_member
    caplog.set_level("DEBUG")
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "hello", "contentType": 1})
    await member.message("hello")
    secrets = [owner.key.secret.hex(), owner.messenger.communities.get(community_id).private_key.secret.hex()]
    assert not any(secret in caplog.text for secret in secrets)
    assert not any(secret in repr(vars(owner.messenger.communities.get(community_id))) for secret in secrets)
