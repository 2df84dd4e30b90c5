"""`accounts_*`: the profile's keypairs and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from ..accounts import derivation
from ..accounts.keypairs import NO_ACCOUNT, NO_KEYPAIR, Keypairs
from ..accounts.keyring import Keyring
from ..accounts.keystore import Keystore, KeystoreError, WrongPassword
from ..go_json import UnmarshalError, unmarshal
from ..rpc import INVALID_PARAMS, RpcError, Service, ServiceError, rpc
from .wakuext_fields import checked

Account = Annotated[dict, "accounts.Account"]
Keypair = Annotated[dict, "accounts.Keypair"]

ACCOUNT = {
    "address": str,
    "key-uid": str,
    "type": str,
    "path": str,
    "public-key": str,
    "name": str,
    "emoji": str,
    "colorId": str,
    "hidden": bool,
}
KEYPAIR = {"key-uid": str, "name": str, "type": str, "derived-from": str, "accounts": list}


class AccountsService(Service):
    namespace = "accounts"

    def __init__(self, keypairs: Keypairs, keystore: Keystore) -> None:
        self._keypairs = keypairs
        self._keystore = keystore
        self._keyring = Keyring(keypairs, keystore)

    @rpc()
    async def get_accounts(self) -> list[dict[str, Any]]:
        return self._keypairs.accounts()

    @rpc()
    async def get_watch_only_accounts(self) -> list[dict[str, Any]]:
        return self._keypairs.watched()

    @rpc()
    async def get_keypairs(self) -> list[dict[str, Any]]:
        return self._keypairs.keypairs()

    @rpc("getKeypairByKeyUID")
    async def get_keypair_by_key_uid(self, key_uid: str) -> dict[str, Any]:
        return self._known_keypair(key_uid)

    @rpc("getAccountsByKeyUID")
    async def get_accounts_by_key_uid(self, key_uid: str) -> list[dict[str, Any]]:
        return self._keypairs.accounts_of(key_uid)

    @rpc()
    async def get_account_by_address(self, address: str) -> dict[str, Any]:
        return self._known_account(address)

    @rpc()
    async def get_random_mnemonic(self) -> str:
        return derivation.random_mnemonic()

    @rpc()
    async def import_mnemonic(self, mnemonic: str, password: str) -> None:
        """So that `addKeypair` finds its key."""
        await self._guarded(self._keyring.import_mnemonic(mnemonic, password))

    @rpc()
    async def import_private_key(self, private_key: str, password: str) -> None:
        """So that `addKeypair` finds its key."""
        await self._guarded(self._keyring.import_private_key(private_key, password))

    @rpc()
    async def add_keypair(self, password: str, keypair: Keypair) -> None:
        request = _filled(keypair, "Keypair", KEYPAIR)
        request["accounts"] = [_filled(account, "Account", ACCOUNT) for account in request["accounts"]]
        await self._guarded(self._keyring.add_keypair(password, request))

    @rpc()
    async def add_account(self, password: str, account: Account) -> None:
        await self._guarded(self._keyring.add_account(password, _filled(account, "Account", ACCOUNT)))

    @rpc()
    async def save_account(self, account: Account) -> None:
        """Name, emoji, colour and whether it is hidden, of an account that is there."""
        request = _filled(account, "Account", ACCOUNT, 0)
        known = self._known_account(request["address"])
        self._keypairs.update_account(
            known["address"], request["name"], request["emoji"], request["colorId"], request["hidden"]
        )

    @rpc()
    async def update_keypair_name(self, key_uid: str, name: str) -> None:
        keypair = self._known_keypair(key_uid)
        if not name:
            raise ServiceError("accounts: a keypair needs a name")
        self._keypairs.rename(keypair["key-uid"], name)

    @rpc()
    async def move_wallet_account(self, from_position: int, to_position: int) -> None:
        self._keypairs.move(from_position, to_position)

    @rpc()
    async def delete_account(self, address: str, password: str = "") -> None:
        await self._guarded(self._keyring.remove_account(address, password))

    @rpc()
    async def delete_keypair(self, key_uid: str, password: str) -> None:
        await self._guarded(self._keyring.remove_keypair(key_uid, password))

    @rpc()
    async def remaining_account_capacity(self) -> int:
        return _left(self._keypairs.accounts_left(), "accounts")

    @rpc()
    async def remaining_keypair_capacity(self) -> int:
        return _left(self._keypairs.keypairs_left(), "keypairs")

    @rpc()
    async def remaining_watch_only_account_capacity(self) -> int:
        return _left(self._keypairs.watched_left(), "watch-only accounts")

    @rpc()
    async def resolve_suggested_path_for_keypair(self, key_uid: str) -> str:
        return self._keyring.suggested_path(key_uid)

    @rpc()
    async def has_paired_devices(self) -> bool:
        """Never: a profile is on one device."""
        return False

    @rpc()
    async def verify_password(self, password: str) -> bool:
        return await self._opens(self._keystore.check, password)

    @rpc()
    async def verify_keystore_file_for_account(self, address: str, password: str) -> bool:
        return await self._opens(self._keystore.load, address, password)

    def _known_keypair(self, key_uid: str) -> dict[str, Any]:
        keypair = self._keypairs.keypair(key_uid)
        if keypair is None:
            raise ServiceError(NO_KEYPAIR)
        return keypair

    def _known_account(self, address: str) -> dict[str, Any]:
        account = self._keypairs.account(address)
        if account is None:
            raise ServiceError(NO_ACCOUNT)
        return account

    @staticmethod
    async def _guarded(work: Awaitable[Any]) -> None:
        try:
            await work
        except KeystoreError as error:
            raise ServiceError(str(error)) from None

    @staticmethod
    async def _opens(check: Callable[..., Any], *arguments: str) -> bool:
        try:
            await asyncio.to_thread(check, *arguments)
        except WrongPassword:
            return False
        except KeystoreError as error:
            raise ServiceError(str(error)) from None
        return True


def _filled(request: dict[str, Any], struct: str, fields: Mapping[str, type], argument: int = 1) -> dict[str, Any]:
    """The request with Go's zero values where it has none; other fields are dropped, as Go does."""
    try:
        checked(unmarshal(request, Annotated[dict, f"accounts.{struct}"]), struct, fields, argument)
    except UnmarshalError as error:
        raise RpcError(f"invalid argument {argument}: {error}", INVALID_PARAMS) from None
    given = {name: request.get(name) for name in fields}
    return {name: fields[name]() if value is None else value for name, value in given.items()}


def _left(number: int, what: str) -> int:
    if number <= 0:
        raise ServiceError(f"accounts: no more {what} can be added")
    return number
