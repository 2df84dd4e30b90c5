"""Keys beyond the profile's first: imported, derived and removed, in the key store and in the database together.

The key store comes first when a key is added and last when one is removed: a cut between the two leaves a key that
nobody lists, and never an account without its key.
"""

from __future__ import annotations

import re
from asyncio import to_thread
from typing import Any

import coincurve

from . import derivation
from .derivation import ExtendedKey
from .keypairs import KEY, NO_KEYPAIR, PROFILE, SEED, WATCH, Keypairs, KeypairsError
from .keystore import Keystore

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_PRIVATE_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class Keyring:
    """Key derivation runs in threads, what concerns the database on the event loop's.

    Raises KeypairsError and KeystoreError.
    """

    def __init__(self, keypairs: Keypairs, keystore: Keystore) -> None:
        self._keypairs = keypairs
        self._keystore = keystore

    async def import_mnemonic(self, phrase: str, password: str) -> str:
        """The key uid of what can be added as a keypair from now on."""
        await to_thread(self._keystore.check, password)
        try:
            master = await to_thread(ExtendedKey.from_mnemonic, derivation.normalize_mnemonic(phrase))
        except derivation.InvalidMnemonic as error:
            raise KeypairsError(str(error)) from None
        await self._store(master, password)
        return derivation.key_uid(master.key)

    async def import_private_key(self, text: str, password: str) -> str:
        """The key uid, as for a mnemonic."""
        await to_thread(self._keystore.check, password)
        try:
            if not _PRIVATE_KEY.fullmatch(text):
                raise ValueError
            key = coincurve.PrivateKey(bytes.fromhex(text.removeprefix("0x")))
        except ValueError:
            raise KeypairsError("accounts: not a private key") from None
        if not self._keystore.has(derivation.address(key)):
            await to_thread(self._keystore.store_private, key, password)
        return derivation.key_uid(key)

    async def add_keypair(self, password: str, keypair: dict[str, Any]) -> None:
        """`keypair` in the shape of `accounts_getKeypairs`, of type seed or key, with an account at least."""
        accounts = keypair.get("accounts") or []
        if not accounts:
            raise KeypairsError("cannot store keypair without accounts")
        if keypair["type"] not in (SEED, KEY):
            raise KeypairsError(f"accounts: a keypair is of type seed or key, not {keypair['type']!r}")
        if not keypair["name"] or not keypair["key-uid"]:
            raise KeypairsError("accounts: a keypair needs a name and a key uid")
        if any(account.get("key-uid") != keypair["key-uid"] for account in accounts):
            raise KeypairsError("cannot store keypair with different accounts' key uid than keypair's key uid")
        await self._check_origin(keypair, password)
        checked = [await self._checked(account, keypair, password) for account in accounts]
        with self._keypairs.transaction():
            self._keypairs.add(keypair["key-uid"], keypair["name"], keypair["type"], keypair["derived-from"])
            for account in checked:
                self._keypairs.add_account(account)

    async def add_account(self, password: str, account: dict[str, Any]) -> None:
        """Derived from a keypair that is there already, or watched only, which takes no password."""
        if account["type"] == WATCH:
            self._keypairs.add_account({**account, "address": _address(account)})
            return
        keypair = self._keypairs.keypair(account.get("key-uid") or "")
        if keypair is None:
            raise KeypairsError(NO_KEYPAIR)
        self._keypairs.add_account(await self._checked(account, keypair, password))

    async def remove_account(self, address: str, password: str) -> None:
        account = self._keypairs.account(address)
        keypair = self._keypairs.keypair(account["key-uid"]) if account else None
        if keypair:
            await to_thread(self._keystore.check, password)
        self._keypairs.remove_account(address)
        self._keystore.delete(address)
        if keypair and self._keypairs.keypair(keypair["key-uid"]) is None:  # that was its last account
            self._keystore.delete(keypair["derived-from"])

    async def remove_keypair(self, key_uid: str, password: str) -> None:
        await to_thread(self._keystore.check, password)
        keypair = self._keypairs.keypair(key_uid)
        self._keypairs.remove(key_uid)
        if keypair is not None:
            for address in (keypair["derived-from"], *(account["address"] for account in keypair["accounts"])):
                self._keystore.delete(address)

    def suggested_path(self, key_uid: str) -> str:
        """Of the next account of a keypair that accounts can be derived from."""
        keypair = self._keypairs.keypair(key_uid)
        if keypair is None:
            raise KeypairsError(NO_KEYPAIR)
        taken = {account["path"] for account in keypair["accounts"]}
        index = keypair["last-used-derivation-index"]
        while (path := f"{derivation.PATH_WALLET_ROOT}/{index}") in taken:
            index += 1
        return path

    async def _store(self, key: ExtendedKey, password: str) -> None:
        if not self._keystore.has(derivation.address(key.key)):
            await to_thread(self._keystore.store, [key], password)

    async def _check_origin(self, keypair: dict[str, Any], password: str) -> None:
        """A keypair is of the key that its accounts come from, which was imported before."""
        key = await to_thread(self._keystore.load, keypair["derived-from"], password)
        if derivation.key_uid(key) != keypair["key-uid"]:
            raise KeypairsError("accounts: the key uid is not that of the key")

    async def _checked(self, account: dict[str, Any], keypair: dict[str, Any], password: str) -> dict[str, Any]:
        """The account with its key in the key store. Address and public key are what derivation says."""
        if keypair["type"] == KEY:
            key = await to_thread(self._keystore.load, keypair["derived-from"], password)
        else:
            try:
                master = await to_thread(self._keystore.load_extended, keypair["derived-from"], password)
                child = master.derive(account["path"])
            except ValueError as error:
                raise KeypairsError(f"accounts: {error}") from None
            key = child.key
        if derivation.address(key) != _address(account):
            raise KeypairsError("accounts: the address is not that of the path")
        if keypair["type"] != KEY:
            await self._store(child, password)
        type_ = "generated" if keypair["type"] == PROFILE else keypair["type"]
        return {
            **account,
            "address": derivation.address(key),
            "public-key": derivation.public_key_hex(key),
            "key-uid": keypair["key-uid"],
            "type": type_,
        }


def _address(account: dict[str, Any]) -> str:
    if not _ADDRESS.fullmatch(account["address"]):
        raise KeypairsError(f"accounts: not an address: {account['address']!r}")
    return account["address"].lower()
