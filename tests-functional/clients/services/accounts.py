"""The accounts namespace."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service


class AccountService(Service):
    namespace = "accounts"

    def get_accounts(self) -> list[dict[str, Any]]:
        """Account: {"address", "key-uid", "wallet", "chat", "type", "path", "public-key", "name", ...}."""
        return self.rpc_request("getAccounts")

    def get_keypairs(self) -> list[dict[str, Any]]:
        """Keypair: {"key-uid", "name", "type", "derived-from", "accounts": [Account], ...}."""
        return self.rpc_request("getKeypairs")

    get_account_keypairs = get_keypairs

    def get_keypair_by_key_uid(self, key_uid: str) -> dict[str, Any]:
        return self.rpc_request("getKeypairByKeyUID", [key_uid])

    def has_paired_devices(self) -> bool:
        return self.rpc_request("hasPairedDevices")

    def verify_password(self, password: str) -> bool:
        return self.rpc_request("verifyPassword", [password])

    def get_random_mnemonic(self) -> str:
        return self.rpc_request("getRandomMnemonic")


AccountsService = AccountService
