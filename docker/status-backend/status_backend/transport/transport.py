"""Sealed messages out to the fleet, opened messages in from it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coincurve import PrivateKey, PublicKey

from .. import metrics, signal_types
from ..db import Database
from ..fleets import DEFAULT_CLUSTER_ID, WakuFleet
from ..http import aiohttp, session
from ..protocol import payload
from ..protocol.ecies import DecryptionFailed
from ..protocol.payload import Decoded, MalformedPayload
from ..protocol.waku_message import Envelope
from ..signals import SignalHub
from . import sync_state
from .channel import Channel
from .drops import Drops
from .filters import OPEN_SHARD, PROTECTED_SHARD, Filter, Filters, pubsub_topic
from .outbox import Outbox
from .peer_stats import tell_peers
from .sync_state import SyncState
from .waku_node import WakuNodeClient

log = logging.getLogger(__name__)

_REMEMBERED = 10_000  # envelope hashes, against handling twice what comes from stream and store


@dataclass(frozen=True)
class Received:
    """A message that one of our filters could open."""

    filter: Filter
    envelope: Envelope
    decoded: Decoded


class Transport:
    """Works without a fleet as well: then messages wait in the outbox and none arrive.

    `on_synced` gets chat ids, and the begin and end of what the store was asked for of them (unix seconds).
    `on_received` gets what arrived together (one live message, a page of history). If it raises, that is fetched again.
    """

    def __init__(
        self,
        fleet: WakuFleet | None,
        db: Database,
        signals: SignalHub,
        on_received: Callable[[list[Received]], None],
        on_sent: Callable[[str], None],
        on_synced: Callable[[list[str], int, int], None],
        drops: Drops,
    ) -> None:
        sync_state.migrate(db)
        self.fleet = fleet
        self._drops = drops
        self._cluster = fleet.cluster_id if fleet else DEFAULT_CLUSTER_ID
        self._shards = {self.pubsub_topic(shard): shard for shard in (PROTECTED_SHARD, OPEN_SHARD)}
        self._signals = signals
        self._state = SyncState(db)
        self._on_received = on_received
        self._on_sent = on_sent
        self._on_synced = on_synced
        self._filters = Filters()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._outbox = Outbox(db, self._done)
        self._channels: dict[int, Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None
        self._tellers: list[asyncio.Task[None]] = []

    def pubsub_topic(self, shard: int) -> str:
        return pubsub_topic(self._cluster, shard)

    async def start(self) -> None:
        if self.fleet is None or not self.fleet.nodes:
            log.warning("no waku fleet: this node is on its own")
            return
        self._http = session(*(node.rest_url for node in self.fleet.nodes))
        clients = {node.rest_url: WakuNodeClient(node, self._http) for node in self.fleet.nodes}
        relays = [clients[node.rest_url] for node in self.fleet.relay_nodes]
        stores = [clients[node.rest_url] for node in self.fleet.store_nodes]
        for topic, shard in self._shards.items():
            channel = Channel(topic, relays, stores, self._state, self._signals, self._deliver, self._synced)
            channel.add(self._filters.topics(shard))
            channel.start()
            self._channels[shard] = channel
        self._outbox.start(relays)
        tellers = tell_peers(self._signals, self.peers), self._drops.keep_telling()
        self._tellers = [asyncio.create_task(teller) for teller in tellers]
        for node in self.fleet.store_nodes[:1]:
            event = {"address": node.addr, "id": node.peer_id}
            self._signals.emit(signal_types.MAILSERVER_CHANGED, event)
            self._signals.emit(signal_types.MAILSERVER_AVAILABLE, event)

    async def stop(self) -> None:
        await asyncio.gather(*(channel.stop() for channel in self._channels.values()), self._outbox.stop())
        self._channels.clear()
        for teller in self._tellers:
            teller.cancel()
        await asyncio.gather(*self._tellers, return_exceptions=True)
        self._drops.tell()
        if self._http is not None:
            await self._http.close()

    async def prepare(self, chat_ids: Iterable[str]) -> None:
        """Derives the keys of these channels off the event loop: each takes tens of milliseconds, once."""
        await asyncio.gather(*(asyncio.to_thread(payload.symmetric_key, chat_id) for chat_id in chat_ids))

    def subscribe(self, filters: Iterable[Filter]) -> None:
        """Listen from now on and fetch what the store has. Returns at once; see `caught_up`."""
        added = [filter_ for filter_ in filters if self._filters.add(filter_)]
        for filter_ in added:
            if filter_.shard in self._channels:
                self._channels[filter_.shard].add({filter_.content_topic})
        self._derive_keys(filter_.chat_id for filter_ in added if filter_.private_key is None)

    def _derive_keys(self, chat_ids: Iterable[str]) -> None:
        """Ahead of the first message, so that it need not wait for its key."""
        task = asyncio.create_task(self.prepare(list(chat_ids)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def unsubscribe(self, filters: Iterable[Filter]) -> None:
        """Stop listening. Should it be subscribed to again, its whole history is asked for."""
        for filter_ in filters:
            if self._filters.remove(filter_):
                self._forget(filter_)
                if filter_.shard in self._channels:
                    self._channels[filter_.shard].remove({filter_.content_topic})

    def rewind(self, filter_: Filter) -> None:
        """Ask the store for all it has on this filter's topic again."""
        self._forget(filter_)
        if filter_.shard in self._channels:
            self._channels[filter_.shard].catch_up({filter_.content_topic})

    def _forget(self, filter_: Filter) -> None:
        self._state.forget(self.pubsub_topic(filter_.shard), {filter_.content_topic})
        self._seen.clear()

    async def caught_up(self, filters: Iterable[Filter]) -> None:
        """Waits until these filters are live and their history is here. Never returns while the fleet is away."""
        for filter_ in filters:
            await self._channels[filter_.shard].caught_up({filter_.content_topic})

    def filters(self) -> list[Filter]:
        return list(self._filters)

    def send_public(self, chat_id: str, wrapped: bytes, author: PrivateKey, message_id: str = "") -> Envelope:
        """Readable for all who know the chat id."""
        sealed = payload.seal_symmetric(payload.encode(wrapped, author), payload.symmetric_key(chat_id))
        return self._send(Filter(chat_id), sealed, message_id)

    def send_private(
        self, mailbox: Filter, recipient: PublicKey, wrapped: bytes, author: PrivateKey, message_id: str = ""
    ) -> Envelope:
        """Readable for the recipient only; sent to the channel on which it is written to."""
        return self._send(mailbox, payload.seal_for(payload.encode(wrapped, author), recipient), message_id)

    async def flushed(self) -> None:
        await self._outbox.flushed()

    def peers(self) -> dict[str, Any]:
        """The nodes that we follow, by peer id, as `wakuext_peers` shows them."""
        return {
            client.node.peer_id: {"protocols": ["/vac/waku/relay/2.0.0"], "addresses": [client.node.addr]}
            for channel in self._channels.values()
            if (client := channel.connected_to) is not None
        }

    def _send(self, to: Filter, sealed: bytes, message_id: str) -> Envelope:
        envelope = Envelope(self.pubsub_topic(to.shard), to.content_topic, sealed, time.time_ns())
        self._outbox.put(envelope, message_id)
        self._remember(envelope.hash)  # its echo is no news
        return envelope

    def _done(self, message_id: str, envelope: Envelope, sent: bool) -> None:
        if sent and message_id:
            self._on_sent(message_id)
        event = {"ids": [message_id] if message_id else [], "hash": "0x" + envelope.hash.hex(), "message": ""}
        self._signals.emit(signal_types.ENVELOPE_SENT if sent else signal_types.ENVELOPE_EXPIRED, event)

    def _deliver(self, envelopes: Sequence[Envelope | None]) -> None:
        received = [message for envelope in envelopes if (message := self._open(envelope)) is not None]
        if not received:
            return
        metrics.RECEIVED.values["waku"] += len(received)
        try:
            self._on_received(received)
        except BaseException:
            for message in received:  # it may come again, and then must not count as seen
                self._seen.pop(message.envelope.hash, None)
            raise

    def _synced(self, pubsub_topic: str, content_topics: set[str], since: int, until: int) -> None:
        shard = self._shards[pubsub_topic]
        chats = [filter_.chat_id for topic in sorted(content_topics) for filter_ in self._filters.at(shard, topic)]
        self._on_synced(chats, since // 1_000_000_000, until // 1_000_000_000)

    def _open(self, envelope: Envelope | None) -> Received | None:
        if envelope is None:
            log.warning("dropped (malformed) what is no envelope on a stream or in a page of the store")
            self._drops.add("malformed")
            return None
        if envelope.hash in self._seen:
            return None
        self._remember(envelope.hash)
        undecryptable = False
        filters = self._filters.at(self._shards.get(envelope.pubsub_topic, -1), envelope.content_topic)
        for filter_ in filters:
            try:
                return Received(filter_, envelope, filter_.open(envelope.payload))
            except DecryptionFailed:
                if filter_.private_key is None:
                    undecryptable = True  # while mailboxes are shared: most of what lies in them is for others
            except MalformedPayload as error:
                log.warning("dropped (malformed) a message on %s: %s", filter_.chat_id, error)
                self._drops.add("malformed")
                return None
        if undecryptable:
            log.warning("dropped (undecryptable) message %s on %s", envelope.hash.hex(), envelope.content_topic)
            self._drops.add("undecryptable")
        return None

    def _remember(self, hash_: bytes) -> None:
        self._seen[hash_] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
