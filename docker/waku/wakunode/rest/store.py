"""/store/v3/messages."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from wakunode.message import parse_hash
from wakunode.multiaddr import Multiaddr, MultiaddrError
from wakunode.node import Node
from wakunode.peers.link import RequestFailed
from wakunode.peers.switch import DialFailed
from wakunode.rest.body import bad_request
from wakunode.store import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, InvalidQuery, Query, StoreError


class StoreRoutes:
    def __init__(self, node: Node) -> None:
        self._node = node

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/store/v3/messages", self.messages)

    async def messages(self, request: web.Request) -> web.Response:
        query, include_data = _query(request.query), _boolean(request.query, "includeData", False)
        peer_id = await self._named_peer(request.query.get("peerAddr"))
        try:
            return web.json_response(await self._node.query(query, include_data, peer_id))
        except InvalidQuery as error:
            raise bad_request(f"BAD_REQUEST: {error}") from None
        except RequestFailed as error:
            return web.Response(status=error.status, text=str(error))
        except StoreError as error:
            return web.Response(status=500, text=str(error))

    async def _named_peer(self, address: str | None) -> str | None:
        """The peer to ask; it is dialled where there is no link with it yet."""
        if not address:
            return None
        try:
            peer = Multiaddr.parse(address)
        except MultiaddrError as error:
            raise bad_request(f"Failed parsing remote peer info: {error}") from None
        if peer.peer_id is None:
            raise bad_request("Failed parsing remote peer info: the peer id (/p2p/ID) is missing")
        try:
            await self._node.switch.connect(peer)
        except DialFailed as error:
            raise web.HTTPGatewayTimeout(text=f"PEER_DIAL_FAILURE: {error}") from None
        return peer.peer_id


def _query(given: Mapping[str, str]) -> Query:
    cursor = _hashes(given, "cursor")
    if len(cursor) > 1:
        raise bad_request("cursor parsing error: more than one hash")
    page_size = _integer(given, "pageSize")
    if page_size is not None and page_size < 0:
        raise bad_request("pageSize parsing error: it is negative")
    return Query(
        pubsub_topic=given.get("pubsubTopic") or None,
        content_topics=tuple(topic for topic in given.get("contentTopics", "").split(",") if topic),
        start_time=_integer(given, "startTime"),
        end_time=_integer(given, "endTime"),
        hashes=_hashes(given, "hashes"),
        cursor=cursor[0] if cursor else None,
        page_size=min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
        ascending=_boolean(given, "ascending", True),
    )


def _integer(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise bad_request(f"{name} parsing error: {text!r} is not an integer") from None
    if not -(2**63) <= number < 2**63:
        raise bad_request(f"{name} parsing error: {text!r} is out of range")
    return number


def _boolean(given: Mapping[str, str], name: str, default: bool) -> bool:
    text = given.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise bad_request(f"{name} parsing error: {text!r} is neither true nor false")
    return text in ("true", "1") if text else default


def _hashes(given: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    try:
        return tuple(parse_hash(text) for text in given.get(name, "").split(",") if text)
    except ValueError as error:
        raise bad_request(f"{name} parsing error: {error}") from None
