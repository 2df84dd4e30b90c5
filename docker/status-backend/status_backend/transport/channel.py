"""One pubsub topic: the stream of what is relayed on it, and the history that the store has of it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress

from .. import signal_types
from ..protocol.waku_message import Envelope
from ..signals import SignalHub
from .backoff import Backoff
from .batches import batches
from .sync_state import SyncState
from .waku_node import NodeUnavailable, Rejected, Stream, StreamUnsupported, WakuNodeClient

log = logging.getLogger(__name__)

_POLL_INTERVAL = 0.5  # seconds, where a node cannot push
_OVERLAP = 20  # seconds; messages bear their sender's time and reach the store after the relay

Deliver = Callable[[list[Envelope | None]], None]
Synced = Callable[[str, set[str], int, int], None]  # pubsub topic, content topics, since and until (unix nanoseconds)


class Channel:
    """Keeps a stream open and, whenever something may have been missed, asks the store for the gap.

    A content topic is asked for after it has been subscribed to, so nothing falls between history and stream.
    """

    def __init__(
        self,
        pubsub_topic: str,
        relays: Sequence[WakuNodeClient],
        stores: Sequence[WakuNodeClient],
        state: SyncState,
        signals: SignalHub,
        deliver: Deliver,
        synced: Synced,
    ) -> None:
        self.pubsub_topic = pubsub_topic
        self.connected_to: WakuNodeClient | None = None
        self._relays = relays
        self._stores = stores
        self._state = state
        self._signals = signals
        self._deliver = deliver
        self._synced = synced
        self._topics: set[str] = set()
        self._live: set[str] = set()
        self._behind: set[str] = set()
        self._asking: set[str] = set()
        self._changed = asyncio.Event()
        self._behind_changed = asyncio.Event()
        self._progress = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (self._follow_relay(), self._follow_store()) if self._stores else (self._follow_relay(),)
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def add(self, content_topics: set[str]) -> None:
        self._topics |= content_topics
        self._changed.set()

    def remove(self, content_topics: set[str]) -> None:
        self._topics -= content_topics
        self._behind -= content_topics
        self._changed.set()

    def catch_up(self, content_topics: set[str]) -> None:
        """Ask the store for what came since these topics were last in step."""
        if self._stores:
            self._behind |= content_topics & self._topics
            self._behind_changed.set()

    async def caught_up(self, content_topics: set[str]) -> None:
        """Waits until these topics are subscribed to and the store has been asked."""
        while not content_topics <= self._live or content_topics & (self._behind | self._asking):
            await self._progress.wait()

    def _made_progress(self) -> None:
        self._progress.set()  # wakes everyone who waits now
        self._progress = asyncio.Event()

    # Relay

    async def _follow_relay(self) -> None:
        relays, backoff = itertools.cycle(self._relays), Backoff()
        while True:
            while not self._topics:
                await self._changed.wait()
                self._changed.clear()
            client = next(relays)
            try:
                await self._stream(client, backoff)
                log.warning("%s: %s closed the stream", self.pubsub_topic, client)
            except StreamUnsupported:
                await self._poll(client)
            except NodeUnavailable as error:
                log.warning("%s: %s", self.pubsub_topic, error)
                if backoff.failures == 0:
                    self.catch_up(self._topics)  # the store may be there when the relay is not
            except Exception:
                log.exception("%s: handling what %s relayed failed", self.pubsub_topic, client)
            await backoff.wait()

    async def _stream(self, client: WakuNodeClient, backoff: Backoff) -> None:
        topics = set(self._topics)
        async with client.stream(self.pubsub_topic, topics) as stream:
            log.info("%s: following %s", self.pubsub_topic, client)
            backoff.reset()
            self.connected_to = client
            self._live = topics
            self.catch_up(topics)
            self._made_progress()
            updates = asyncio.create_task(self._keep_subscribed(stream, set(topics)))
            try:
                async with aclosing(batches(stream.events())) as arriving:
                    async for events in arriving:
                        self._deliver([event for event in events if not isinstance(event, set)])
                        for subscribed in (event for event in events if isinstance(event, set)):
                            fresh = (subscribed & self._topics) - self._live
                            self._live |= fresh
                            self.catch_up(fresh)
                            self._made_progress()
                self._in_step()
            except (NodeUnavailable, asyncio.CancelledError):
                self._in_step()
                raise
            finally:
                updates.cancel()
                self._live = set()
                self.connected_to = None

    def _in_step(self) -> None:
        """All that was relayed until now was delivered; not so where delivering failed."""
        self._state.in_step(self.pubsub_topic, self._live - self._behind - self._asking, time.time_ns())

    async def _keep_subscribed(self, stream: Stream, asked: set[str]) -> None:
        """Until the stream breaks, which its reader notices as well."""
        with suppress(NodeUnavailable):
            await self._follow_topics(stream, asked)

    async def _follow_topics(self, stream: Stream, asked: set[str]) -> None:
        while True:
            wanted = set(self._topics)
            if added := wanted - asked:
                await stream.subscribe(added)
            if dropped := asked - wanted:
                await stream.unsubscribe(dropped)
                self._live -= dropped
            asked = wanted
            await self._changed.wait()
            self._changed.clear()

    async def _poll(self, client: WakuNodeClient) -> None:
        """For as long as the process lives: a node that cannot push will not learn to."""
        if not self._stores:
            raise NodeUnavailable(f"{client} has no push stream, and there is no store node to poll")
        log.info("%s: %s has no push stream, polling the store", self.pubsub_topic, client)
        self.connected_to = client
        while True:
            self._live = set(self._topics)
            self.catch_up(self._topics)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_INTERVAL):
                    await self._changed.wait()  # a new topic is not to wait its turn
            self._changed.clear()

    # Store

    async def _follow_store(self) -> None:
        stores, backoff = itertools.cycle(self._stores), Backoff()
        client = next(stores)
        while True:
            while not self._behind:
                self._behind_changed.clear()
                await self._behind_changed.wait()
            topics = set(self._behind)
            self._emit(signal_types.HISTORY_REQUEST_STARTED, numBatches=1)
            try:
                await self._query(client, topics)
            except Exception as error:
                expected = isinstance(error, (NodeUnavailable, Rejected))
                log.warning("%s: history: %s", self.pubsub_topic, error, exc_info=not expected)
                self._emit(signal_types.HISTORY_REQUEST_FAILED, errorMessage=str(error))
                client = next(stores)
                await backoff.wait()
                continue
            backoff.reset()
            self._emit(signal_types.HISTORY_REQUEST_COMPLETED)
            self._made_progress()

    async def _query(self, client: WakuNodeClient, topics: set[str]) -> None:
        begun = time.time_ns()
        self._behind -= topics  # whoever falls behind from here on is asked for again
        self._asking = topics
        try:
            for start, group in self._state.since(self.pubsub_topic, topics).items():
                since = start - _OVERLAP * 1_000_000_000
                async for page in client.query(self.pubsub_topic, group, since):
                    self._deliver(page)
                self._synced(self.pubsub_topic, group, since, begun)
        except BaseException:
            self._behind |= topics & self._topics
            raise
        finally:
            self._asking = set()
        self._state.in_step(self.pubsub_topic, topics, begun)

    def _emit(self, type_: str, **fields: object) -> None:
        self._signals.emit(type_, {"requestId": "", "peerId": "", "batchIndex": 0, **fields})
