"""What a dataset's bytes are called: the CID of their Merkle tree, computed as they come."""

from __future__ import annotations

from hashlib import sha256

from codex.cids import tree_cid
from codex.merkle import root_of


class TreeHash:
    """Holds one digest a block, never the bytes. The last block is hashed with zeroes up to its full size."""

    def __init__(self, block_size: int) -> None:
        self.size = 0
        self._block_size = block_size
        self._digests: list[bytes] = []
        self._block = sha256()
        self._room = block_size

    def update(self, piece: bytes) -> None:
        self.size += len(piece)
        rest = memoryview(piece)
        while rest:
            part, rest = rest[: self._room], rest[self._room :]
            self._block.update(part)
            self._room -= len(part)
            if not self._room:
                self._digests.append(self._block.digest())
                self._block, self._room = sha256(), self._block_size

    def cid(self) -> str:
        """Of all that came so far; empty for nothing."""
        digests = list(self._digests)
        if self._room < self._block_size:
            last = self._block.copy()
            last.update(bytes(self._room))
            digests.append(last.digest())
        return str(tree_cid(root_of(digests))) if digests else ""
