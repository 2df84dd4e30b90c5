"""Blocks, trees and manifests of one node, with quota and time to live.

    DATA/repo/blocks/<last two>/<cid>.dsobj      the bytes of a block, padded
    DATA/repo/manifests/<last two>/<cid>.dsobj   an encoded manifest: a dataset exists if and only if this file does
    DATA/repo/trees/<last two>/<cid>.tree        what is known of a dataset's Merkle tree

The files are the whole truth: the index in memory is read from them at start. Blocks go to disk before their
manifest, so whatever a crash leaves without one is dropped then. Blocks are compared with their hash on every read.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar

from ..cids import BLOCK_CODEC, Cid, block_cid, tree_cid
from ..errors import (
    BlockInUse,
    ConfigError,
    EmptyUpload,
    IncorrectCid,
    NotAManifest,
    NotFound,
    QuotaExceeded,
    StorageFailed,
)
from ..manifest import Manifest
from ..merkle import Proof, root_of
from .files import ObjectDir
from .tree import Tree, Trees, tree_size

log = logging.getLogger(__name__)

BATCH = 32  # blocks written per turn of the writer

P = ParamSpec("P")
T = TypeVar("T")


def uninterrupted(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Let a change of the repository end before its cancellation takes effect: files and index stay one."""

    @wraps(method)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(method(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    return guarded


@dataclass(frozen=True)
class Dataset:
    """A manifest in the repository. `stored` is when it came, in seconds since the epoch."""

    manifest: Manifest
    size: int
    stored: float


class Repository:
    """One repository.

    Its methods belong to one event loop; files are touched in worker threads, one writer at a time.
    """

    def __init__(self, root: Path, quota: int, ttl: float) -> None:
        self.root, self.quota, self.ttl = root, quota, ttl
        self.used = 0
        self._datasets: dict[Cid, Dataset] = {}
        self._by_tree: dict[Cid, set[Cid]] = {}
        self._sizes: dict[bytes, int] = {}  # digest of every block held -> bytes
        self._refs: Counter[bytes] = Counter()  # digest -> leaves of trees, and uploads under way, that need it
        self._orphans: dict[bytes, float] = {}  # digest of blocks that nothing needs -> since when
        self._writer = asyncio.Lock()
        self._lock_fd: int | None = None

    # Life cycle

    async def open(self) -> None:
        """Read the index from disk and drop what a crash left half done.

        Raises ConfigError if another process has it open.
        """
        await asyncio.to_thread(self._open)

    def close(self) -> None:
        if self._lock_fd is not None:
            self._trees.close()
            os.close(self._lock_fd)
            self._lock_fd = None

    def _open(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise ConfigError(f"the repository {self.root} is in use by another process") from error
        self._lock_fd = fd
        temporary = self.root / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        self._blocks = ObjectDir(self.root / "blocks", temporary)
        self._manifests = ObjectDir(self.root / "manifests", temporary)
        self._trees = Trees(self.root / "trees", temporary)
        for name, stat in self._blocks.scan():
            try:
                self._sizes[Cid.parse(name).digest] = stat.st_size
            except IncorrectCid:
                log.warning("%s is no block and is left alone", self._blocks.path(name))
        for name, stat in self._manifests.scan():
            self._load(name, stat)
        for name in set(self._trees.names()) - {str(cid) for cid in self._by_tree}:
            self._trees.remove_named(name)
        for cid in self._by_tree:
            if tree := self._tree(cid):
                self._refs.update(tree.known())
        lost = [digest for digest in self._sizes if not self._refs[digest]]
        self._blocks.remove([str(block_cid(digest)) for digest in lost])
        for digest in lost:
            del self._sizes[digest]
        self._refs = +self._refs
        self.used = sum(self._sizes.values()) + sum(dataset.size for dataset in self._datasets.values())
        log.info(
            "repository open: %d datasets, %d blocks, %d bytes; %d unfinished blocks dropped",
            len(self._datasets),
            len(self._sizes),
            self.used,
            len(lost),
        )

    def _load(self, name: str, stat: os.stat_result) -> None:
        raw = self._manifests.read(name)
        try:
            cid = Cid.parse(name)
            if not cid.matches(raw):
                raise NotAManifest
            manifest = Manifest.decode(raw)
        except (IncorrectCid, NotAManifest):
            damaged = self._manifests.path(name)
            log.error("the manifest %s is damaged on disk: its dataset is dropped, the file kept as *.damaged", name)
            damaged.rename(damaged.with_suffix(".damaged"))
            return
        self._datasets[cid] = Dataset(manifest, len(raw), stat.st_mtime)
        self._by_tree.setdefault(manifest.tree, set()).add(cid)

    # What is there

    @property
    def total_blocks(self) -> int:
        return len(self._sizes) + len(self._datasets)

    def datasets(self) -> list[Manifest]:
        return [dataset.manifest for dataset in self._datasets.values()]

    def manifest(self, cid: Cid) -> Manifest:
        """The manifest held under `cid`. Raises NotFound, or NotAManifest if something else is held."""
        if cid in self._datasets:
            return self._datasets[cid].manifest
        if self.has(cid):
            raise NotAManifest
        raise NotFound

    def has(self, cid: Cid) -> bool:
        """True if the manifest or block is held. Trees have no block of their own."""
        return cid in self._datasets or cid.codec == BLOCK_CODEC and cid.digest in self._sizes

    def has_leaf(self, tree: Cid, index: int) -> bool:
        """True if the block at `index` of the dataset with this tree is held."""
        return self._leaf(tree, index) in self._sizes

    def leaves(self, tree: Cid) -> int | None:
        """Number of blocks of the dataset with this tree, or None if none is held."""
        owners = self._by_tree.get(tree)
        return self._datasets[next(iter(owners))].manifest.blocks if owners else None

    def proof(self, tree: Cid, index: int) -> tuple[bytes, Proof] | None:
        """Digest and proof of a block of a dataset, or None if they are not known."""
        known = self._tree(tree)
        leaf = known.leaf(index) if known and 0 <= index < known.leaves else None
        proof = known.proof(index) if known and leaf else None
        return (leaf, proof) if leaf and proof else None

    async def read(self, cid: Cid) -> bytes:
        """The bytes of the manifest or block. Raises NotFound, also if they are damaged on disk."""
        if cid in self._datasets:
            return self._datasets[cid].manifest.encode()
        if not self.has(cid):
            raise NotFound
        return await self._read(cid.digest)

    async def read_leaf(self, tree: Cid, index: int) -> bytes:
        """The block at `index`, padded. Raises NotFound, also if it is damaged on disk."""
        digest = self._leaf(tree, index)
        if digest not in self._sizes:
            raise NotFound
        return await self._read(digest)

    def _tree(self, tree: Cid) -> Tree | None:
        leaves = self.leaves(tree)
        return None if leaves is None else self._trees.find(tree, leaves)

    def _leaf(self, tree: Cid, index: int) -> bytes | None:
        known = self._tree(tree)
        return known.leaf(index) if known and 0 <= index < known.leaves else None

    async def _read(self, digest: bytes) -> bytes:
        name = str(block_cid(digest))

        def read() -> bytes | None:
            try:
                data = self._blocks.read(name)
            except FileNotFoundError:
                return None
            return data if sha256(data).digest() == digest else None

        data = await asyncio.to_thread(read)
        if data is None:
            await self._drop_damaged(digest, name)
            raise NotFound
        return data

    @uninterrupted
    async def _drop_damaged(self, digest: bytes, name: str) -> None:
        async with self._writer:
            if digest in self._sizes:
                log.error("block %s is damaged on disk and is dropped", name)
                await self._remove_blocks([digest])

    # Storing

    def upload(self, block_size: int) -> Upload:
        """A new dataset in the making; use it as an async context manager."""
        return Upload(self, block_size)

    @uninterrupted
    async def store_blocks(self, blocks: Sequence[tuple[bytes, bytes]], sync: bool = True) -> None:
        """Store these (digest, data).

        Raises QuotaExceeded or StorageFailed at the first that does not fit; those before it stay.

        With `sync` they are durable on return; without, a power cut may lose them, which shows when they are read.
        """
        async with self._writer:
            batch: dict[str, bytes] = {}
            refused: QuotaExceeded | None = None
            new: dict[bytes, int] = {}
            for digest, data in blocks:
                cid = block_cid(digest)
                if digest not in self._sizes and digest not in new:
                    if not await self._make_room(sum(new.values()) + len(data)):
                        refused = QuotaExceeded(str(cid))
                        break
                    new[digest] = len(data)
                batch[str(cid)] = data
            try:
                await asyncio.to_thread(self._write_missing, batch, {str(block_cid(digest)) for digest in new}, sync)
            except OSError as error:
                raise StorageFailed(next(iter(batch)), error) from error
            self._sizes.update(new)
            self.used += sum(new.values())
            for digest in new:
                if not self._refs[digest]:
                    self._orphans[digest] = time.time()
            if refused:
                raise refused

    def _write_missing(self, batch: dict[str, bytes], new: set[str], sync: bool) -> None:
        """Write what is new, and again what is held but not (any more) what it should be."""
        missing = {name: data for name, data in batch.items() if name in new or not self._intact(name, data)}
        self._blocks.write(missing, sync)

    def _intact(self, name: str, data: bytes) -> bool:
        try:
            return self._blocks.read(name) == data
        except FileNotFoundError:
            return False

    async def _make_room(self, size: int) -> bool:
        if self.used + size > self.quota and self._orphans:
            await self._remove_blocks(list(self._orphans))
        return self.used + size <= self.quota

    @uninterrupted
    async def store_manifest(self, manifest: Manifest, leaves: Sequence[bytes] | None = None) -> None:
        """Add the dataset; with `leaves` its whole tree is known. Idempotent.

        Raises QuotaExceeded, StorageFailed, or NotAManifest if it gives a tree that is held another number of blocks:
        one root has only one.
        """
        raw, cid = manifest.encode(), manifest.id
        async with self._writer:
            for other in list(self._by_tree.get(manifest.tree, ())):
                if self._datasets[other].manifest.blocks != manifest.blocks:
                    if leaves is None:
                        raise NotAManifest
                    await self._delete_dataset(other)
            known = cid in self._datasets
            if not known and not await self._make_room(len(raw)):
                raise QuotaExceeded(str(cid))
            try:
                if leaves is not None:
                    tree = self._trees.get(manifest.tree, manifest.blocks)
                    self._count(tree.fill(leaves))
                    await asyncio.to_thread(tree.flush)
                if not known:
                    await asyncio.to_thread(self._manifests.write, {str(cid): raw})
            except OSError as error:
                raise StorageFailed(str(cid), error) from error
            if not known:
                self._datasets[cid] = Dataset(manifest, len(raw), time.time())
                self._by_tree.setdefault(manifest.tree, set()).add(cid)
                self.used += len(raw)

    async def store_leaves(self, tree: Cid, blocks: Sequence[tuple[bytes, bytes, Proof]]) -> None:
        """Add (digest, data, proof) of a dataset that is held; hashes and proofs must have been checked.

        Raises QuotaExceeded, also where not even the tree would fit, or StorageFailed.
        """
        if tree_size(self.leaves(tree) or 1) > self.quota:
            raise QuotaExceeded(str(tree))
        self.pin(digest for digest, _, _ in blocks)
        try:
            await self.store_blocks([(digest, data) for digest, data, _ in blocks], sync=False)  # peers have them
            if leaves := self.leaves(tree):
                known = self._trees.get(tree, leaves)
                for digest, _, proof in blocks:
                    self._count(known.learn(digest, proof))
        except OSError as error:
            raise StorageFailed(str(tree), error) from error
        finally:
            self.unpin(digest for digest, _, _ in blocks)

    def pin(self, digests: Iterable[bytes]) -> None:
        for digest in digests:
            self._refs[digest] += 1
            self._orphans.pop(digest, None)

    def unpin(self, digests: Iterable[bytes]) -> None:
        for digest in digests:
            self._refs[digest] -= 1
            if self._refs[digest] <= 0:
                del self._refs[digest]
                if digest in self._sizes:
                    self._orphans[digest] = time.time()

    def _count(self, changed: Iterable[tuple[bytes | None, bytes]]) -> None:
        for before, now in changed:
            self.pin([now])
            if before is not None:
                self.unpin([before])

    # Deleting

    @uninterrupted
    async def delete(self, cid: Cid) -> None:
        """Delete a dataset with the blocks that no other needs, or a block that none needs.

        Absent: nothing. Raises BlockInUse.
        """
        async with self._writer:
            if cid in self._datasets:
                await self._delete_dataset(cid)
            elif cid.codec == BLOCK_CODEC and cid.digest in self._sizes:
                if self._refs[cid.digest]:
                    raise BlockInUse
                await self._remove_blocks([cid.digest])

    async def _delete_dataset(self, cid: Cid) -> int:
        dataset = self._datasets.pop(cid)
        self.used -= dataset.size
        await asyncio.to_thread(self._manifests.remove, [str(cid)])
        tree = dataset.manifest.tree
        owners = self._by_tree[tree]
        owners.discard(cid)
        if owners:
            return 1
        del self._by_tree[tree]
        found = self._trees.find(tree, dataset.manifest.blocks)
        known = list(found.known()) if found else []
        self._trees.remove(tree)
        self.unpin(known)
        unneeded = list({digest for digest in known if digest in self._orphans})
        await self._remove_blocks(unneeded)
        return 1 + len(unneeded)

    async def _remove_blocks(self, digests: list[bytes]) -> None:
        for digest in digests:
            self.used -= self._sizes.pop(digest)
            self._orphans.pop(digest, None)
        await asyncio.to_thread(self._blocks.remove, [str(block_cid(digest)) for digest in digests])

    @uninterrupted
    async def expire(self, most: int) -> list[Manifest]:
        """Delete what is older than its time to live, until about `most` blocks are gone.

        Returns the datasets deleted.
        """
        before, removed, gone = time.time() - self.ttl, 0, []
        async with self._writer:
            old = [digest for digest, since in self._orphans.items() if since <= before][:most]
            await self._remove_blocks(old)
            removed += len(old)
            for cid, dataset in list(self._datasets.items()):
                if removed >= most:
                    break
                if dataset.stored <= before:
                    removed += await self._delete_dataset(cid)
                    gone.append(dataset.manifest)
        return gone


class Upload:
    """Blocks on their way to become a dataset. Leaving the context without `finish` gives them up."""

    def __init__(self, repository: Repository, block_size: int) -> None:
        self._repository, self._block_size = repository, block_size
        self._digests: list[bytes] = []
        self._pending = bytearray()
        self.size = 0

    async def __aenter__(self) -> Upload:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._repository.unpin(self._digests)

    async def write(self, data: bytes) -> None:
        """Append bytes. Raises QuotaExceeded or StorageFailed."""
        self._pending += data
        self.size += len(data)
        if len(self._pending) >= BATCH * self._block_size:
            whole = len(self._pending) // self._block_size * self._block_size
            await self._store(bytes(self._pending[:whole]))
            del self._pending[:whole]

    async def finish(self, filename: str | None = None, mimetype: str | None = None) -> Manifest:
        """Store the rest, the tree and the manifest. Raises EmptyUpload, QuotaExceeded or StorageFailed."""
        if not self.size:
            raise EmptyUpload
        if self._pending:
            padding = -len(self._pending) % self._block_size
            await self._store(bytes(self._pending) + bytes(padding))
            self._pending.clear()
        root = await asyncio.to_thread(root_of, self._digests)
        manifest = Manifest(tree_cid(root), self.size, self._block_size, filename, mimetype)
        await self._repository.store_manifest(manifest, self._digests)
        return manifest

    async def _store(self, data: bytes) -> None:
        size = self._block_size
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        digests = await asyncio.to_thread(lambda: [sha256(block).digest() for block in blocks])
        self._repository.pin(digests)
        self._digests += digests
        await self._repository.store_blocks(list(zip(digests, blocks, strict=True)))
