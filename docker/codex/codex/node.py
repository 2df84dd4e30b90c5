"""One Codex node: repository, libp2p host, block exchange and discovery behind the operations of libcodex, as
coroutines.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

from .cids import Cid
from .config import CodexConfig
from .errors import CodexError, ConfigError, NotFound, NotStarted, PeerNotFound
from .manifest import DEFAULT_BLOCK_SIZE, Manifest
from .network import discovery, messages
from .network.addresses import announced, check_listen_addr, check_nat
from .network.discovery import Discovery
from .network.exchange import BlockExchange
from .network.host import Libp2pHost
from .network.identity import SignedPeerRecord, check_peer_id, load_or_create_key
from .network.lean import import_libp2p
from .network.messages import Address
from .repo import Repository

log = logging.getLogger(__name__)

WINDOW = 256  # blocks asked for ahead of the reader


class CodexNode:
    """A node.

    Every operation can be cancelled; those that may wait for others take `timeout` in seconds and raise TimeoutError.

    CIDs are text; one that cannot be parsed raises IncorrectCid. `peer_id`, `spr` and `addrs` are known once started.
    """

    def __init__(self, config: CodexConfig) -> None:
        self.config = config
        self.peer_id = ""
        self.spr = ""
        self.addrs: list[str] = []
        self._running: _Running | None = None
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Open the repository, listen, join the bootstrap nodes. Idempotent. Raises ConfigError, OSError."""
        async with self._changing:
            if self._running is None:
                running = _Running(self.config)
                try:
                    await running.start()
                except BaseException:
                    await running.stop()
                    raise
                self._running = running
                self.peer_id, self.addrs = running.host.peer_id, running.addrs
                self.spr = running.record.spr
                log.info("node %s started, announcing %s", self.peer_id, ", ".join(self.addrs))

    async def stop(self) -> None:
        """Close everything; operations under way end with an error. Idempotent."""
        async with self._changing:
            running, self._running = self._running, None
            if running is not None:
                await running.stop()
                log.info("node %s stopped", self.peer_id)

    @property
    def _on(self) -> _Running:
        if self._running is None:
            raise NotStarted
        return self._running

    # Information

    async def debug(self) -> dict[str, Any]:
        """`id`, `addrs`, `spr`, `announceAddresses` and the routing `table` (this node and the peers it knows)."""
        on = self._on
        return {
            "id": self.peer_id,
            "addrs": list(self.addrs),
            "spr": self.spr,
            "announceAddresses": list(self.addrs),
            "table": {
                "localNode": discovery.table_entry(on.record, seen=False),
                "nodes": [discovery.table_entry(record, seen=True) for record in on.discovery.known()],
            },
        }

    @property
    def listening(self) -> list[str]:
        """Multiaddresses bound, with their real ports."""
        return list(self._on.listening)

    @property
    def peers(self) -> list[str]:
        """Ids of the peers connected now."""
        return self._on.exchange.peers

    @property
    def repository(self) -> Repository:
        """What the node stores."""
        return self._on.repository

    async def space(self) -> dict[str, int]:
        """`totalBlocks` (manifests included) and, in bytes, `quotaMaxBytes`, `quotaUsedBytes`, `quotaReservedBytes`."""
        repository = self._on.repository
        return {
            "totalBlocks": repository.total_blocks,
            "quotaMaxBytes": repository.quota,
            "quotaUsedBytes": repository.used,
            "quotaReservedBytes": 0,
        }

    async def list(self) -> list[Manifest]:
        """All datasets held, complete or not."""
        return self._on.repository.datasets()

    async def exists(self, cid: str) -> bool:
        """True if the manifest or block is in the local repository."""
        return self._on.repository.has(Cid.parse(cid))

    # Peers

    async def connect(self, peer_id: str, addrs: Sequence[str] = (), timeout: float | None = None) -> None:
        """Connect to a peer, at these multiaddresses or where discovery finds it.

        Raises InvalidPeerId, PeerNotFound, DialFailed.
        """
        on = self._on
        check_peer_id(peer_id)
        async with asyncio.timeout(timeout):
            known = addrs or await on.discovery.find_peer(peer_id)
            if not known:
                raise PeerNotFound
            await on.host.dial(peer_id, known)

    # Data

    async def upload(
        self,
        data: bytes | AsyncIterable[bytes],
        filename: str | None = None,
        mimetype: str | None = None,
        block_size: int = DEFAULT_BLOCK_SIZE,
        timeout: float | None = None,
    ) -> str:
        """Store a dataset and announce it; returns its CID. Raises EmptyUpload, QuotaExceeded, StorageFailed."""
        on = self._on
        if block_size <= 0:
            raise CodexError(f"a block size of {block_size} bytes is not possible")
        async with asyncio.timeout(timeout), on.repository.upload(block_size) as upload:
            async for chunk in _chunks(data):
                await upload.write(chunk)
            manifest = await upload.finish(filename, mimetype)
        on.exchange.offer_all()
        on.discovery.announce([manifest.id, manifest.tree])
        log.info("stored %s, %d bytes", manifest.cid, manifest.dataset_size)
        return manifest.cid

    async def manifest(self, cid: str, local: bool = False, timeout: float | None = None) -> Manifest:
        """The manifest, from the network if it is not held and `local` is not set.

        Raises NotFound (local), RetriesExhausted, NotAManifest.
        """
        on, parsed = self._on, Cid.parse(cid)
        async with asyncio.timeout(timeout):
            if not local and not on.repository.has(parsed):
                await on.exchange.want(Address(parsed))
            return on.repository.manifest(parsed)

    async def fetch(self, cid: str, timeout: float | None = None) -> Manifest:
        """The manifest; all blocks follow in the background. Raises as `manifest`."""
        manifest = await self.manifest(cid, timeout=timeout)
        self._on.fetch(manifest)
        return manifest

    async def download(self, cid: str, local: bool = False, timeout: float | None = None) -> AsyncIterator[bytes]:
        """The dataset's bytes, block by block, each compared with its hash.

        `timeout` is the longest wait for one block.

        As in the original, `local` is about the manifest: blocks that are missing come from peers, if there is
        anybody to ask. Raises as `manifest`; NotFound too for a block that is damaged or missing with nobody to ask.
        """
        manifest = await self.manifest(cid, local, timeout)
        on, left = self._on, manifest.dataset_size
        async for block in on.blocks(manifest, local, timeout):
            yield block if left >= len(block) else block[:left]
            left -= len(block)

    async def delete(self, cid: str) -> None:
        """Remove a dataset from the local repository; nothing happens if it is absent.

        Raises BlockInUse for one of its blocks.
        """
        on, parsed = self._on, Cid.parse(cid)
        await on.forget(parsed)


