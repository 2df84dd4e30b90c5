"""/admin/v1/peers: see and add links."""

from __future__ import annotations

from aiohttp import web

from wakunode.multiaddr import Multiaddr, MultiaddrError
from wakunode.node import Node
from wakunode.peers.switch import DialFailed
from wakunode.rest.body import bad_request, ok, strings_body


class AdminRoutes:
    def __init__(self, node: Node) -> None:
        self._node = node

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/admin/v1/peers", self.peers)
        router.add_post("/admin/v1/peers", self.connect)

    async def peers(self, _: web.Request) -> web.Response:
        """Linked peers, and those that are dialled but not linked at present (`connected` is false)."""
        switch = self._node.switch
        dialled = {address.peer_id: address for address in switch.static_addresses}
        entries = {}
        for link in switch.links:
            peer = link.peer
            address = str(dialled.get(peer.peer_id) or next(iter(peer.addresses), f"/p2p/{peer.peer_id}"))
            protocols = [{"protocol": protocol, "connected": True} for protocol in peer.protocols]
            entries[peer.peer_id] = {"multiaddr": address, "protocols": protocols, "origin": link.origin}
        for static in switch.static_addresses:
            protocols = [{"protocol": "/vac/waku/relay/2.0.0", "connected": False}]
            entries.setdefault(
                str(static.peer_id), {"multiaddr": str(static), "protocols": protocols, "origin": "Static"}
            )
        return web.json_response(list(entries.values()))

    async def connect(self, request: web.Request) -> web.Response:
        """Link with each peer of a list of multiaddrs, in order, up to the first that fails."""
        for index, text in enumerate(await strings_body(request)):
            try:
                address = Multiaddr.parse(text)
            except MultiaddrError as error:
                raise bad_request(f"Couldn't parse remote peer info: {error}") from None
            if address.peer_id is None:
                raise bad_request(f"Couldn't parse remote peer info: {text!r} has no peer id (/p2p/ID)")
            try:
                await self._node.switch.connect(address)
            except DialFailed as error:
                raise bad_request(f"Failed to connect to peer at index: {index} - {error}") from None
        return ok()
