"""Node records: EIP-778 (RLP, scheme v4) with Waku's own fields.

`waku2` and `multiaddrs` are those of RFC 31, `rs` and `rsv` those of RFC 51.
"""

from __future__ import annotations

import base64
import ipaddress
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from coincurve import PublicKey
from coincurve.ecdsa import cdata_to_der, deserialize_compact

from wakunode.identity import Identity
from wakunode.multiaddr import Multiaddr

MAX_SIZE = 300
"""Bytes of an encoded record at most (EIP-778)."""

CAPABILITIES = {"relay": 1, "store": 2, "filter": 4, "lightpush": 8}
"""Bits of the `waku2` field (RFC 31)."""

_MAX_LISTED_SHARDS = 64

Item = bytes | list["Item"]


class EnrError(ValueError):
    """A node record that cannot be made, read or trusted."""


def _import_keccak() -> ModuleType:
    """pycryptodome's. Without cffi it calls its C code by ctypes, and need not import a parser of C first."""
    spared = {} if "cffi" in sys.modules else {"cffi": None}
    sys.modules.update(spared)  # type: ignore[arg-type]  # None: not to be imported
    try:
        from Crypto.Hash import keccak
    finally:
        for name in spared:
            del sys.modules[name]
    return keccak


keccak = _import_keccak()


@dataclass(frozen=True)
class NodeRecord:
    """A verified record: its sequence number and its fields as raw bytes."""

    seq: int
    fields: dict[str, bytes]


def make_record(
    identity: Identity,
    seq: int,
    cluster: int,
    shards: Iterable[int],
    capabilities: Iterable[str],
    addresses: Sequence[Multiaddr],
) -> str:
    """A signed `enr:...` of a node that is reached at `addresses`, the most important first."""
    fields = {
        b"id": b"v4",
        b"secp256k1": identity.public_key,
        b"waku2": bytes([sum(CAPABILITIES[name] for name in capabilities)]),
        **_shard_field(cluster, sorted(set(shards))),
        **_address_fields(addresses),
    }
    content: list[Item] = [_uint(seq)]
    for key in sorted(fields):
        content += [key, fields[key]]
    signature = identity.key.sign_recoverable(_keccak(rlp_encode(content)), hasher=None)[:64]
    record = rlp_encode([signature, *content])
    if len(record) > MAX_SIZE:
        raise EnrError(f"the node record has {len(record)} bytes, at most {MAX_SIZE} are allowed")
    return "enr:" + base64.urlsafe_b64encode(record).rstrip(b"=").decode()


def read_record(text: str) -> NodeRecord:
    """Decode an `enr:...` and check its signature."""
    if not text.startswith("enr:"):
        raise EnrError("a node record starts with enr:")
    encoded = text[4:]
    try:
        record = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise EnrError(f"the node record is not base64: {error}") from None
    items: Any = rlp_decode(record)
    if not isinstance(items, list) or len(items) < 4 or len(items) % 2 or not all(isinstance(i, bytes) for i in items):
        raise EnrError("the node record is not a list of a signature, a number and pairs")
    signature, *content = items
    seq, pairs = content[0], content[1:]
    keys, values = pairs[::2], pairs[1::2]
    if keys != sorted(set(keys)):
        raise EnrError("the keys of the node record are not sorted and unique")
    fields = dict(zip(keys, values, strict=True))
    if fields.get(b"id") != b"v4":
        raise EnrError("the node record is not of identity scheme v4")
    if not _signed(signature, fields.get(b"secp256k1", b""), content):
        raise EnrError("the signature of the node record does not match its key")
    return NodeRecord(int.from_bytes(seq, "big"), {key.decode(): value for key, value in fields.items()})


def _signed(signature: bytes, public_key: bytes, content: list[Item]) -> bool:
    try:
        der = cdata_to_der(deserialize_compact(signature))
        return PublicKey(public_key).verify(der, _keccak(rlp_encode(content)), hasher=None)
    except ValueError:
        return False


def _shard_field(cluster: int, shards: list[int]) -> dict[bytes, bytes]:
    """`rs` lists the shards; above 64 of them `rsv` has one bit for each of the 1024."""
    prefix = cluster.to_bytes(2, "big")
    if len(shards) < _MAX_LISTED_SHARDS:
        return {b"rs": prefix + bytes([len(shards)]) + b"".join(shard.to_bytes(2, "big") for shard in shards)}
    vector = bytearray(128)
    for shard in shards:
        vector[shard // 8] |= 1 << shard % 8
    return {b"rsv": prefix + bytes(vector)}


def _address_fields(addresses: Sequence[Multiaddr]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for address in addresses:
        if address.host_kind == "ip4":
            fields[b"ip"], fields[b"tcp"] = ipaddress.ip_address(address.host).packed, _uint(address.port)
            break
    encoded = [address.to_bytes() for address in addresses]
    if encoded:
        fields[b"multiaddrs"] = b"".join(len(raw).to_bytes(2, "big") + raw for raw in encoded)
    return fields


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def _uint(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def rlp_encode(item: Item) -> bytes:
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _rlp_prefix(0x80, len(item)) + item
    body = b"".join(map(rlp_encode, item))
    return _rlp_prefix(0xC0, len(body)) + body


def _rlp_prefix(base: int, length: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = _uint(length)
    return bytes([base + 55 + len(size)]) + size


def rlp_decode(data: bytes) -> Item:
    item, rest = _rlp_take(data)
    if rest:
        raise EnrError("bytes are left over after the RLP item")
    return item


def _rlp_take(data: bytes) -> tuple[Item, bytes]:
    if not data:
        raise EnrError("the RLP item is cut short")
    first = data[0]
    if first < 0x80:
        return data[:1], data[1:]
    is_list = first >= 0xC0
    length, start = first - (0xC0 if is_list else 0x80), 1
    if length > 55:
        start = 1 + length - 55
        length = int.from_bytes(data[1:start], "big")
    body, rest = data[start : start + length], data[start + length :]
    if len(body) != length:
        raise EnrError("the RLP item is cut short")
    if not is_list:
        return body, rest
    items: list[Item] = []
    while body:
        item, body = _rlp_take(body)
        items.append(item)
    return items, rest
