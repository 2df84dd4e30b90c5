"""keccak-256. Its library, slow to import, is loaded by the first hash and not before the process answers."""

from __future__ import annotations


def keccak(data: bytes) -> bytes:
    from eth_hash.auto import keccak as digest

    return digest(data)
