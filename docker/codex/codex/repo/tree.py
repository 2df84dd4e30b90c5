"""Merkle trees on disk, filled as blocks arrive: a flat array of nodes, layer by layer, bottom up; zeroes where a
node is not known yet.

Every node that is set was proved against the root, so a tree that is only partly known can still give proofs to other
peers.
"""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..cids import Cid
from ..merkle import DIGEST_SIZE, ZERO, Proof, build_layers, layer_sizes
from .files import ObjectDir

SUFFIX = ".tree"
OPEN_TREES = 64


class Tree:
    """One tree, mapped into memory."""

    def __init__(self, path: Path, leaves: int) -> None:
        self.leaves = leaves
        self._sizes = layer_sizes(leaves)
        self._starts = [sum(self._sizes[:level]) for level in range(len(self._sizes))]
        with open(path, "r+b") as file:
            self._nodes = mmap.mmap(file.fileno(), 0)

    def leaf(self, index: int) -> bytes | None:
        """Digest of the block at `index`, or None if it is not known. Raises IndexError."""
        if not 0 <= index < self.leaves:
            raise IndexError(index)
        return self._get(0, index)

    def known(self) -> Iterator[bytes]:
        """Digests of all leaves that are known, repetitions included."""
        return (leaf for leaf in map(self.leaf, range(self.leaves)) if leaf is not None)

    def learn(self, leaf: bytes, proof: Proof) -> list[tuple[bytes | None, bytes]]:
        """Take over a leaf and its proof, already checked against the root.

        Returns (before, now) of the leaves that changed.
        """
        changed = []
        at = proof.index
        for level, node in enumerate([leaf, *proof.ancestors(leaf)]):
            sibling = proof.path[level] if level < len(proof.path) else ZERO
            for position, value in ((at, node), (at ^ 1, sibling)):
                if value == ZERO or position >= self._sizes[level]:
                    continue
                before = self._get(level, position)
                if before != value:
                    self._set(level, position, value)
                    if level == 0:
                        changed.append((before, value))
            at >>= 1
        return changed

    def fill(self, leaves: Sequence[bytes]) -> list[tuple[bytes | None, bytes]]:
        """Take over the whole tree. Returns (before, now) of the leaves that changed."""
        changed = [(self._get(0, i), leaf) for i, leaf in enumerate(leaves) if self._get(0, i) != leaf]
        self._nodes[:] = b"".join(b"".join(layer) for layer in build_layers(leaves))
        return changed

    def proof(self, index: int) -> Proof | None:
        """Proof of the leaf at `index`, or None if a node on its way is not known."""
        path, at = [], index
        for level, size in enumerate(self._sizes[:-1]):
            sibling = self._get(level, at ^ 1) if at ^ 1 < size else ZERO
            if sibling is None:
                return None
            path.append(sibling)
            at >>= 1
        return Proof(index, self.leaves, tuple(path))

    def flush(self) -> None:
        self._nodes.flush()

    def close(self) -> None:
        self._nodes.close()

    def _get(self, level: int, position: int) -> bytes | None:
        at = (self._starts[level] + position) * DIGEST_SIZE
        node = self._nodes[at : at + DIGEST_SIZE]
        return None if node == ZERO else node

    def _set(self, level: int, position: int, node: bytes) -> None:
        at = (self._starts[level] + position) * DIGEST_SIZE
        self._nodes[at : at + DIGEST_SIZE] = node


def tree_size(leaves: int) -> int:
    """Bytes of a tree on disk."""
    return sum(layer_sizes(leaves)) * DIGEST_SIZE


class Trees:
    """All trees of a repository; the most recently used ones are kept open."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self._files = ObjectDir(root, temporary, SUFFIX)
        self._open: OrderedDict[Cid, Tree] = OrderedDict()

    def get(self, cid: Cid, leaves: int) -> Tree:
        """The tree; an empty one is made if there is none, or none of this size."""
        tree = self._open.pop(cid, None)
        if tree is None or tree.leaves != leaves:
            tree = Tree(self._ensure(cid, leaves), leaves)
        self._open[cid] = tree
        if len(self._open) > OPEN_TREES:
            self._open.popitem(last=False)[1].close()
        return tree

    def find(self, cid: Cid, leaves: int) -> Tree | None:
        """The tree, or None if nothing of it is known."""
        return self.get(cid, leaves) if cid in self._open or self._files.path(str(cid)).exists() else None

    def remove(self, cid: Cid) -> None:
        tree = self._open.pop(cid, None)
        if tree is not None:
            tree.close()
        self._files.remove([str(cid)])

    def names(self) -> list[str]:
        return [name for name, _ in self._files.scan()]

    def remove_named(self, name: str) -> None:
        self._files.remove([name])

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _ensure(self, cid: Cid, leaves: int) -> Path:
        path, size = self._files.path(str(cid)), tree_size(leaves)
        if not path.exists() or path.stat().st_size != size:
            path.parent.mkdir(exist_ok=True)
            with open(path, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, not a SIGBUS later
        return path
