"""Whatever comes from the network: nothing fails, nothing is lost, every message that is not acted upon is counted."""

from __future__ import annotations

import json
import time

import pytest
from coincurve import PrivateKey
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from status_backend.messenger import group
from status_backend.messenger.community import read_description
from status_backend.protocol import application, ids
from status_backend.protocol.acknowledgement_pb2 import MessageAcknowledgement
from status_backend.protocol.application import Type
from status_backend.protocol.chat_message_pb2 import COMMUNITY_CHAT, ONE_TO_ONE, ChatMessage, DeleteMessage, EditMessage
from status_backend.protocol.communities_pb2 import (
    CommunityDescription,
    CommunityMessageArchiveIndexCid,
    CommunityMessageArchiveMagnetlink,
    CommunityRequestToJoin,
    CommunityRequestToJoinResponse,
    CommunityRequestToLeave,
)
from status_backend.protocol.contact_pb2 import AcceptContactRequest, RetractContactRequest
from status_backend.protocol.emoji_reaction_pb2 import EmojiReaction
from status_backend.protocol.hash_ratchet_pb2 import (
    CommunityEncryptionKeysRequest,
    HashRatchetKeys,
    HashRatchetMessage,
)
from status_backend.protocol.membership_update_message_pb2 import MembershipUpdateEvent, MembershipUpdateMessage
from status_backend.protocol.payload import Decoded
from status_backend.protocol.pin_message_pb2 import PinMessage
from status_backend.protocol.status_update_pb2 import StatusUpdate
from status_backend.protocol.waku_archive_pb2 import WakuMessage
from status_backend.protocol.waku_message import Envelope
from status_backend.transport.filters import Filter
from status_backend.transport.transport import Received

pytestmark = pytest.mark.anyio

KINDS = {
    Type.CHAT_MESSAGE: ChatMessage,
    Type.EDIT_MESSAGE: EditMessage,
    Type.DELETE_MESSAGE: DeleteMessage,
    Type.PIN_MESSAGE: PinMessage,
    Type.EMOJI_REACTION: EmojiReaction,
    Type.MEMBERSHIP_UPDATE_MESSAGE: MembershipUpdateMessage,
    Type.MESSAGE_ACKNOWLEDGEMENT: MessageAcknowledgement,
    Type.STATUS_UPDATE: StatusUpdate,
    Type.ACCEPT_CONTACT_REQUEST: AcceptContactRequest,
    Type.RETRACT_CONTACT_REQUEST: RetractContactRequest,
    Type.COMMUNITY_DESCRIPTION: CommunityDescription,
    Type.COMMUNITY_REQUEST_TO_JOIN: CommunityRequestToJoin,
    Type.COMMUNITY_REQUEST_TO_JOIN_RESPONSE: CommunityRequestToJoinResponse,
    Type.COMMUNITY_REQUEST_TO_LEAVE: CommunityRequestToLeave,
    Type.COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID: CommunityMessageArchiveIndexCid,
    Type.COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK: CommunityMessageArchiveMagnetlink,
    Type.HASH_RATCHET_MESSAGE: HashRatchetMessage,
    Type.HASH_RATCHET_KEYS: HashRatchetKeys,
    Type.COMMUNITY_ENCRYPTION_KEYS_REQUEST: CommunityEncryptionKeysRequest,
}
SAID = [Type.CHAT_MESSAGE, Type.EDIT_MESSAGE, Type.DELETE_MESSAGE, Type.PIN_MESSAGE, Type.EMOJI_REACTION]
ASKED = [Type.COMMUNITY_REQUEST_TO_JOIN, Type.COMMUNITY_REQUEST_TO_LEAVE, Type.COMMUNITY_ENCRYPTION_KEYS_REQUEST]
POSTED = [Type.MEMBERSHIP_UPDATE_MESSAGE, Type.MESSAGE_ACKNOWLEDGEMENT, Type.RETRACT_CONTACT_REQUEST]
PERSON = PrivateKey()  # a member of the community, and a correspondent
STRANGER = PrivateKey()
NUMBERS = {
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
}


