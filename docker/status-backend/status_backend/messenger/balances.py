"""Who owns which tokens, asked of the chains' nodes over JSON-RPC.

There is no chain here and none is followed: an entry of `networksOverride` with a chain's id and the URL of its node
(`rpcProviders[0].url`, or `rpcUrl`) is asked each time, with eth_call and eth_getBalance. Any Ethereum node can answer.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from eth_hash.auto import keccak

from ..http import aiohttp, session
from ..protocol.communities_pb2 import ENS, ERC20, ERC721, TokenCriteria

_TIMEOUT = aiohttp.ClientTimeout(total=10)  # seconds for one answer
_NATIVE = "0x" + "00" * 20  # stands for the chain's own coin
_ENS_REGISTRY = "0x00000000000c2e074ec69a0dfb2997ba6c7d2e1e"
_BALANCE_OF, _OWNER_OF, _ENS_OWNER = "70a08231", "6352211e", "02571be3"  # balanceOf(address), ownerOf(uint256), …


class BalancesUnavailable(Exception):
    """Nobody could say what somebody owns."""


class Balances:
    def __init__(self, networks: Sequence[Mapping[str, Any]]) -> None:
        self._urls = {int(network["chainId"]): url for network in networks if (url := _url(network))}

    async def meets(self, criteria: TokenCriteria, addresses: Sequence[str], ens_name: str = "") -> bool:
        """Whether these addresses together own what is asked for. BalancesUnavailable if that cannot be found out."""
        if criteria.type == ENS:
            return await self._owns_name(criteria.ens_pattern, addresses, ens_name)
        if criteria.type not in (ERC20, ERC721):
            return False
        if criteria.type == ERC721 and criteria.token_ids:
            return await self._owns_one_of(criteria, addresses)
        wanted, owned = amount(criteria), 0
        for chain, contract in criteria.contract_addresses.items():
            for address in addresses:
                owned += await self._balance(chain, contract, address)
        return owned >= wanted

    async def _balance(self, chain: int, contract: str, address: str) -> int:
        if contract.lower() == _NATIVE:
            return _number(await self._call(chain, "eth_getBalance", address, "latest"))
        return await self._read(chain, contract, _BALANCE_OF + _word(address))

    async def _owns_one_of(self, criteria: TokenCriteria, addresses: Sequence[str]) -> bool:
        owners = {address.lower() for address in addresses}
        for chain, contract in criteria.contract_addresses.items():
            for token in criteria.token_ids:
                if _address(await self._read(chain, contract, f"{_OWNER_OF}{token:064x}")) in owners:
                    return True
        return False

    async def _owns_name(self, pattern: str, addresses: Sequence[str], name: str) -> bool:
        if not name or not fnmatch.fnmatchcase(name, pattern):
            return False
        chain = next(iter(self._urls), 1)
        owner = await self._read(chain, _ENS_REGISTRY, _ENS_OWNER + _name_hash(name).hex())
        return _address(owner) in {address.lower() for address in addresses}

    async def _read(self, chain: int, contract: str, data: str) -> int:
        return _number(await self._call(chain, "eth_call", {"to": contract, "data": "0x" + data}, "latest"))

    async def _call(self, chain: int, method: str, *params: Any) -> str:
        if chain not in self._urls:
            raise BalancesUnavailable(f"no node of chain {chain} is configured")
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            async with (
                session(self._urls[chain], timeout=_TIMEOUT) as http,
                http.post(self._urls[chain], json=request) as reply,
            ):
                answer = await reply.json(content_type=None)
            return answer["result"]
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            # Not with the text of the error: a URL can hold a secret.
            raise BalancesUnavailable(
                f"the node of chain {chain} did not answer {method} ({type(error).__name__})"
            ) from None


def amount(criteria: TokenCriteria) -> int:
    """Of tokens, in their smallest unit. ValueError for what is no amount."""
    if criteria.amountInWei:
        return int(criteria.amountInWei)
    try:
        return int(Decimal(criteria.amount or 1) * 10**criteria.decimals)
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(f"{criteria.amount!r} is no amount") from error


def _url(network: Mapping[str, Any]) -> str:
    providers = network.get("rpcProviders") or [{}]
    return providers[0].get("url") or network.get("rpcUrl") or ""


def _word(address: str) -> str:
    return address.lower().removeprefix("0x").rjust(64, "0")


def _address(word: int) -> str:
    return f"0x{word:040x}"


def _number(text: Any) -> int:
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        raise BalancesUnavailable(f"{text!r} is no number: is there a contract at this address?") from None


def _name_hash(name: str) -> bytes:
    """EIP-137."""
    node = bytes(32)
    for label in reversed(name.split(".")):
        node = keccak(node + keccak(label.encode()))
    return node