class _Running:
    """The parts of a node between start and stop."""

    def __init__(self, config: CodexConfig) -> None:
        self.config = config
        self.repository = Repository(config.data_dir / "repo", config.storage_quota, config.block_ttl)
        self._tasks: dict[Cid | str, asyncio.Task[None]] = {}
        self._parts: list[Any] = []

    async def start(self) -> None:
        config = self.config
        for addr in config.listen_addrs:
            check_listen_addr(addr)
        check_nat(config.nat)
        # libp2p takes its time to import: meanwhile the repository opens and the loop stays free.
        await asyncio.gather(asyncio.to_thread(import_libp2p), self.repository.open())
        try:
            boot = [SignedPeerRecord.parse(spr) for spr in config.bootstrap_nodes]
        except CodexError as error:
            raise ConfigError(f"bootstrap-node: {error}") from error
        key = load_or_create_key(config.net_privkey)
        self.host = Libp2pHost(key, config.listen_addrs, config.max_peers, self._on_peer)
        self.exchange = BlockExchange(self.repository, self.host, config.block_retries, self._seek)
        self.discovery = Discovery(self.host, boot, config.announce_interval, self._held, self.exchange.seek_all)
        self.host.on_message(messages.PROTOCOL, self.exchange.on_message)
        self.host.on_request(discovery.PROTOCOL, self.discovery.on_request)
        self.listening = await self.host.start()
        self.addrs = announced(self.listening, config.nat)
        self.record = SignedPeerRecord.sign(key, discovery.record_addrs(self.addrs, config.disc_port))
        self.exchange.start()
        self.discovery.start(self.record)
        self._tasks["maintenance"] = asyncio.create_task(self._maintain())

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if hasattr(self, "host"):
            await self.discovery.stop()
            await self.exchange.stop()
            await self.host.stop()
        self.repository.close()

    async def _on_peer(self, peer_id: str, connected: bool) -> None:
        await self.exchange.on_peer(peer_id, connected)
        await self.discovery.on_peer(peer_id, connected)

    async def _seek(self, cid: Cid) -> None:
        for record in await self.discovery.find(cid):
            if record.peer_id not in self.exchange.peers:
                try:
                    await self.host.dial(record.peer_id, record.addrs)
                except (CodexError, ConnectionError) as error:
                    log.info("provider %s of %s is not reached: %s", record.peer_id, cid, error)

    def _held(self) -> list[Cid]:
        return [cid for manifest in self.repository.datasets() for cid in (manifest.id, manifest.tree)]

    async def _maintain(self) -> None:
        while True:
            await asyncio.sleep(self.config.block_maintenance_interval)
            for manifest in await self.repository.expire(self.config.block_maintenance_number):
                log.info("dataset %s has outlived its time", manifest.cid)

    def fetch(self, manifest: Manifest) -> None:
        """Get all blocks in the background."""
        if manifest.id not in self._tasks:
            task = self._tasks[manifest.id] = asyncio.create_task(self._fetch(manifest))
            task.add_done_callback(lambda _: self._tasks.pop(manifest.id, None))

    async def _fetch(self, manifest: Manifest) -> None:
        try:
            async for _ in self._arrivals(manifest, None):
                pass
        except (CodexError, ConnectionError) as error:
            log.warning("fetching %s in the background failed: %s", manifest.cid, error)

    async def forget(self, cid: Cid) -> None:
        fetching = self._tasks.get(cid)
        if fetching:
            fetching.cancel()
        await self.repository.delete(cid)

    async def blocks(self, manifest: Manifest, local: bool, timeout: float | None) -> AsyncIterator[bytes]:
        """The dataset's blocks in order, padded."""
        if local and not self._anybody():
            for index in range(manifest.blocks):
                yield await self.repository.read_leaf(manifest.tree, index)
            return
        async for index in self._arrivals(manifest, timeout):
            try:
                block = await self.repository.read_leaf(manifest.tree, index)
            except NotFound:  # damaged on disk since it was found there
                if not self._anybody():
                    raise
                async with asyncio.timeout(timeout):
                    await self.exchange.want(Address(manifest.tree, index))
                block = await self.repository.read_leaf(manifest.tree, index)
            yield block

    async def _arrivals(self, manifest: Manifest, timeout: float | None) -> AsyncIterator[int]:
        """Every block's index in order, once it is in the repository; up to WINDOW missing ones are asked for ahead."""
        asked: deque[tuple[int, asyncio.Future[None]]] = deque()
        ahead = 0
        try:
            for index in range(manifest.blocks):
                while ahead < min(manifest.blocks, index + WINDOW):
                    if not self.repository.has_leaf(manifest.tree, ahead):
                        asked.append((ahead, self.exchange.want(Address(manifest.tree, ahead))))
                    ahead += 1
                if asked and asked[0][0] == index:
                    async with asyncio.timeout(timeout):
                        await asked[0][1]
                    asked.popleft()
                yield index
        finally:
            for _, future in asked:
                if not future.cancel() and not future.cancelled():
                    future.exception()

    def _anybody(self) -> bool:
        return bool(self.exchange.peers or self.config.bootstrap_nodes)


async def _chunks(data: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(data, (bytes, bytearray, memoryview)):
        for at in range(0, len(data), 1 << 20):
            yield bytes(data[at : at + (1 << 20)])
    else:
        async for chunk in data:
            yield chunk
