"""The Merkle tree over a dataset's blocks, as the original builds it (codex/merkletree).

Leaves are the 32-byte sha2-256 digests of the blocks. A node is `sha256(left | right | key)`; the key byte tells
whether the children are leaves (bit 0) and whether the right one is missing (bit 1, then 32 zero bytes stand in).
There is always at least one compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

DIGEST_SIZE = 32
ZERO = bytes(DIGEST_SIZE)
BOTTOM, ODD = 1, 2


def compress(left: bytes, right: bytes | None, bottom: bool) -> bytes:
    """The parent of two nodes; `right` is None where the layer has an odd end."""
    key = (BOTTOM if bottom else 0) | (ODD if right is None else 0)
    return sha256(left + (right or ZERO) + bytes([key])).digest()


def layer_sizes(leaves: int) -> list[int]:
    """Number of nodes in each layer, bottom up, for a tree of `leaves` leaves; the last is 1 (the root)."""
    sizes = [leaves]
    while len(sizes) == 1 or sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def build_layers(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All layers, bottom up. Raises ValueError without leaves: an empty dataset has no tree."""
    if not leaves:
        raise ValueError("a Merkle tree needs at least one leaf")
    layers = [list(leaves)]
    while len(layers) == 1 or len(layers[-1]) > 1:
        below, bottom = layers[-1], len(layers) == 1
        layers.append(
            [compress(below[i], below[i + 1] if i + 1 < len(below) else None, bottom) for i in range(0, len(below), 2)]
        )
    return layers


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these block digests."""
    return build_layers(leaves)[-1][0]


@dataclass(frozen=True)
class Proof:
    """That one leaf is in a tree: the siblings on its way to the root, bottom up; zeroes where there is none."""

    index: int
    leaves: int
    path: tuple[bytes, ...]

    def ancestors(self, leaf: bytes) -> list[bytes]:
        """The nodes from the leaf's parent up to the root that this proof leads to.

        Raises ValueError if it has no such shape.
        """
        sizes = layer_sizes(self.leaves)
        if not 0 <= self.index < self.leaves or len(self.path) != len(sizes) - 1:
            raise ValueError(f"a proof of leaf {self.index} of {self.leaves} cannot have {len(self.path)} steps")
        node, at, nodes = leaf, self.index, []
        for level, sibling in enumerate(self.path):
            bottom, alone = level == 0, at ^ 1 >= sizes[level]
            if at & 1:
                node = compress(sibling, node, bottom)
            else:
                node = compress(node, None if alone else sibling, bottom)
            nodes.append(node)
            at >>= 1
        return nodes

    def proves(self, leaf: bytes, root: bytes) -> bool:
        """True if the leaf is at `index` of the tree of `leaves` leaves with this root."""
        try:
            return self.ancestors(leaf)[-1] == root
        except ValueError:
            return False
