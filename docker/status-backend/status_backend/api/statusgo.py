"""The functions behind `/statusgo/<Name>`: text in, text out, errors as `{"error": text}`."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import coincurve

from ..accounts import derivation, identity, requests
from ..accounts.keystore import KeystoreError
from ..accounts.requests import InvalidRequest
from ..backend import Backend
from ..db import DatabaseError
from ..fleets import FleetError

log = logging.getLogger(__name__)

Function = Callable[[str], Awaitable[Any]]

_RPC_UNAVAILABLE = {"error": "JSON-RPC client is unavailable"}
_EXPECTED = (InvalidRequest, DatabaseError, KeystoreError, FleetError)

# Functions of the original whose shape its HTTP server cannot serve (several arguments): it answers 501.
NOT_IMPLEMENTED = frozenset(
    (
        "ChangeDatabasePassword",
        "DeleteMultiaccount",
        "ExportUnencryptedDatabase",
        "Login",
        "LoginWithConfig",
        "LoginWithKeycard",
        "MigrateKeyStoreDir",
        "MultiformatDeserializePublicKey",
        "SaveAccountAndLogin",
        "VerifyAccountPassword",
        "VerifyDatabasePassword",
    )
)

_ONE_DEVICE = "is not served by this backend: a profile is on one device"
# Functions of the original that are not served here, and why: what their {"error": text} says after their name.
UNSERVED = {
    "GetConnectionStringForBeingBootstrapped": _ONE_DEVICE,
    "GetConnectionStringForBootstrappingAnotherDevice": _ONE_DEVICE,
    "GetProfileEncryptionInfo": "is not served by this backend",
    "ImageServerTLSCert": "is not served by this backend: its media server speaks plain HTTP",
    "InputConnectionStringForBootstrappingAnotherDeviceV2": _ONE_DEVICE,
    "InputConnectionStringForBootstrappingV2": _ONE_DEVICE,
}


def functions(backend: Backend) -> dict[str, Function]:
    """Every function by its name in the URL."""
    statusgo = StatusGo(backend)
    return {
        "InitializeApplication": statusgo.initialize_application,
        "OpenAccounts": statusgo.open_accounts,
        "CreateAccountAndLogin": statusgo.create_account_and_login,
        "RestoreAccountAndLogin": statusgo.restore_account_and_login,
        "LoginAccount": statusgo.login_account,
        "Logout": statusgo.logout,
        "ChangeDatabasePasswordV2": statusgo.change_database_password,
        "VerifyAccountPasswordV2": statusgo.verify_password,
        "VerifyDatabasePasswordV2": statusgo.verify_password,
        "DeleteMultiaccountV2": statusgo.delete_multiaccount,
        "GetNodeConfig": statusgo.get_node_config,
        "Fleets": statusgo.fleets,
        "CallRPC": statusgo.call_rpc,
        "CallPrivateRPC": statusgo.call_rpc,
        "ValidateMnemonic": statusgo.validate_mnemonic,
        "GetRandomMnemonic": statusgo.get_random_mnemonic,
        "CompressPublicKey": statusgo.compress_public_key,
        "DecompressPublicKey": statusgo.decompress_public_key,
        "MultiformatSerializePublicKey": statusgo.multiformat_serialize_public_key,
        "SerializeLegacyKey": statusgo.serialize_legacy_key,
        "debug/FreeOSMemory": statusgo.free_memory,
        **{name: _refusing(f"{name} {reason}") for name, reason in UNSERVED.items()},
    }


def _refusing(text: str) -> Function:
    async def refuse(body: str) -> Any:
        raise InvalidRequest(text)

    return refuse


async def answer(function: Function, body: str) -> str:
    """What goes out by HTTP: a text as it is, anything else as JSON."""
    try:
        result = await function(body)
    except _EXPECTED as error:
        result = {"error": str(error)}
    except Exception as error:
        log.exception("%s failed", getattr(function, "__name__", function))
        result = {"error": str(error) or type(error).__name__}
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


class StatusGo:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def initialize_application(self, body: str) -> dict[str, Any]:
        return await self._backend.initialize(requests.parse(body, "InitializeApplication"))

    async def open_accounts(self, body: str) -> list[dict[str, Any]] | None:
        """The data directory, as raw text."""
        return self._backend.open_accounts(body) or None

    async def create_account_and_login(self, body: str) -> dict[str, Any]:
        self._backend.create_account_and_login(requests.parse(body, "CreateAccount"))
        return {"error": ""}

    async def restore_account_and_login(self, body: str) -> dict[str, Any]:
        self._backend.restore_account_and_login(requests.parse(body, "RestoreAccount"))
        return {"error": ""}

    async def login_account(self, body: str) -> dict[str, Any]:
        self._backend.login_account(requests.parse(body, "Login"))
        return {"error": ""}

    async def logout(self, body: str) -> dict[str, Any]:
        await self._backend.logout()
        return {"error": ""}

    async def change_database_password(self, body: str) -> dict[str, Any]:
        await self._backend.change_password(requests.parse(body, "ChangeDatabasePassword"))
        return {"error": ""}

    async def verify_password(self, body: str) -> dict[str, Any]:
        """`{"keyUID" or "address", "password"}`. (Field names are unconfirmed.)"""
        await self._backend.verify_password(requests.parse(body, "VerifyAccountPassword"))
        return {"error": ""}

    async def delete_multiaccount(self, body: str) -> dict[str, Any]:
        """`{"keyUID"}`. (The field's name is unconfirmed.)"""
        request = requests.parse(body, "DeleteMultiaccount")
        requests.require(request, "delete-multiaccount", "keyUid")
        await self._backend.delete_account(request["keyUid"])
        return {"error": ""}

    async def get_node_config(self, body: str) -> dict[str, Any]:
        if self._backend.session is None:
            raise InvalidRequest("there is no running node")
        return dict(self._backend.session.node_config)

    async def fleets(self, body: str) -> dict[str, Any]:
        fleets = self._backend.fleets()
        listed = {
            name: {
                "DiscV5BootstrapNodes": fleet.get("discV5BootstrapNodes") or [],
                "WakuNodes": fleet.get("wakuNodes") or [],
            }
            for name, fleet in fleets.items()
        }
        return {"defaultFleet": next(iter(listed), ""), "fleets": listed}

    async def call_rpc(self, body: str) -> Any:
        if not self._backend.rpc_available:
            return _RPC_UNAVAILABLE
        return await self._backend.dispatcher.handle(body) or ""

    async def validate_mnemonic(self, body: str) -> dict[str, Any]:
        """The phrase, as raw text or as `{"mnemonic": ...}`; an empty error and its key uid if it is one."""
        phrase = requests.parse(body, "ValidateMnemonic").get("mnemonic", "") if body.startswith("{") else body
        try:
            master = derivation.ExtendedKey.from_mnemonic(derivation.normalize_mnemonic(phrase))
        except derivation.InvalidMnemonic as error:
            return {"error": str(error)}
        return {"error": "", "keyUID": derivation.key_uid(master.key)}

    async def get_random_mnemonic(self, body: str) -> str:
        return derivation.random_mnemonic()

    async def compress_public_key(self, body: str) -> str:
        """Raw text: `0x04…` to `0x02…` or `0x03…`."""
        return identity.hex_key(_public_key(body), compressed=True)

    async def decompress_public_key(self, body: str) -> str:
        """Raw text: `0x02…` or `0x03…` to `0x04…`."""
        if len(body.removeprefix("0x")) != 66:
            raise InvalidRequest("key is not 33 bytes long")
        return identity.hex_key(_public_key(body), compressed=False)

    async def serialize_legacy_key(self, body: str) -> str:
        """Raw text: `0x04…` to `zQ3…`."""
        return identity.multiformat_key(_public_key(body), "z")

    async def multiformat_serialize_public_key(self, body: str) -> str:
        """`{"key": "0xe701…" or "0x04…", "outBase": "z" or "f"}` to raw text. (The original takes two arguments.)"""
        request = requests.parse(body, "MultiformatSerializePublicKey")
        try:
            return identity.multiformat_key(_public_key(request.get("key", "")), request.get("outBase", "z"))
        except ValueError as error:
            raise InvalidRequest(str(error)) from None

    async def free_memory(self, body: str) -> dict[str, Any]:
        gc.collect()
        return {"error": ""}


def _public_key(text: str) -> coincurve.PublicKey:
    try:
        return identity.parse_public_key(text.strip())
    except ValueError as error:
        raise InvalidRequest(f"failed to decode public key: {error}") from None
