"""Against a Waku node that is not this project's: it has nwaku's REST routes, but no push stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from status_backend.fleets import WakuFleet, WakuNode

pytestmark = pytest.mark.anyio

COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 3}


class PlainNode:
    """Two routes of nwaku, all in memory. `refuse` is a status with which publishing is answered."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, dict]] = []
        self.refuse: int | None = None
        self.page_size = 2

    async def publish(self, request: web.Request) -> web.Response:
        if self.refuse:
            return web.Response(status=self.refuse, text="refused")
        self.stored.append((request.match_info["topic"], await request.json()))
        return web.Response(text="OK")

    async def query(self, request: web.Request) -> web.Response:
        topics = request.query["contentTopics"].split(",")
        found = [
            {"messageHash": str(number), "pubsubTopic": topic, "message": message}
            for number, (topic, message) in enumerate(self.stored)
            if topic == request.query["pubsubTopic"]
            and message["contentTopic"] in topics
            and message["timestamp"] >= int(request.query["startTime"])
        ]
        start = int(request.query.get("cursor", 0))
        end = start + self.page_size
        body = {"requestId": "", "statusCode": 200, "statusDesc": "OK", "messages": found[start:end]}
        if end < len(found):
            body["paginationCursor"] = str(end)
        return web.json_response(body)


@pytest.fixture
async def plain() -> AsyncIterator[tuple[PlainNode, WakuFleet]]:
    node = PlainNode()
    async with serving(node) as url:
        yield node, WakuFleet("plain", 16, [WakuNode("16Uiu2HAm", "", "/ip4/127.0.0.1/tcp/1", url, store=True)])


@asynccontextmanager
async def serving(node: PlainNode) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/relay/v1/messages/{topic}", node.publish)
    app.router.add_get("/store/v3/messages", node.query)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def pair(plain, new_node_on):
    node, fleet = plain
    return node, await new_node_on("owner", fleet), await new_node_on("member", fleet)


async def test_polls_the_store(pair, join_community):
    node, owner, member = pair
    created = await owner.rpc("createCommunity", COMMUNITY)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    await join_community(owner, member, community_id)
    texts = [f"message {number}" for number in range(5)]
    await owner.rpc("sendChatMessages", [{"chatId": chat_id, "text": text, "contentType": 1} for text in texts])
    await member.message(texts[-1])
    assert await member.history(chat_id) == texts[::-1]
    assert member.messenger.dropped.get("replayed", 0) == 0


async def test_unreadable_history_is_counted_and_harms_nothing(pair):
    node, owner, member = pair
    created = await owner.rpc("createCommunity", COMMUNITY)
    community_id = created["communities"][0]["id"]
    await owner.in_step()
    description = next(message for _, message in node.stored)
    node.stored.insert(0, ("/waku/2/rs/16/32", {**description, "payload": "%%%"}))
    node.stored.insert(0, ("/waku/2/rs/16/32", {**description, "payload": "AAAA", "timestamp": time.time_ns()}))
    found = await member.rpc("fetchCommunity", {"communityKey": community_id, "waitForResponse": True})
    assert found["id"] == community_id
    assert member.messenger.dropped["malformed"] >= 1 and member.messenger.dropped["undecryptable"] >= 1


async def test_what_is_refused_for_good_does_not_block_the_rest(pair):
    node, owner, member = pair
    node.refuse = 400
    created = await owner.rpc("createCommunity", COMMUNITY)
    await owner.wait("envelope.expired")
    node.refuse = None
    chat_id = created["chats"][0]["id"]
    sent = await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "now", "contentType": 1})
    await owner.wait("envelope.sent", lambda event: event["ids"] == [sent["messages"][0]["id"]])


async def test_what_fails_for_now_is_repeated(pair):
    node, owner, member = pair
    node.refuse = 503
    created = await owner.rpc("createCommunity", COMMUNITY)
    chat_id = created["chats"][0]["id"]
    sent = await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "now", "contentType": 1})
    flushed = asyncio.create_task(owner.messenger.transport.flushed())
    await asyncio.sleep(0)
    assert not flushed.done() and not node.stored
    node.refuse = None
    await owner.wait("envelope.sent", lambda event: event["ids"] == [sent["messages"][0]["id"]])
    await flushed
    assert [topic for topic, _ in node.stored] == ["/waku/2/rs/16/32"] * len(node.stored)


async def test_a_dead_node_in_the_fleet(plain, new_node_on, join_community):
    node, fleet = plain
    dead = WakuNode("16Uiu2HAmDead", "", "/ip4/127.0.0.1/tcp/9", "http://127.0.0.1:9", store=True)
    fleet = WakuFleet("half dead", 16, [dead, *fleet.nodes])
    owner, member = await new_node_on("owner", fleet), await new_node_on("member", fleet)
    created = await owner.rpc("createCommunity", COMMUNITY)
    await join_community(owner, member, created["communities"][0]["id"])
    chat_id = created["chats"][0]["id"]
    await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": "still here", "contentType": 1})
    await member.message("still here")
    await member.wait("history.request.failed", lambda event: "127.0.0.1:9" in event["errorMessage"])
    assert list(await member.rpc("peers")) == ["16Uiu2HAm"]
