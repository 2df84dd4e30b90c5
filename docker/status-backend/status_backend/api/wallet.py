"""`wallet_*`: only what a client's start sequence calls. There is no chain behind this backend."""

from __future__ import annotations

from ..rpc import Service, rpc


class WalletService(Service):
    namespace = "wallet"

    @rpc()
    async def start_wallet(self) -> None:
        """Nothing to start; the original answers null as well."""