class World:
    """A node with a community, a chat and a message, and the things that a message can name."""

    def __init__(self, node, community_id: str, chat_id: str, message_id: str) -> None:
        self.node = node
        self.community_id = community_id
        self.chat_id = chat_id
        self.message_id = message_id
        person = ids.public_key_id(PERSON.public_key)
        self.community_key = node.messenger.communities.get(community_id).private_key
        self.group = ids.from_hex(community_id)
        key = node.messenger._encrypted._encryption.make_key(self.group)
        self.names = [
            "",
            "0x",
            ids.hex0x(key.id),
            community_id,
            chat_id,
            message_id,
            person,
            node.public_key,
            f"uuid-{person}",
        ]
        mailbox = Filter(ids.contact_chat_id(node.public_key), private_key=node.key)
        requests = Filter(ids.request_chat_id(community_id), private_key=self.community_key)
        contact_code = Filter(ids.contact_code_chat_id(person))
        universal = Filter(ids.universal_chat_id(community_id))
        self.filters = [Filter(chat_id), mailbox, Filter(community_id), universal, contact_code, requests]
        now = time.time_ns() // 10**6
        said = {"clock": now, "timestamp": now, "text": "x", "content_type": 1, "message_id": message_id, "type": 1}
        self.in_chat = {**said, "chat_id": chat_id, "message_type": COMMUNITY_CHAT}
        self.to_us = {**said, "chat_id": node.public_key, "message_type": ONE_TO_ONE}
        self.asked = {"community_id": self.group, "clock": now // 1000}

    def join(self) -> None:
        """Makes the correspondent a member, who may have left with what came last."""
        person, messenger = ids.public_key_id(PERSON.public_key), self.node.messenger
        request_id = ids.request_to_join_id(person, self.community_id)
        if messenger.communities.get(self.community_id).has_member(person):
            return
        before = messenger._store.request(request_id)
        when = max(int(time.time()), before.clock + 1 if before else 0)
        request = CommunityRequestToJoin(clock=when, community_id=ids.from_hex(self.community_id))
        wrapped = application.wrap(request.SerializeToString(), Type.COMMUNITY_REQUEST_TO_JOIN, PERSON)
        self.receive(self.filters[-1], wrapped)
        if not messenger.communities.get(self.community_id).has_member(person):
            messenger.membership.accept(request_id)

    def count(self, table: str) -> int:
        return self.node.session.db.one(f"SELECT count(*) FROM {table}")[0]

    def receive(self, filter_: Filter, wrapped: bytes, timestamp: int | None = None) -> None:
        envelope = Envelope("", filter_.content_topic, b"sealed", time.time_ns() if timestamp is None else timestamp)
        self.node.messenger._inbox.receive([Received(filter_, envelope, Decoded(wrapped, b"", None))])

    def receive_archived(self, filter_: Filter, wrapped: bytes, sig: bytes, seconds: int) -> None:
        message = WakuMessage(sig=sig, timestamp=seconds, topic=filter_.topic, payload=wrapped)
        self.node.messenger._inbox.receive_archived(self.community_id, [message])

    def seal(self, wrapped: bytes, key: PrivateKey) -> bytes:
        """As a member says it in an encrypted community."""
        with self.node.session.db.transaction():
            sealed = self.node.messenger._encrypted._encryption.seal(self.group, wrapped)
        return application.wrap(sealed, Type.HASH_RATCHET_MESSAGE, key)


@pytest.fixture
async def world(lonely):
    community = {"name": "a", "description": "b", "color": "#887af9", "membership": 3}
    created = await lonely.rpc("createCommunity", community)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    sent = await lonely.rpc("sendChatMessage", {"chatId": chat_id, "text": "keep me", "contentType": 1})
    return World(lonely, community_id, chat_id, sent["messages"][0]["id"])


def fill(draw, message, names: list[str], good: dict | None = None, depth: int = 2) -> None:
    """Any value in any field, and often one that means something here: one of `good`, by the field's name."""
    for field in message.DESCRIPTOR.fields:
        plausible = (good or {}).get(field.name)
        if plausible is not None and draw(st.integers(0, 7)):
            setattr(message, field.name, plausible)
            continue
        if field.message_type is not None and depth == 0 or not draw(st.booleans()):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            fill_map(draw, message, field, names, depth)
            continue
        if field.message_type is not None:
            nested = getattr(message, field.name)
            fill(draw, nested.add() if field.is_repeated else nested, names, good, depth - 1)
            continue
        value = draw(values(field, names))
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)


