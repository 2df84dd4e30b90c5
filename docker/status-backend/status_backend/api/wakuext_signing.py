"""`wakuext_*`: proving that a wallet account is ours, as a request to join may do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from coincurve import PrivateKey

from ..accounts.derivation import checksum_address
from ..accounts.keystore import Keystore, KeystoreError
from ..protocol import ids, signing
from ..rpc import Service, ServiceError, rpc
from .wakuext_fields import checked

SIGN = {"data": str, "account": str, "password": str}
SignParams = Annotated[dict, "account.SignParams"]


class SigningService(Service):
    namespace = "wakuext"

    def __init__(self, keystore_directory: Path) -> None:
        self._keystore = Keystore(keystore_directory)

    @rpc()
    async def generate_joining_community_requests_for_signing(
        self, member: str, community_id: str, addresses: list[str]
    ) -> list[dict[str, Any]]:
        try:
            data = ids.hex0x(ids.request_signing_hash(member, community_id))
            return [{"data": data, "account": checksum_address(address)} for address in addresses]
        except ValueError as error:
            raise ServiceError(str(error)) from error

    @rpc()
    async def sign_data(self, requests: Annotated[list[SignParams], "[]account.SignParams"]) -> list[str]:
        """Each `{data, account, password}`: the data signed as an Ethereum personal message, v being 27 or 28."""
        checked_requests = [checked(request, "SignParams", SIGN) for request in requests]
        return [await asyncio.to_thread(self._sign, request) for request in checked_requests]

    def _sign(self, request: dict[str, Any]) -> str:
        try:
            digest = ids.from_hex(request.get("data") or "")
            key: PrivateKey = self._keystore.load(request.get("account") or "", request.get("password") or "")
        except (ValueError, KeystoreError) as error:
            raise ServiceError(str(error)) from error
        return ids.hex0x(signing.sign_personal(key, digest))
