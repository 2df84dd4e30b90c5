"""/health and /debug/v1: is it well, who is it, which release."""

from __future__ import annotations

from aiohttp import web

from wakunode import __version__
from wakunode.node import Node


class DebugRoutes:
    def __init__(self, node: Node) -> None:
        self._node = node

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/health", self.health)
        for prefix in ("/debug/v1", ""):
            router.add_get(f"{prefix}/info", self.info)
            router.add_get(f"{prefix}/version", self.version)

    async def health(self, _: web.Request) -> web.Response:
        """200 while all is well, 503 when the store can no longer write."""
        store = self._node.store
        store_ready = store is None or store.fault is None
        protocols = [{"Relay": "Ready" if self._node.options.relay else "Not Mounted"}]
        protocols.append(
            {"Store": "Not Mounted" if store is None else "Ready" if store_ready else f"Not Ready: {store.fault}"}
        )
        body = {"nodeHealth": "Ready" if store_ready else "Not Ready", "protocolsHealth": protocols}
        return web.json_response(body, status=200 if store_ready else 503)

    async def info(self, _: web.Request) -> web.Response:
        return web.json_response({"listenAddresses": list(map(str, self._node.addresses)), "enrUri": self._node.record})

    async def version(self, _: web.Request) -> web.Response:
        return web.Response(text=f"v{__version__}-wakunode")
