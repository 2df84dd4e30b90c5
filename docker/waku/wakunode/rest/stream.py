"""The push subscription, our one addition to nwaku's interface: a WebSocket that gets each message as it comes.

`GET /relay/v1/subscriptions/stream?pubsubTopic=..&contentTopic=..`, both optional and repeatable. Each text frame is
`{"pubsubTopic", "messageHash", "message"}`. The client may narrow or widen its content topics with frames
`{"subscribe": [..]}` and `{"unsubscribe": [..]}`, answered by `{"subscribed": [..]}`, all topics then in force, or by
`{"error": ".."}`, which changes nothing. A stream opened without content topics gets everything until its first
`subscribe`; one whose last content topic was unsubscribed gets nothing. What was published after the WebSocket was
accepted is never missed; a client that reads too slowly is cut off and finds the rest in the store.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from wakunode.message import Envelope, parse_json
from wakunode.outbox import Outbox, TooSlow
from wakunode.relay import Relay
from wakunode.rest.body import bad_request
from wakunode.tasks import until_first

HEARTBEAT_SECONDS = 20

log = logging.getLogger(__name__)


class Subscriber:
    """One stream's filter and what waits to be sent on it."""

    def __init__(self, pubsub_topics: list[str], content_topics: list[str]) -> None:
        self.outbox = Outbox()
        self._pubsub_topics = frozenset(pubsub_topics)
        self._content_topics: set[str] | None = set(content_topics) if content_topics else None

    def offer(self, envelope: Envelope) -> None:
        if self._pubsub_topics and envelope.pubsub_topic not in self._pubsub_topics:
            return
        if self._content_topics is None or envelope.message.content_topic in self._content_topics:
            self.outbox.put(envelope.frame)

    def command(self, text: str) -> None:
        """Carry out a frame of the client and queue the answer, behind the messages that came before it."""
        try:
            self._change(parse_json(text))
        except ValueError as error:
            self.outbox.put(json.dumps({"error": str(error)}))
        else:
            self.outbox.put(json.dumps({"subscribed": sorted(self._content_topics or ())}))

    def _change(self, frame: Any) -> None:
        if not isinstance(frame, dict) or len(frame) != 1 or next(iter(frame)) not in ("subscribe", "unsubscribe"):
            raise ValueError('expected {"subscribe": [content topics]} or {"unsubscribe": [content topics]}')
        ((verb, topics),) = frame.items()
        if not isinstance(topics, list) or not all(isinstance(topic, str) and topic for topic in topics):
            raise ValueError(f"{verb}: expected a list of content topics")
        if self._content_topics is None:
            if verb == "unsubscribe":
                raise ValueError("unsubscribe: this stream has no content topics, it gets everything")
            self._content_topics = set()
        if verb == "subscribe":
            self._content_topics.update(topics)
        else:
            self._content_topics.difference_update(topics)


class StreamRoute:
    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._subscribers: dict[Subscriber, tuple[web.WebSocketResponse, asyncio.Transport | None]] = {}
        relay.add_listener(self._publish)

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/relay/v1/subscriptions/stream", self.stream)
        app.on_shutdown.append(self._close_all)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        pubsub_topics, content_topics = (
            request.query.getall("pubsubTopic", []),
            request.query.getall("contentTopic", []),
        )
        for topic in pubsub_topics:
            if not self._relay.is_subscribed(topic):
                raise bad_request(f"Node not subscribed to topic: {topic}")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=1, compress=False)
        subscriber = Subscriber(pubsub_topics, content_topics)
        # known before the handshake's answer goes out: nothing is lost between the client's "open" and its first frame
        self._subscribers[subscriber] = (socket, request.transport)
        try:
            await socket.prepare(request)
            await until_first(self._read(socket, subscriber), subscriber.outbox.drain(socket))
        except TooSlow as error:
            log.warning("push stream of %s cut off, it reads too slowly: %s", request.remote, error)
            _abort(request.transport)
        except ConnectionError as error:
            log.info("push stream of %s lost: %s", request.remote, error)
        finally:
            del self._subscribers[subscriber]
        return socket

    async def _read(self, socket: web.WebSocketResponse, subscriber: Subscriber) -> None:
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                subscriber.command(frame.data)

    def _publish(self, envelope: Envelope, _: object | None) -> None:
        if self._relay.is_subscribed(envelope.pubsub_topic):
            for subscriber in self._subscribers:
                subscriber.offer(envelope)

    async def _close_all(self, _: web.Application) -> None:
        streams = list(self._subscribers.values())
        if not streams:
            return
        farewells = {
            asyncio.create_task(socket.close(code=WSCloseCode.GOING_AWAY, message=b"stopping")): transport
            for socket, transport in streams
        }
        done, _waiting = await asyncio.wait(farewells, timeout=0.5)
        for farewell, transport in farewells.items():
            if farewell not in done:
                farewell.cancel()
                _abort(transport)


def _abort(transport: asyncio.Transport | None) -> None:
    """Drop a connection without waiting for a peer that does not read."""
    if transport is not None:
        transport.abort()
