"""/lightpush/v1/message: have a message published."""

from __future__ import annotations

from aiohttp import web

from wakunode.node import Node
from wakunode.peers.link import RequestFailed
from wakunode.rest.body import bad_request, json_body, message_of, ok


class LightpushRoutes:
    def __init__(self, node: Node) -> None:
        self._node = node

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_post("/lightpush/v1/message", self.push)

    async def push(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        if not isinstance(body, dict) or not isinstance(body.get("pubsubTopic") or "", str):
            raise bad_request("Invalid content body, could not decode. Expected {pubsubTopic, message}")
        try:
            await self._node.push(body.get("pubsubTopic"), message_of(body.get("message")))
        except RequestFailed as error:
            return web.Response(status=error.status, text=f"Failed to request a message push: {error}")
        return ok()
