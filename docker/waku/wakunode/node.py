"""A node: its parts, wired together, from start to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import Any

from aiohttp import web

from wakunode import __version__
from wakunode.enr import make_record
from wakunode.message import Envelope, InvalidMessage, WakuMessage
from wakunode.multiaddr import Multiaddr
from wakunode.options import Options
from wakunode.peers.handshake import Hello
from wakunode.peers.link import RequestFailed
from wakunode.peers.switch import Switch
from wakunode.relay import MessageTooBig, Relay
from wakunode.serving import listen
from wakunode.store import InvalidQuery, Query, Store, StoreError
from wakunode.store_protocol import page_to_json, query_from_json, query_to_json
from wakunode.topics import Shard, TopicError, autoshard

RELAY_PROTOCOL = "/vac/waku/relay/2.0.0"
STORE_PROTOCOL = "/vac/waku/store-query/3.0.0"
LIGHTPUSH_PROTOCOL = "/vac/waku/lightpush/2.0.0-beta1"

MAX_PURGE_INTERVAL_SECONDS = 1800

log = logging.getLogger(__name__)


class Node:
    """Start it once, stop it once. `ports` are the bound TCP ports by name."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.identity = options.identity
        self.ports: dict[str, int] = {}
        self.relay = Relay(options.cluster_id, options.shards, options.max_message_size, options.relay)
        self.store = Store(options.database, options.retention) if options.store else None
        if self.store:
            self.relay.add_listener(self._keep_message)
        self.switch = Switch(options.identity, self.relay, self._hello, options.max_connections)
        self._rest: web.AppRunner | None = None
        self._purger: asyncio.Task[None] | None = None
        self._record_seq = time.time_ns() // 10**6

    async def start(self) -> None:
        options = self.options
        if self.store:
            self.switch.serve("store_query", self._answer_query)
            self._purger = asyncio.create_task(self._purge_in_time(self.store))
        if options.lightpush:
            self.switch.serve("lightpush", self._answer_push)
        self.ports["p2p"] = await self.switch.start(options.listen_address, options.tcp_port)
        if options.rest:
            from wakunode.rest.app import make_app

            self._rest, self.ports["rest"] = await listen(make_app(self), options.rest_address, options.rest_port)
        service_nodes = [node for node in (options.store_node, options.lightpush_node) if node]
        self.switch.keep((*options.static_nodes, *service_nodes))
        log.info("serving as %s on %s, %s", self.identity.peer_id, ", ".join(map(str, self.addresses)), self.record)

    async def stop(self) -> None:
        if self._purger:
            self._purger.cancel()
        await asyncio.gather(self.switch.stop(), *([self._rest.cleanup()] if self._rest else []))
        if self.store:
            self.store.close()

    @property
    def protocols(self) -> list[str]:
        served = (
            (self.options.relay, RELAY_PROTOCOL),
            (self.store, STORE_PROTOCOL),
            (self.options.lightpush, LIGHTPUSH_PROTOCOL),
        )
        return [protocol for on, protocol in served if on]

    @property
    def addresses(self) -> list[Multiaddr]:
        """Where peers reach this node, the best first."""
        options, port, peer_id = self.options, self.ports["p2p"], self.identity.peer_id
        host = options.external_ip or options.listen_address
        if host in ("0.0.0.0", "::"):
            host = _own_ip()
        names = [options.dns4_domain_name] if options.dns4_domain_name else []
        return [Multiaddr.of(name, port, peer_id) for name in (*names, host)]

    @property
    def record(self) -> str:
        """The node's signed ENR; its shards follow the subscriptions."""
        capabilities = [name for name in ("relay", "store", "lightpush") if getattr(self.options, name)]
        shards = [Shard.parse(topic).index for topic in self.relay.topics]
        return make_record(self.identity, self._record_seq, self.relay.cluster, shards, capabilities, self.addresses)

    def autoshard(self, content_topic: str) -> str:
        """The pubsub topic of a content topic; raises TopicError."""
        return str(autoshard(content_topic, self.relay.cluster, self.options.shard_count))

    async def query(self, query: Query, include_data: bool, peer_id: str | None = None) -> dict[str, Any]:
        """A page from the own store, or from a peer's where one is named or there is none here.

        Raises InvalidQuery, RequestFailed.
        """
        if self.store and not peer_id:
            return page_to_json(self.store.query(query), include_data)
        if peer_id is None and self.options.store_node:
            peer_id = self.options.store_node.peer_id
        try:
            return await self.switch.request(STORE_PROTOCOL, "store_query", query_to_json(query, include_data), peer_id)
        except RequestFailed as error:
            if error.status == 400:
                raise InvalidQuery(str(error)) from error
            raise

    async def push(self, pubsub_topic: str | None, message: WakuMessage) -> None:
        """Publish by light push: here where it is served, else through a peer. Raises RequestFailed."""
        params = {"pubsubTopic": pubsub_topic, "message": message.to_json()}
        if self.options.lightpush:
            await self._answer_push(params)
            return
        server = self.options.lightpush_node
        await self.switch.request(LIGHTPUSH_PROTOCOL, "lightpush", params, server.peer_id if server else None)

    def _hello(self) -> Hello:
        shards = tuple(Shard.parse(topic).index for topic in self.relay.topics)
        addresses = tuple(map(str, self.addresses))
        agent = f"wakunode/{__version__}"
        return Hello(self.identity.peer_id, self.relay.cluster, shards, tuple(self.protocols), addresses, agent)

    def _keep_message(self, envelope: Envelope, _: object | None) -> None:
        assert self.store is not None
        if self.relay.is_subscribed(envelope.pubsub_topic):
            try:
                self.store.put(envelope)
            except StoreError as error:
                log.error("%s", error)

    async def _answer_query(self, params: Any) -> dict[str, Any]:
        assert self.store is not None
        try:
            query, include_data = query_from_json(params)
            return page_to_json(self.store.query(query), include_data)
        except (InvalidQuery, KeyError, TypeError, ValueError) as error:
            raise RequestFailed(400, str(error)) from error

    async def _answer_push(self, params: Any) -> None:
        try:
            message = WakuMessage.from_json(params["message"]).stamped()
            topic = params["pubsubTopic"] or self.autoshard(message.content_topic)
            self.relay.check_topic(topic)
            self.relay.publish(Envelope(topic, message))
        except (InvalidMessage, TopicError, MessageTooBig, KeyError, TypeError) as error:
            raise RequestFailed(400, str(error)) from error

    async def _purge_in_time(self, store: Store) -> None:
        seconds = store.retention.seconds or MAX_PURGE_INTERVAL_SECONDS
        interval = min(max(seconds / 2, 1), MAX_PURGE_INTERVAL_SECONDS)
        while True:
            try:
                store.purge()
            except Exception:  # a full or locked disk now is no reason to stop purging for good
                log.exception("retention could not be applied")
            await asyncio.sleep(interval)


def _own_ip() -> str:
    """The address of this host on its network: what a packet to another one would carry."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only the route is looked up
            return probe.getsockname()[0]
        except OSError:  # a network without a default route, as an internal one of Docker is
            return socket.gethostbyname(socket.gethostname())
