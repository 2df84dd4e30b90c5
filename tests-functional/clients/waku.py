"""A Waku node over nwaku's REST interface."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import requests
from Crypto.Hash import keccak

from clients.http import DEFAULT_TIMEOUT
from clients.rest import RestClient

CLUSTER = 16
PROTECTED_SHARD = 32
NON_PROTECTED_SHARD = 64
MAX_PAGE_SIZE = 100


def content_topic(chat_id: str) -> str:
    """The content topic of a chat: `/waku/1/0x<first 4 bytes of keccak256(chat id)>/rfc26`."""
    return f"/waku/1/0x{keccak.new(digest_bits=256, data=chat_id.encode()).digest()[:4].hex()}/rfc26"


def pubsub_topic(shard: int = PROTECTED_SHARD, cluster: int = CLUSTER) -> str:
    return f"/waku/2/rs/{cluster}/{shard}"


class WakuClient(RestClient):
    """Messages are `{"payload": base64, "contentTopic", "version", "timestamp": nanoseconds, "ephemeral", "meta"}`. A
    refusal raises `RestError`."""

    # the node

    def health(self) -> dict[str, Any]:
        """{"nodeHealth": "Ready", "protocolsHealth": [...]}; the words of older nodes are put under "nodeHealth"."""
        response = self.request("GET", "/health")
        try:
            return response.json()
        except requests.exceptions.JSONDecodeError:
            return {"nodeHealth": response.text}

    def info(self) -> dict[str, Any]:
        """{"enrUri", "listenAddresses": [multiaddress]}."""
        return self.request_json("GET", "/debug/v1/info")

    def version(self) -> str:
        return self.request("GET", "/debug/v1/version").text

    def peers(self) -> list[dict[str, Any]]:
        """[{"multiaddr", "protocols": [{"protocol", "connected"}], "origin"}]; needs --rest-admin."""
        return self.request_json("GET", "/admin/v1/peers")

    def add_peers(self, multiaddrs: Sequence[str]) -> None:
        self.request("POST", "/admin/v1/peers", json=list(multiaddrs))

    # relay

    def subscribe(self, pubsub_topics: Sequence[str]) -> None:
        self.request("POST", "/relay/v1/subscriptions", json=list(pubsub_topics))

    def unsubscribe(self, pubsub_topics: Sequence[str]) -> None:
        self.request("DELETE", "/relay/v1/subscriptions", json=list(pubsub_topics))

    def publish(
        self, payload: bytes, content_topic: str, pubsub_topic: str = pubsub_topic(), *, timestamp: int | None = None,
        ephemeral: bool = False, version: int = 0, meta: bytes | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Publishes a message by relay and returns it. `timestamp` is in nanoseconds, by default now."""
        message = {
            "payload": base64.b64encode(payload).decode(),
            "contentTopic": content_topic,
            "version": version,
            "timestamp": time.time_ns() if timestamp is None else timestamp,
            "ephemeral": ephemeral,
        }
        if meta is not None:
            message["meta"] = base64.b64encode(meta).decode()
        self.request("POST", f"/relay/v1/messages/{quote(pubsub_topic, safe='')}", json=message)
        return message

    def relay_messages(self, pubsub_topic: str = pubsub_topic()) -> list[dict[str, Any]]:
        """Messages that came since the previous call; the node must be subscribed by `subscribe`."""
        return self.request_json("GET", f"/relay/v1/messages/{quote(pubsub_topic, safe='')}")

    def lightpush(self, message: dict[str, Any], pubsub_topic: str = pubsub_topic()) -> None:
        self.request("POST", "/lightpush/v1/message", json={"pubsubTopic": pubsub_topic, "message": message})

    # store

    def store_query(
        self, *, pubsub_topic: str | None = None, content_topics: Sequence[str] = (), start_time: int | None = None,
        end_time: int | None = None, hashes: Sequence[str] = (), cursor: str | None = None,
        page_size: int | None = None, ascending: bool = True, include_data: bool = True, peer_addr: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, Any]:  # fmt: skip
        """One page: {"messages": [{"messageHash", "pubsubTopic"?, "message"?}], "paginationCursor"?, "statusCode",
        "statusDesc"}. Times are in nanoseconds."""
        given = {
            "peerAddr": peer_addr,
            "pubsubTopic": pubsub_topic,
            "contentTopics": ",".join(content_topics) or None,
            "startTime": start_time,
            "endTime": end_time,
            "hashes": ",".join(hashes) or None,
            "cursor": cursor,
            "pageSize": page_size,
            "ascending": str(ascending).lower(),
            "includeData": str(include_data).lower(),
        }
        params = {name: value for name, value in given.items() if value is not None}
        return self.request_json("GET", "/store/v3/messages", params=params, timeout=timeout)

    def store_pages(self, *, page_size: int = MAX_PAGE_SIZE, **query: Any) -> Iterator[dict[str, Any]]:
        """All pages of a `store_query`, one after the other."""
        cursor = query.pop("cursor", None)
        while True:
            page = self.store_query(cursor=cursor, page_size=page_size, **query)
            yield page
            cursor = page.get("paginationCursor")
            if not cursor:
                return

    def store_messages(self, **query: Any) -> list[dict[str, Any]]:
        """All messages that match, over all pages: [{"messageHash", "pubsubTopic", "message"}]."""
        return [message for page in self.store_pages(**query) for message in page["messages"]]
