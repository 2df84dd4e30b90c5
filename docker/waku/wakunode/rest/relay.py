"""/relay/v1: subscribe, publish and poll, by pubsub topic or (auto) by content topic alone."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from wakunode.message import Envelope
from wakunode.node import Node
from wakunode.relay import MessageTooBig
from wakunode.rest.body import bad_request, json_body, message_of, ok, strings_body
from wakunode.rest.cache import MessageCache
from wakunode.topics import TopicError


class RelayRoutes:
    def __init__(self, node: Node) -> None:
        self._node = node
        capacity = node.options.rest_relay_cache_capacity
        self._by_pubsub_topic = MessageCache(capacity, lambda envelope: envelope.pubsub_topic)
        self._by_content_topic = MessageCache(capacity, lambda envelope: envelope.message.content_topic)
        self._by_pubsub_topic.subscribe(node.relay.topics)
        node.relay.add_listener(self._by_pubsub_topic.add)
        node.relay.add_listener(self._by_content_topic.add)
        self._subscribe_auto(node.options.content_topics)

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_post("/relay/v1/subscriptions", self.subscribe)
        router.add_delete("/relay/v1/subscriptions", self.unsubscribe)
        router.add_get("/relay/v1/messages/{topic}", self.take)
        router.add_post("/relay/v1/messages/{topic}", self.publish)
        router.add_post("/relay/v1/auto/subscriptions", self.subscribe_auto)
        router.add_delete("/relay/v1/auto/subscriptions", self.unsubscribe_auto)
        router.add_get("/relay/v1/auto/messages/{topic}", self.take_auto)
        router.add_post("/relay/v1/auto/messages", self.publish_auto)

    async def subscribe(self, request: web.Request) -> web.Response:
        topics = await strings_body(request)
        try:
            self._node.relay.subscribe(topics)
        except TopicError as error:
            raise bad_request(str(error)) from None
        self._by_pubsub_topic.subscribe(topics)
        return ok()

    async def unsubscribe(self, request: web.Request) -> web.Response:
        topics = await strings_body(request)
        self._node.relay.unsubscribe(topics)
        self._by_pubsub_topic.unsubscribe(topics)
        return ok()

    async def take(self, request: web.Request) -> web.Response:
        return _messages(self._by_pubsub_topic, request.match_info["topic"])

    async def publish(self, request: web.Request) -> web.Response:
        topic = request.match_info["topic"]
        if not self._node.relay.is_subscribed(topic):
            raise bad_request(f"Failed to publish: Node not subscribed to topic: {topic}")
        return self._publish(Envelope(topic, message_of(await json_body(request))))

    async def subscribe_auto(self, request: web.Request) -> web.Response:
        try:
            self._subscribe_auto(await strings_body(request))
        except TopicError as error:
            raise bad_request(f"Autosharding error: {error}") from None
        return ok()

    async def unsubscribe_auto(self, request: web.Request) -> web.Response:
        """Forget content topics; their shards are left too, unless something else still needs them."""
        topics = set(await strings_body(request)) & set(self._by_content_topic.topics())
        self._by_content_topic.unsubscribe(topics)
        needed = set(map(self._node.autoshard, self._by_content_topic.topics())) | set(self._by_pubsub_topic.topics())
        self._node.relay.unsubscribe(set(map(self._node.autoshard, topics)) - needed)
        return ok()

    async def take_auto(self, request: web.Request) -> web.Response:
        return _messages(self._by_content_topic, request.match_info["topic"])

    async def publish_auto(self, request: web.Request) -> web.Response:
        message = message_of(await json_body(request))
        try:
            topic = self._node.autoshard(message.content_topic)
        except TopicError as error:
            raise bad_request(f"Autosharding error: {error}") from None
        return self._publish(Envelope(topic, message))

    def _publish(self, envelope: Envelope) -> web.Response:
        try:
            self._node.relay.publish(envelope)
        except MessageTooBig as error:
            raise bad_request(f"Failed to publish: {error}") from None
        return ok()

    def _subscribe_auto(self, content_topics: Iterable[str]) -> None:
        content_topics = list(content_topics)
        self._node.relay.subscribe(map(self._node.autoshard, content_topics))
        self._by_content_topic.subscribe(content_topics)


def _messages(cache: MessageCache, topic: str) -> web.Response:
    unread = cache.take(topic)
    if unread is None:
        raise web.HTTPNotFound(text=f"Not subscribed to topic: {topic}")
    return web.json_response([envelope.message.to_json() for envelope in unread])
