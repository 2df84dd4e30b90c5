"""`accounts_*`: the profile's keypairs and accounts, read only so far."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ..accounts.keypairs import Keypairs
from ..accounts.keystore import Keystore, WrongPassword
from ..rpc import Service, ServiceError, rpc


class AccountsService(Service):
    namespace = "accounts"

    def __init__(self, keypairs: Keypairs, keystore_directory: Path) -> None:
        self._keypairs = keypairs
        self._keystore = Keystore(keystore_directory)

    @rpc()
    async def get_accounts(self) -> list[dict[str, Any]]:
        return self._keypairs.accounts()

    @rpc()
    async def get_keypairs(self) -> list[dict[str, Any]]:
        return self._keypairs.keypairs()

    @rpc("getKeypairByKeyUID")
    async def get_keypair_by_key_uid(self, key_uid: str) -> dict[str, Any]:
        keypair = self._keypairs.keypair(key_uid)
        if keypair is None:
            raise ServiceError("accounts: keypair is not found")
        return keypair

    @rpc()
    async def get_account_by_address(self, address: str) -> dict[str, Any]:
        account = self._keypairs.account(address)
        if account is None:
            raise ServiceError("accounts: account is not found")
        return account

    @rpc()
    async def verify_password(self, password: str) -> bool:
        try:
            await asyncio.to_thread(self._keystore.check, password)
        except WrongPassword:
            return False
        return True
