"""The accounts namespace."""

from __future__ import annotations

from typing import Any

from clients.services.service import Service, call


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

    get_accounts_by_key_uid = call("getAccountsByKeyUID")
    get_account_by_address = call("getAccountByAddress")
    get_watch_only_accounts = call("getWatchOnlyAccounts")

    def add_account(self, password: str, account: dict[str, Any]) -> None:
        return self.rpc_request("addAccount", [password, account])

    def save_account(self, account: dict[str, Any]) -> None:
        return self.rpc_request("saveAccount", [account])

    def delete_account(self, address: str, password: str = "") -> None:
        return self.rpc_request("deleteAccount", [address, password])

    def move_wallet_account(self, from_position: int, to_position: int) -> None:
        return self.rpc_request("moveWalletAccount", [from_position, to_position])

    def add_keypair(self, password: str, keypair: dict[str, Any]) -> None:
        return self.rpc_request("addKeypair", [password, keypair])

    def update_keypair_name(self, key_uid: str, name: str) -> None:
        return self.rpc_request("updateKeypairName", [key_uid, name])

    def delete_keypair(self, key_uid: str, password: str) -> None:
        return self.rpc_request("deleteKeypair", [key_uid, password])

    def import_mnemonic(self, mnemonic: str, password: str) -> None:
        return self.rpc_request("importMnemonic", [mnemonic, password])

    def import_private_key(self, private_key: str, password: str) -> None:
        return self.rpc_request("importPrivateKey", [private_key, password])

    remaining_account_capacity = call("remainingAccountCapacity")
    remaining_keypair_capacity = call("remainingKeypairCapacity")
    remaining_watch_only_account_capacity = call("remainingWatchOnlyAccountCapacity")
    resolve_suggested_path_for_keypair = call("resolveSuggestedPathForKeypair")
    verify_keystore_file_for_account = call("verifyKeystoreFileForAccount")

    def has_paired_devices(self) -> bool:
        return self.rpc_request("hasPairedDevices")

    def verify_password(self, password: str) -> bool:
        return self.rpc_request("verifyPassword", [password])

    def get_random_mnemonic(self) -> str:
        return self.rpc_request("getRandomMnemonic")


AccountsService = AccountService
