"""The order in which messages are published, and what is delivered together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from status_backend.db import Database
from status_backend.protocol.waku_message import Envelope
from status_backend.transport import sync_state
from status_backend.transport.batches import batches
from status_backend.transport.outbox import Outbox
from status_backend.transport.waku_node import NodeUnavailable

pytestmark = pytest.mark.anyio


class Relay:
    """Takes messages when it is told to; fails on those it is told to fail on, once each."""

    def __init__(self, fails: set[bytes] = frozenset(), held: set[str] = frozenset()) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.open = asyncio.Event()
        self._took = asyncio.Event()
        self._fails = set(fails)
        self._held = held

    async def publish(self, envelope: Envelope) -> None:
        if envelope.content_topic in self._held:
            await self.open.wait()
        if envelope.payload in self._fails:
            self._fails.remove(envelope.payload)
            raise NodeUnavailable("for a moment")
        self.taken.append((envelope.content_topic, envelope.payload))
        self._took.set()

    async def wait(self, topic: str, count: int) -> None:
        while len(self.of(topic)) < count:
            self._took.clear()
            await self._took.wait()

    def of(self, topic: str) -> list[bytes]:
        return [payload for where, payload in self.taken if where == topic]


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = Database.open(tmp_path / "test.db")
    sync_state.migrate(db)
    return db


def fill(outbox: Outbox, *topics: str) -> list[bytes]:
    payloads = [bytes([number]) for number in range(20)]
    for payload in payloads:
        for topic in topics:
            outbox.put(Envelope("shard", topic, payload, 2**62), topic + payload.hex())
    return payloads


async def test_a_slow_topic_delays_no_other_and_all_keep_their_order(db):
    done: list[str] = []
    outbox, relay = Outbox(db, lambda message_id, envelope, sent: done.append(message_id)), Relay(held={"slow"})
    payloads = fill(outbox, "slow", "fast")
    outbox.start([relay])
    async with asyncio.timeout(10):
        await relay.wait("fast", len(payloads))
        assert relay.of("slow") == []
        relay.open.set()
        await outbox.flushed()
    assert relay.of("slow") == relay.of("fast") == payloads
    assert len(done) == len(set(done)) == 2 * len(payloads)
    await outbox.stop()


async def test_order_survives_a_relay_that_fails(db):
    outbox, relay = Outbox(db, lambda *_: None), Relay(fails={b"\x03", b"\x0b"})
    payloads = fill(outbox, "topic")
    outbox.start([relay])
    async with asyncio.timeout(10):
        await outbox.flushed()
    assert relay.of("topic") == payloads
    await outbox.stop()


async def test_what_was_published_when_it_was_stopped_is_not_published_again(db):
    outbox, relay = Outbox(db, lambda *_: None), Relay(held={"slow"})
    payloads = fill(outbox, "fast", "slow")
    outbox.start([relay])
    async with asyncio.timeout(10):
        await relay.wait("fast", len(payloads))
    await outbox.stop()
    left = [row["content_topic"] for row in db.query("SELECT content_topic FROM outbox")]
    assert left == ["slow"] * len(payloads)


async def test_batches_hold_what_came_meanwhile_and_end_as_their_source_does():
    async def source():
        for number in range(3):
            yield number
        raise NodeUnavailable("the end")

    arrived = []
    with pytest.raises(NodeUnavailable):
        async for batch in batches(source()):
            arrived.append(batch)
            await asyncio.sleep(0.01)
    assert [number for batch in arrived for number in batch] == [0, 1, 2]
    assert len(arrived) < 3
