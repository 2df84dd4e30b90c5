"""`wakuext_*`: the messenger as such, and the network it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rpc import Service, rpc

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger


class NodeService(Service):
    namespace = "wakuext"

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    @rpc()
    async def start_messenger(self) -> dict[str, Any]:
        return self._messenger.start_messenger()

    @rpc()
    async def peers(self) -> dict[str, Any]:
        return self._messenger.transport.peers()

    @rpc()
    async def listen_addresses(self) -> list[str]:
        """None: this node is a client of the fleet's nodes and listens to nobody."""
        return []
