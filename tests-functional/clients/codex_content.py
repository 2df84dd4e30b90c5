"""What a Codex tree CID says about bytes, computed here so that no node is judged by itself.

CIDv1, base58btc, codec codex-root (0xCD03), sha2-256, whose digest is the root of a Merkle tree over the digests of the
blocks. The last block is filled with zeros."""

from __future__ import annotations

from hashlib import sha256

import base58

_TREE_CID_HEAD = bytes.fromhex("01 839a03 1220")  # version 1, varint(0xCD03), sha2-256 of 32 bytes


def tree_cid(data: bytes, block_size: int = 65536) -> str:
    """`zDz...` for at least one byte."""
    blocks = [data[at : at + block_size] for at in range(0, len(data), block_size)]
    if not blocks:
        raise ValueError("there is no CID for zero bytes")
    return (
        "z" + base58.b58encode(_TREE_CID_HEAD + merkle_root([_digest(block, block_size) for block in blocks])).decode()
    )


def merkle_root(leaves: list[bytes]) -> bytes:
    """Each node is the hash of its two children and a key: 1 if they are leaves, plus 2 if the right one is missing."""
    layer, bottom = leaves, True
    while bottom or len(layer) > 1:
        layer = [_parent(layer[at : at + 2], bottom) for at in range(0, len(layer), 2)]
        bottom = False
    return layer[0]


def _parent(children: list[bytes], bottom: bool) -> bytes:
    odd = len(children) == 1
    right = bytes(32) if odd else children[1]
    return sha256(children[0] + right + bytes([bottom | odd << 1])).digest()


def _digest(block: bytes, block_size: int) -> bytes:
    return sha256(block.ljust(block_size, b"\0")).digest()
