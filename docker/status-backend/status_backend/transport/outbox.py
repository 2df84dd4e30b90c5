"""What is to be published, in order and on disk until a node of the fleet has taken it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..db import Database, Row
from ..protocol.waku_message import Envelope
from .backoff import Backoff
from .waku_node import NodeUnavailable, Rejected, WakuNodeClient

log = logging.getLogger(__name__)

_AT_ONCE = 100  # messages; of these, those of different content topics are in flight together
_STALE = 10_000_000_000  # nanoseconds; store nodes refuse messages whose time is too far from theirs

OnDone = Callable[[str, Envelope, bool], None]  # message id, as published, whether it was


class Outbox:
    """`put` belongs into the transaction that makes the message: both are kept, or neither."""

    def __init__(self, db: Database, on_done: OnDone) -> None:
        self._db = db
        self._on_done = on_done
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def put(self, envelope: Envelope, message_id: str) -> None:
        self._db.execute(
            "INSERT INTO outbox (pubsub_topic, content_topic, payload, timestamp, message_id) VALUES (?, ?, ?, ?, ?)",
            (envelope.pubsub_topic, envelope.content_topic, envelope.payload, envelope.timestamp, message_id),
        )
        self._emptied.clear()
        self._filled.set()

    def start(self, relays: Sequence[WakuNodeClient]) -> None:
        self._task = asyncio.create_task(self._drain(relays))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def flushed(self) -> None:
        """Waits until everything is published."""
        await self._emptied.wait()

    async def _drain(self, relays: Sequence[WakuNodeClient]) -> None:
        turn, backoff = itertools.cycle(relays), Backoff()
        relay = next(turn)
        while True:
            try:
                if not await self._publish_some(relay):
                    self._emptied.set()
                    self._filled.clear()
                    await self._filled.wait()
                backoff.reset()
            except NodeUnavailable as error:
                log.warning("publishing waits: %s", error)
                relay = next(turn)
                await backoff.wait()
            except Exception:
                log.exception("publishing waits")
                await backoff.wait()

    async def _publish_some(self, relay: WakuNodeClient) -> bool:
        """The oldest ones, those of each content topic one after the other. Whether there was anything to publish."""
        rows = self._db.query("SELECT * FROM outbox ORDER BY id LIMIT ?", (_AT_ONCE,))
        topics: dict[str, list[Row]] = {}
        for row in rows:
            topics.setdefault(row["content_topic"], []).append(row)
        done: list[tuple[Row, Envelope, bool]] = []
        try:
            results = await asyncio.gather(
                *(self._publish_in_turn(relay, topic, done) for topic in topics.values()), return_exceptions=True
            )
        finally:
            with self._db.transaction():  # together: a commit waits for the disk
                for row, envelope, published in done:
                    self._db.execute("DELETE FROM outbox WHERE id = ?", (row["id"],))
                    self._on_done(row["message_id"], envelope, published)
        for error in results:
            if isinstance(error, BaseException):
                raise error
        return bool(rows)

    async def _publish_in_turn(
        self, relay: WakuNodeClient, rows: Sequence[Row], done: list[tuple[Row, Envelope, bool]]
    ) -> None:
        for row in rows:
            envelope = Envelope(row["pubsub_topic"], row["content_topic"], row["payload"], row["timestamp"])
            now = time.time_ns()
            if now - envelope.timestamp > _STALE:
                envelope = replace(envelope, timestamp=now)
            try:
                await relay.publish(envelope)
                published = True
            except Rejected as error:
                log.error("not published, and given up: %s", error)
                published = False
            done.append((row, envelope, published))
