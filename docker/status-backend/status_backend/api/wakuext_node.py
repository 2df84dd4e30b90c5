"""`wakuext_*`: the messenger as such, and the network it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ..rpc import Service, rpc
from .wakuext_fields import checked

if TYPE_CHECKING:
    from ..messenger.messenger import Messenger

LightClient = Annotated[dict, "requests.SetLightClient"]


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

    @rpc("peerID")
    async def peer_id(self) -> str:
        return self._messenger.identity.peer_id

    @rpc()
    async def enr(self) -> str:
        """Without an address, as nobody is listened to."""
        return self._messenger.identity.enr

    @rpc()
    async def set_light_client(self, request: LightClient) -> None:
        """Kept, and shown in the node configuration. A client of the fleet is all that this node ever is."""
        checked(request, "SetLightClient", {"enabled": bool})
        self._messenger.set_light_client(bool(request.get("enabled")))

    @rpc()
    async def dropped_messages(self) -> dict[str, int]:
        """How many received messages were not acted upon, by reason. Not one of the original's methods."""
        return self._messenger.dropped

    @rpc()
    async def set_user_status(self, status_type: int, custom_text: str) -> None:
        self._messenger.statuses.set(status_type, custom_text)

    @rpc()
    async def status_updates(self) -> dict[str, Any]:
        return self._messenger.statuses.all()

    @rpc()
    async def listen_addresses(self) -> list[str]:
        """None: this node is a client of the fleet's nodes and listens to nobody."""
        return []
