"""Block exchange: what this node wants from its peers, what they want from it (CODEX blockexc 1.0.0).

A want is announced to every peer (want-have). The first peer that says it has the block and has room is asked for it
(want-block). Wants stay outstanding until they are satisfied, given up by their waiters, or out of retries; a peer
that joins gets all of them at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Protocol

from ..cids import SHA2_256, Cid, block_cid
from ..errors import InvalidMessage, NotAManifest, NotFound, QuotaExceeded, RetriesExhausted, StorageFailed
from ..manifest import Manifest
from ..merkle import Proof
from ..proto import blockexc_pb2 as pb
from ..repo import Repository
from . import messages
from .host import PeerGone
from .messages import DONT_HAVE, HAVE, PROTOCOL, WANT_BLOCK, WANT_HAVE, Address

log = logging.getLogger(__name__)

RETRY_INTERVAL = 3.0  # seconds per retry
FIRST_SEEK = 0.5  # seconds until discovery is asked for one CID again, doubling up to RETRY_INTERVAL
FIRST_REFRESH, LAST_REFRESH = 1.0, 36.0  # seconds until the wants are told again to a peer, doubling
PEER_TIMEOUT = 60.0  # seconds of silence after which a block is asked elsewhere
MAX_IN_FLIGHT = 64  # blocks asked of one peer and not yet delivered
MAX_DELIVERY = 20  # blocks in one message
MAX_PEER_WANTS = 1 << 16  # addresses remembered for one peer


class Transport(Protocol):
    """What the exchange needs of the libp2p host."""

    async def send(self, peer_id: str, protocol: str, message: bytes) -> None: ...

    async def disconnect(self, peer_id: str) -> None: ...


@dataclass
class Want:
    """One block that somebody here waits for."""

    address: Address
    retries: int
    since: float
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    have: set[str] = field(default_factory=set)  # peers that said they have it
    asked: str | None = None  # the peer that is to deliver it
    asked_at: float = 0.0


@dataclass
class Peer:
    """One connected peer."""

    peer_id: str
    offers: dict[Address, None] = field(
        default_factory=dict
    )  # wants that it has and nobody was asked for yet, in order
    in_flight: set[Address] = field(default_factory=set)
    wanted: dict[Address, int] = field(default_factory=dict)  # what it wants and was not given: WANT_HAVE or WANT_BLOCK
    queue: dict[Address, None] = field(default_factory=dict)  # what is to be delivered to it, in order
    work: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: list[bytes] = field(default_factory=list)
    sender: asyncio.Task[None] | None = None
    refresh: float = FIRST_REFRESH
    refresh_at: float = 0.0


class BlockExchange:
    """The exchange of one node.

    `seek(cid)` is called, with growing pauses up to RETRY_INTERVAL, for what no connected peer has.
    """

    def __init__(
        self, repository: Repository, transport: Transport, retries: int, seek: Callable[[Cid], Awaitable[None]]
    ) -> None:
        self._repository, self._transport, self._retries, self._seek = repository, transport, retries, seek
        self._wants: dict[Address, Want] = {}
        self._peers: dict[str, Peer] = {}
        self._seeking: dict[Cid, tuple[float, float]] = {}  # CID -> (when next, pause after that)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wanting = asyncio.Event()
        self.delivered: Counter[str] = Counter()  # peer id -> blocks taken from it

    def start(self) -> None:
        self._spawn(self._tick())

    async def stop(self) -> None:
        tasks = list(self._tasks) + [peer.sender for peer in self._peers.values() if peer.sender]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for want in list(self._wants.values()):
            self._end(want, PeerGone("the node is stopped"))

    @property
    def peers(self) -> list[str]:
        return list(self._peers)

    # Asking

    def want(self, address: Address) -> asyncio.Future[None]:
        """A future that is done when the block is in the repository, or fails with RetriesExhausted, QuotaExceeded,
        StorageFailed or NotAManifest.

        Cancelling the last future for an address withdraws the want.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._retries == 0:
            future.set_exception(RetriesExhausted())
            return future
        want = self._wants.get(address)
        if want is None:
            want = self._wants[address] = Want(address, self._retries, time.monotonic())
            self._wanting.set()
            self._announce_soon(address)
        want.waiters.add(future)
        future.add_done_callback(lambda done: self._waiter_done(want, done))
        return future

    def _waiter_done(self, want: Want, future: asyncio.Future[None]) -> None:
        want.waiters.discard(future)
        if not want.waiters and self._wants.get(want.address) is want:
            self._forget(want)
            for peer in self._peers.values():
                self._post(peer, messages.wants([want.address], WANT_HAVE, cancel=True))

    _unannounced: list[Address] | None = None

    def _announce_soon(self, address: Address) -> None:
        # Wants come by the hundred in one turn of the loop: one message for all of them.
        if self._unannounced is None:
            self._unannounced = []
            asyncio.get_running_loop().call_soon(self._announce)
        self._unannounced.append(address)

    def _announce(self) -> None:
        fresh, self._unannounced = self._unannounced or [], None
        wanted = [address for address in fresh if address in self._wants]
        if not wanted:
            return
        for peer in self._peers.values():
            self._post(peer, messages.wants(wanted, WANT_HAVE))
            peer.refresh, peer.refresh_at = FIRST_REFRESH, time.monotonic() + FIRST_REFRESH
        for cid in {address.cid for address in wanted}:
            self._seek_soon(cid)

    def seek_all(self) -> None:
        """Look for providers of everything that no connected peer has, now."""
        self._seeking.clear()
        for cid in {want.address.cid for want in self._wants.values() if not want.have}:
            self._seek_soon(cid)

    def _seek_soon(self, cid: Cid) -> None:
        now = time.monotonic()
        due, pause = self._seeking.get(cid, (now, FIRST_SEEK))
        if now >= due:
            self._seeking[cid] = now + pause, min(pause * 2, RETRY_INTERVAL)
            self._spawn(self._seek(cid))

    async def _tick(self) -> None:
        """Once a second while something is wanted: tell again, ask elsewhere, count retries."""
        while True:
            await self._wanting.wait()
            await asyncio.sleep(FIRST_REFRESH)
            if not self._wants:
                self._wanting.clear()
                self._seeking.clear()
                continue
            now = time.monotonic()
            for want in list(self._wants.values()):
                self._review(want, now)
            for peer in self._peers.values():
                if now >= peer.refresh_at:
                    peer.refresh = min(peer.refresh * 2, LAST_REFRESH)
                    peer.refresh_at = now + peer.refresh
                    unmet = [address for address, want in self._wants.items() if want.asked is None and not want.have]
                    if unmet:
                        self._post(peer, messages.wants(unmet, WANT_HAVE))

    def _review(self, want: Want, now: float) -> None:
        if want.asked is not None:
            if now - want.asked_at > PEER_TIMEOUT:
                log.warning("peer %s did not deliver %s in %s s", want.asked, want.address, PEER_TIMEOUT)
                self._ask_elsewhere(want)
        elif not want.have:
            if now - want.since >= RETRY_INTERVAL:
                want.since = now
                want.retries -= 1
            if want.retries <= 0:
                self._end(want, RetriesExhausted())
            else:
                self._seek_soon(want.address.cid)

    def _ask_elsewhere(self, want: Want) -> None:
        late = self._peers.get(want.asked or "")
        if late:
            late.in_flight.discard(want.address)
        want.have.discard(want.asked or "")
        want.asked, want.since = None, time.monotonic()
        self._offer(want, want.have)

    def _offer(self, want: Want, peer_ids: Iterable[str]) -> None:
        for peer_id in list(peer_ids):
            self._peers[peer_id].offers[want.address] = None
        for peer_id in list(peer_ids):
            self._assign(self._peers[peer_id])

    def _assign(self, peer: Peer) -> None:
        """Ask the peer for as much of what it has as it has room for."""
        chosen: list[Address] = []
        while peer.offers and len(peer.in_flight) < MAX_IN_FLIGHT:
            address = next(iter(peer.offers))
            del peer.offers[address]
            want = self._wants.get(address)
            if want is None or want.asked is not None:
                continue
            want.asked, want.asked_at = peer.peer_id, time.monotonic()
            peer.in_flight.add(address)
            chosen.append(address)
        if chosen:
            self._post(peer, messages.wants(chosen, WANT_BLOCK))

    def _forget(self, want: Want) -> None:
        self._wants.pop(want.address, None)
        for peer_id in want.have | ({want.asked} if want.asked else set()):
            peer = self._peers.get(peer_id)
            if peer:
                peer.offers.pop(want.address, None)
                peer.in_flight.discard(want.address)

    def _end(self, want: Want, error: Exception | None = None) -> None:
        self._forget(want)
        for future in list(want.waiters):
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    # Peers

    async def on_peer(self, peer_id: str, connected: bool) -> None:
        """A peer came or went."""
        if connected and peer_id not in self._peers:
            log.info("peer %s joined", peer_id)
            peer = self._peers[peer_id] = Peer(peer_id, refresh_at=time.monotonic() + FIRST_REFRESH)
            peer.sender = asyncio.create_task(self._serve(peer))
            if self._wants:
                self._post(peer, messages.wants(self._wants, WANT_HAVE, full=True))
        elif not connected and peer_id in self._peers:
            log.info("peer %s left", peer_id)
            peer = self._peers.pop(peer_id)
            if peer.sender:
                peer.sender.cancel()
            for want in list(self._wants.values()):
                want.have.discard(peer_id)
                if want.asked == peer_id:
                    self._ask_elsewhere(want)
                    self._seek_soon(want.address.cid)

    def _post(self, peer: Peer, batch: list[bytes]) -> None:
        peer.outbox += batch
        peer.work.set()

    async def _serve(self, peer: Peer) -> None:
        """Send what is to be sent to one peer: small messages first, then blocks, read from disk as they go."""
        while True:
            await peer.work.wait()
            try:
                while peer.outbox:
                    await self._transport.send(peer.peer_id, PROTOCOL, peer.outbox.pop(0))
                batch = list(islice(peer.queue, MAX_DELIVERY))
                for address in batch:
                    del peer.queue[address]
                blocks = [block for block in [await self._load(address) for address in batch] if block is not None]
                if blocks:
                    await self._transport.send(peer.peer_id, PROTOCOL, messages.deliveries(blocks))
            except PeerGone as error:
                log.debug("%s", error)
                peer.outbox.clear()
                peer.queue.clear()
            if not peer.outbox and not peer.queue:
                peer.work.clear()

    async def _load(self, address: Address) -> pb.BlockDelivery | None:
        try:
            if address.index is None:
                return messages.delivery(address, address.cid, await self._repository.read(address.cid), None)
            known = self._repository.proof(address.cid, address.index)
            if known is None:
                return None
            digest, proof = known
            data = await self._repository.read_leaf(address.cid, address.index)
            return messages.delivery(address, block_cid(digest), data, proof)
        except NotFound:
            return None

    # Messages

    async def on_message(self, peer_id: str, raw: bytes) -> None:
        """One message of a peer. Raises InvalidMessage, upon which the peer is dropped."""
        message = messages.parse(raw)
        peer = self._peers.get(peer_id)
        if peer is None:
            return
        if message.HasField("wantlist"):
            self._take_wants(peer, message.wantlist)
        if message.blockPresences:
            self._take_presences(peer, message.blockPresences)
        if message.payload:
            await self._take_blocks(peer, message.payload)

    def _take_wants(self, peer: Peer, wantlist: pb.WantList) -> None:
        if wantlist.full:
            peer.wanted.clear()
        answers: list[tuple[Address, int]] = []
        for entry in wantlist.entries:
            address = Address.decode(entry.address)
            if entry.cancel:
                peer.wanted.pop(address, None)
                peer.queue.pop(address, None)
            elif not self._held(address):
                if len(peer.wanted) < MAX_PEER_WANTS:
                    peer.wanted[address] = entry.wantType
                if entry.sendDontHave:
                    answers.append((address, DONT_HAVE))
            elif entry.wantType == WANT_HAVE:
                answers.append((address, HAVE))
            else:
                peer.queue[address] = None
        if answers:
            self._post(peer, [messages.presences(answers)])
        peer.work.set()

    def _take_presences(self, peer: Peer, presences: Iterable[pb.BlockPresence]) -> None:
        for presence in presences:
            want = self._wants.get(Address.decode(presence.address))
            if want is None:
                continue
            if presence.type == HAVE:
                want.have.add(peer.peer_id)
                if want.asked is None:
                    peer.offers[want.address] = None
            else:
                want.have.discard(peer.peer_id)
                if want.asked == peer.peer_id:
                    self._ask_elsewhere(want)
        self._assign(peer)

    async def _take_blocks(self, peer: Peer, payload: Iterable[pb.BlockDelivery]) -> None:
        leaves: dict[Cid, list[tuple[Address, bytes, bytes, Proof]]] = defaultdict(list)
        singles: list[tuple[Address, bytes]] = []
        for delivery in payload:
            address = Address.decode(delivery.address)
            want = self._wants.get(address)
            if want is None:
                continue  # late: another peer was faster, or nobody waits any more
            if address.index is not None and self._repository.leaves(address.cid) is None:
                self._end(want, NotFound("the dataset was deleted meanwhile"))
                continue
            if address.index is None:
                if not address.cid.matches(delivery.data):
                    raise InvalidMessage(f"what it sent as {address} hashes to something else")
                singles.append((address, delivery.data))
            else:
                digest = sha256(delivery.data).digest()
                leaves[address.cid].append((address, digest, delivery.data, self._check(address, digest, delivery)))
        for address, data in singles:
            await self._store(peer, [address], self._store_single(address.cid, data))
        for tree, blocks in leaves.items():
            stored = [(digest, data, proof) for _, digest, data, proof in blocks]
            await self._store(peer, [address for address, *_ in blocks], self._repository.store_leaves(tree, stored))
        self._assign(peer)

    def _check(self, address: Address, digest: bytes, delivery: pb.BlockDelivery) -> Proof:
        proof = messages.decode_proof(delivery.proof)
        if proof.index != address.index or proof.leaves != self._repository.leaves(address.cid):
            raise InvalidMessage(f"the proof of {address} is one of another block")
        if not proof.proves(digest, address.cid.digest):
            raise InvalidMessage(f"the proof of {address} does not lead to the root")
        return proof

    async def _store_single(self, cid: Cid, data: bytes) -> None:
        try:
            manifest = Manifest.decode(data)
        except NotAManifest:
            await self._repository.store_blocks([(cid.digest, data)])
        else:
            await self._repository.store_manifest(manifest)

    async def _store(self, peer: Peer, addresses: list[Address], storing: Awaitable[None]) -> None:
        error: Exception | None = None
        try:
            await storing
        except (QuotaExceeded, StorageFailed, NotAManifest) as refused:
            log.error("%s", refused)
            error = refused
        self.delivered[peer.peer_id] += len(addresses)
        for address in addresses:
            want = self._wants.get(address)
            if want is not None:
                self._end(want, error)
        if error is None:
            self.now_held(addresses, said_by=peer.peer_id)

    # Serving

    def _held(self, address: Address) -> bool:
        if address.index is None:
            return address.cid.hash_code == SHA2_256 and self._repository.has(address.cid)
        return self._repository.has_leaf(address.cid, address.index)

    def offer_all(self) -> None:
        """Tell peers that wait for something that has come by another way than this exchange (an upload)."""
        for peer in self._peers.values():
            self.now_held([address for address in peer.wanted if self._held(address)])

    def now_held(self, addresses: Iterable[Address], said_by: str = "") -> None:
        """Tell peers that wait for these addresses that they can be had here now."""
        addresses = list(addresses)
        for peer in self._peers.values():
            if not peer.wanted or peer.peer_id == said_by:
                continue
            waited = [(address, peer.wanted.pop(address)) for address in addresses if address in peer.wanted]
            if have := [(address, HAVE) for address, kind in waited if kind == WANT_HAVE]:
                self._post(peer, [messages.presences(have)])
            peer.queue.update((address, None) for address, kind in waited if kind == WANT_BLOCK)
            peer.work.set()

    def _spawn(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[assignment]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("block exchange failed", exc_info=task.exception())