def fill_map(draw, message, field: FieldDescriptor, names: list[str], depth: int) -> None:
    items, (key, value) = getattr(message, field.name), field.message_type.fields
    name = draw(st.sampled_from(names) if key.cpp_type == FieldDescriptor.CPPTYPE_STRING else values(key, names))
    if value.message_type is None:
        items[name] = draw(values(value, names))
    else:
        fill(draw, items[name], names, depth=depth - 1)


def values(field: FieldDescriptor, names: list[str]):
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        texts = st.sampled_from(names) | st.text(max_size=20) | st.just("x" * 100_000)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=80) | st.sampled_from([ids.from_hex(name) for name in names if _is_hex(name)])
        return texts
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return st.sampled_from([value.number for value in field.enum_type.values]) | st.integers(0, 2**31 - 1)
    low, high = NUMBERS[field.cpp_type]
    return st.integers(low, high) | st.sampled_from([0, high, int(time.time()) % high, time.time_ns() // 10**6 % high])


def _is_hex(name: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in name.removeprefix("0x"))


@st.composite
def events(draw, names: list[str]) -> MembershipUpdateMessage:
    """Of a group that the correspondent has created, properly signed."""
    chat_id = names[-1]
    body = MembershipUpdateMessage(chat_id=chat_id)
    kinds = [MembershipUpdateEvent.CHAT_CREATED, MembershipUpdateEvent.MEMBERS_ADDED]
    for kind in [*kinds, *draw(st.lists(st.sampled_from(range(10)), max_size=4))]:
        event = MembershipUpdateEvent(members=names[-2:-1] if draw(st.booleans()) else [])
        fill(draw, event, names, {"clock": time.time_ns() // 10**6, "name": "a group"})
        event.type = kind
        body.events.append(group.sign(chat_id, event, PERSON))
    if draw(st.booleans()):
        fill(draw, body.message, names)
    return body


async def test_anything_can_come(world):
    @settings(
        max_examples=250,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # to make a failure smaller takes longer than to read it
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data) -> None:
        world.join()
        authors = [PERSON, PERSON, PERSON, world.node.key, world.community_key, STRANGER]
        key = data.draw(st.sampled_from(authors))
        chat, mailbox = world.filters[:2]
        filter_ = data.draw(st.sampled_from([chat, chat, mailbox, mailbox, *world.filters]))
        requests = world.filters[-1]
        kinds = {chat: SAID, mailbox: [*SAID, *POSTED], requests: ASKED}.get(filter_, [*KINDS])
        kind = data.draw(st.sampled_from(kinds) if data.draw(st.integers(0, 3)) else st.sampled_from([*KINDS]))
        if kind == Type.MEMBERSHIP_UPDATE_MESSAGE and data.draw(st.booleans()):
            body = data.draw(events(world.names))
        else:
            body = KINDS[kind]()
            good = {mailbox: world.to_us, requests: world.asked}.get(filter_, world.in_chat)
            fill(data.draw, body, world.names, good)
        if kind in (Type.EDIT_MESSAGE, Type.DELETE_MESSAGE) and key == world.node.key:
            key = PERSON  # our own changes of our own message are good
        encoded = bytearray(body.SerializeToString())
        if encoded and data.draw(st.integers(0, 7)) == 0:  # what is no protobuf message any more, or no UTF-8
            encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
        wrapped = application.wrap(bytes(encoded), kind, key)
        if data.draw(st.integers(0, 9)) == 0:
            wrapped = data.draw(st.binary(max_size=200)) or wrapped[:-1]
        if data.draw(st.integers(0, 5)) == 0:
            wrapped = world.seal(wrapped, data.draw(st.sampled_from([key, key, STRANGER])))
        if filter_ == chat and data.draw(st.integers(0, 4)) == 0:
            sig = data.draw(st.sampled_from([key.public_key.format(compressed=False)] * 3 + [b"", b"\x04" * 65]))
            seconds = data.draw(st.integers(0, 2**64 - 1) | st.just(int(time.time())))
            world.receive_archived(filter_, wrapped, sig, seconds)
        else:
            times = [None] * 8 + [0, 1, 2**63 - 1, time.time_ns() + 10**18]
            world.receive(filter_, wrapped, data.draw(st.sampled_from(times)))
        assert world.node.messenger.dropped.get("failed", 0) == 0

    run()
    dropped = await world.node.rpc("droppedMessages")
    assert {"malformed", "forged", "unknown"} <= dropped.keys() and "failed" not in dropped
    await world.node.rpc("sendChatMessage", {"chatId": world.chat_id, "text": "still here", "contentType": 1})
    assert world.count("user_messages") > 1, "nothing of what was sent was fit to be taken"
    for method in ("chats", "communities", "contacts", "statusUpdates"):
        json.dumps(await world.node.rpc(method))
    for community_id, (signed, description) in world.node.messenger._store._parsed.items():
        fresh = read_description(application.unwrap(signed), community_id)
        assert description == fresh, "a description that is shared was changed"
    stored = await world.node.rpc("messageByMessageID", world.message_id)
    assert (stored["from"], stored["text"]) == (world.node.public_key, "keep me")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendChatMessage", [{"chatId": 1}]),
        ("sendChatMessage", [{"chatId": "x" * 100_000, "text": "x"}]),
        ("sendChatMessage", ["not an object"]),
        ("sendChatMessages", [[None, {"chatId": []}]]),
        ("editMessage", [{"id": "nope", "text": "x"}]),
        ("deleteMessageAndSend", [""]),
        ("reSendChatMessage", ["0x00"]),
        ("sendPinMessage", [{"chat_id": "nope", "message_id": "", "pinned": "yes"}]),
        ("sendPinMessage", [{"chat_id": "nope"}]),
        ("sendEmojiReaction", ["nope", "nope", 1]),
        ("sendEmojiReaction", ["nope", "nope", 1.5]),
        ("sendEmojiReactionRetraction", ["nope"]),
        ("chatPinnedMessages", ["nope", "", 10]),
        ("muteChatV2", [{"chatId": "nope", "mutedType": 1}]),
        ("muteCommunityChats", [{"communityId": "nope", "mutedType": 1}]),
        ("clearHistory", [{"id": "nope"}]),
        ("deactivateChat", [{"id": "nope", "preserveHistory": "no"}]),
        ("markAllRead", ["nope"]),
        ("markMessageAsUnread", ["nope", "nope"]),
        ("allChatMessagesWhichMatchTerm", ["nope", "x", True]),
        ("createGroupChatWithMembers", [None, "x", ["0x04"]]),
        ("addMembersToGroupChat", [None, "nope", []]),
        ("removeContact", ["\u0000"]),
        ("createOneToOneChat", [{"id": "0x" + "00" * 65}]),
        ("activityCenterNotifications", [{"readType": 9}]),
        ("activityCenterNotifications", [{"activityTypes": ["1"]}]),
        ("activityCenterNotifications", [{"limit": -(2**70)}]),
        ("markActivityCenterNotificationsRead", [["nope"]]),
        ("setUserStatus", [1, "x" * 2000]),
        ("chatMessages", ["nope", "", 2**70]),
    ],
)
async def test_bad_requests_are_refused(lonely, method, params):
    error = (await lonely.ask(method, *params))["error"]
    assert error["code"] in (-32602, -32000) and error["message"]
    assert "Traceback" not in error["message"]
