"""One Waku node over its REST interface (nwaku's, and the push stream of this project's reference node)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from ..fleets import WakuNode
from ..http import aiohttp
from ..protocol.waku_message import Envelope, MalformedEnvelope

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
_HEARTBEAT = 10.0  # seconds; a node that stops answering is noticed after one and a half of them
_PAGE = 100
_NO_SUCH_ROUTE = (200, 404, 405, 501)


class NodeUnavailable(Exception):
    """The node does not answer, or answers that it cannot now. Worth another try."""


class Rejected(Exception):
    """The node refuses this very request. Repeating it is of no use."""


class StreamUnsupported(Exception):
    """The node has no push stream: it is not this project's reference node."""


class WakuNodeClient:
    """Speaks to one node. Messages that cannot be read are handed over as None, so that they can be counted."""

    def __init__(self, node: WakuNode, http: aiohttp.ClientSession) -> None:
        self.node = node
        self._http = http

    def __str__(self) -> str:
        return f"waku node {self.node.rest_url}"

    async def publish(self, envelope: Envelope) -> None:
        path = f"/relay/v1/messages/{quote(envelope.pubsub_topic, safe='')}"
        await self._request("POST", path, json=envelope.to_json())

    async def query(
        self, pubsub_topic: str, content_topics: Iterable[str], start: int, end: int | None = None
    ) -> AsyncIterator[list[Envelope | None]]:
        """Stored messages with a timestamp from `start` on (unix nanoseconds), oldest first, page by page."""
        params = {
            "pubsubTopic": pubsub_topic,
            "contentTopics": ",".join(content_topics),
            "startTime": str(start),
            "includeData": "true",
            "ascending": "true",
            "pageSize": str(_PAGE),
        }
        if end is not None:
            params["endTime"] = str(end)
        while True:
            answer = await self._request("GET", "/store/v3/messages", params=params)
            if answer.get("statusCode", 200) != 200:
                raise NodeUnavailable(f"{self}: store query: {answer['statusCode']} {answer.get('statusDesc')}")
            yield [_envelope(pubsub_topic, entry) for entry in answer.get("messages") or []]
            if not answer.get("paginationCursor"):
                return
            params["cursor"] = answer["paginationCursor"]

    @asynccontextmanager
    async def stream(self, pubsub_topic: str, content_topics: Iterable[str]) -> AsyncIterator[Stream]:
        params = [("pubsubTopic", pubsub_topic), *(("contentTopic", topic) for topic in content_topics)]
        url = f"{self.node.rest_url}/relay/v1/subscriptions/stream"
        try:
            socket = await self._http.ws_connect(url, params=params, heartbeat=_HEARTBEAT, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            if error.status in _NO_SUCH_ROUTE:
                raise StreamUnsupported(f"{self}: {error.status} {error.message}") from error
            raise NodeUnavailable(f"{self}: no stream of {pubsub_topic}: {error.status} {error.message}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NodeUnavailable(f"{self}: {error!r}") from error
        async with socket:
            yield Stream(socket, pubsub_topic)

    async def _request(self, method: str, path: str, **kwargs: Any) -> Any:
        try:
            async with self._http.request(method, self.node.rest_url + path, timeout=_TIMEOUT, **kwargs) as response:
                body = await response.text()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NodeUnavailable(f"{self}: {method} {path}: {error!r}") from error
        if 400 <= response.status < 500:
            raise Rejected(f"{self}: {method} {path}: {response.status} {body}")
        if response.status != 200:
            raise NodeUnavailable(f"{self}: {method} {path}: {response.status} {body}")
        try:
            return json.loads(body) if "json" in response.content_type else body
        except ValueError as error:
            raise NodeUnavailable(f"{self}: {method} {path}: not JSON: {body[:200]!r}") from error


class Stream:
    """Messages as the node relays them, and acknowledgements of changed subscriptions."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, pubsub_topic: str) -> None:
        self._socket = socket
        self._pubsub_topic = pubsub_topic

    async def subscribe(self, content_topics: Iterable[str]) -> None:
        await self._send("subscribe", content_topics)

    async def unsubscribe(self, content_topics: Iterable[str]) -> None:
        await self._send("unsubscribe", content_topics)

    async def events(self) -> AsyncIterator[Envelope | set[str] | None]:
        """An envelope for each message (None for one that cannot be read), a set of content topics once subscribed."""
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                body = json.loads(frame.data)
            except ValueError:
                body = None
            if isinstance(body, dict) and "error" in body:
                raise NodeUnavailable(f"push stream of {self._pubsub_topic}: {body['error']}")
            if isinstance(body, dict) and "subscribed" in body:
                yield set(body["subscribed"])
            else:
                yield _envelope(self._pubsub_topic, body)

    async def _send(self, verb: str, content_topics: Iterable[str]) -> None:
        try:
            await self._socket.send_json({verb: sorted(content_topics)})
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NodeUnavailable(f"push stream: {error!r}") from error


def _envelope(pubsub_topic: str, entry: Any) -> Envelope | None:
    try:
        return Envelope.from_json(entry.get("pubsubTopic") or pubsub_topic, entry["message"])
    except (AttributeError, KeyError, TypeError, MalformedEnvelope):
        return None
