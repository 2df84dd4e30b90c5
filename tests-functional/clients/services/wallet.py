"""The wallet namespace: only what a new profile needs."""

from __future__ import annotations

from clients.services.service import Service


class WalletService(Service):
    namespace = "wallet"

    def start_wallet(self) -> None:
        return self.rpc_request("startWallet")
