"""Who has what: a small provider protocol of our own between nodes of this kind (the original's discv5 variant is not
spoken).

A node joins through its bootstrap nodes: it introduces itself to them with its signed record and announces what it
has. Both sides of a join remember each other's announcements, for a while, and ask each other for providers; who does
not know names others to ask. As in the original a mere `connect` joins nothing. Records are signed by their owners,
so nobody can announce addresses for another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from google.protobuf.message import DecodeError

from ..cids import Cid
from ..errors import CodexError, IncorrectCid, InvalidMessage, InvalidRecord
from ..proto import providers_pb2 as pb
from .addresses import parse_tcp
from .host import Libp2pHost, PeerGone
from .identity import SignedPeerRecord

log = logging.getLogger(__name__)

PROTOCOL = "/codex-reference/providers/1.0.0"
TIMEOUT = 3.0
PROVIDER_TTL = 24 * 3600.0  # seconds that an announcement holds
MAX_RECORDS = 20  # in one answer
MAX_CIDS = 1 << 16  # remembered
MAX_ANNOUNCED = 4096  # in one request
REJOIN_FIRST, REJOIN_LAST = 1.0, 30.0  # seconds between attempts to reach a bootstrap node


class Discovery:
    """One node's part in it.

    `held` names what the node has to announce; `on_join` is called when a bootstrap node is joined.
    """

    def __init__(
        self,
        host: Libp2pHost,
        boot: Sequence[SignedPeerRecord],
        interval: float,
        held: Callable[[], list[Cid]],
        on_join: Callable[[], None],
    ) -> None:
        self._host, self._boot, self._interval, self._held, self._on_join = host, boot, interval, held, on_join
        self._records: dict[str, SignedPeerRecord] = {record.peer_id: record for record in boot}
        self._providers: dict[bytes, dict[str, float]] = defaultdict(dict)  # CID -> peer id -> until when
        self._joined: set[str] = set()  # connected peers that joined us, or that we joined
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, record: SignedPeerRecord) -> None:
        self._record = record
        for node in self._boot:
            self._spawn(self._stay_joined(node))
        self._spawn(self._announce_again())

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def known(self) -> list[SignedPeerRecord]:
        """Records of the peers of the joins that stand now."""
        return [record for peer, record in self._records.items() if peer in self._joined]

    async def on_peer(self, peer_id: str, connected: bool) -> None:
        if not connected:
            self._joined.discard(peer_id)
        elif any(peer_id == node.peer_id for node in self._boot):
            self._spawn(self._join(peer_id))

    def announce(self, cids: Iterable[Cid]) -> None:
        """Tell in the background that these are here."""
        raw = [bytes(cid) for cid in cids]
        for peer_id in self._joined:
            self._spawn(self._tell(peer_id, raw))

    async def find(self, cid: Cid) -> list[SignedPeerRecord]:
        """Providers of this CID, this node excluded."""
        return await self._walk(pb.Request(find=bytes(cid)), self._known_providers(bytes(cid)))

    async def find_peer(self, peer_id: str) -> list[str]:
        """Multiaddresses of a peer; empty if nobody knows it."""
        known = self._records.get(peer_id)
        found = [known] if known else await self._walk(pb.Request(findPeer=peer_id.encode()), [])
        return [addr for record in found if record.peer_id == peer_id for addr in record.addrs if parse_tcp(addr)]

    async def on_request(self, peer_id: str, raw: bytes) -> bytes:
        """Answer one request. Raises InvalidMessage."""
        try:
            request = pb.Request.FromString(raw)
            if request.HasField("record"):
                record = SignedPeerRecord.verify(request.record)
                if record.peer_id != peer_id:
                    raise InvalidMessage("it introduces itself with another's record")
                self._learn(record)
                self._joined.add(peer_id)
            for cid in request.announce:
                Cid.from_bytes(cid)
        except (InvalidRecord, IncorrectCid, DecodeError) as error:
            raise InvalidMessage(f"not a provider request: {error}") from error
        self._note(peer_id, request)
        return self._answer(peer_id, request).SerializeToString()

    def _note(self, peer_id: str, request: pb.Request) -> None:
        now = time.monotonic()
        for cid in request.announce:
            if cid in self._providers or len(self._providers) < MAX_CIDS:
                self._providers[cid][peer_id] = now + PROVIDER_TTL

    def _answer(self, peer_id: str, request: pb.Request) -> pb.Response:
        found: list[SignedPeerRecord] = []
        if request.HasField("find"):
            found = [record for record in self._known_providers(request.find) if record.peer_id != peer_id]
        elif request.HasField("findPeer"):
            known = self._records.get(request.findPeer.decode("utf-8", "replace"))
            found = [known] if known else []
        closer = [] if found or not (request.HasField("find") or request.HasField("findPeer")) else self.known()
        return pb.Response(
            records=[record.envelope for record in found[:MAX_RECORDS]],
            closer=[record.envelope for record in closer[:MAX_RECORDS] if record.peer_id != peer_id],
        )

    def _known_providers(self, cid: bytes) -> list[SignedPeerRecord]:
        now, providers = time.monotonic(), self._providers.get(cid, {})
        for peer_id in [peer for peer, until in providers.items() if until < now]:
            del providers[peer_id]
        return [self._records[peer] for peer in reversed(providers) if peer in self._records]

    async def _walk(self, request: pb.Request, found: list[SignedPeerRecord]) -> list[SignedPeerRecord]:
        """Ask all who are connected, then those they name, until somebody answers."""
        asked: set[str] = {self._host.peer_id}
        for peer_id in list(self._joined):
            if found:
                break
            asked.add(peer_id)
            found, closer = await self._ask(peer_id, request)
            for record in closer:
                if found or record.peer_id in asked:
                    continue
                asked.add(record.peer_id)
                try:
                    await self._host.dial(record.peer_id, record.addrs)
                except (CodexError, PeerGone):
                    continue
                found, _ = await self._ask(record.peer_id, request)
        return [record for record in found if record.peer_id != self._host.peer_id]

    async def _ask(self, peer_id: str, request: pb.Request) -> tuple[list[SignedPeerRecord], list[SignedPeerRecord]]:
        try:
            response = pb.Response.FromString(
                await self._host.request(peer_id, PROTOCOL, request.SerializeToString(), TIMEOUT)
            )
            records = [SignedPeerRecord.verify(raw) for raw in response.records]
            closer = [SignedPeerRecord.verify(raw) for raw in response.closer]
        except (PeerGone, InvalidRecord, DecodeError) as error:
            log.debug("peer %s is no help: %s", peer_id, error)
            return [], []
        for record in [*records, *closer]:
            self._learn(record)
        return records, closer

    def _learn(self, record: SignedPeerRecord) -> None:
        known = self._records.get(record.peer_id)
        if known is None or known.seq < record.seq:
            self._records[record.peer_id] = record

    async def _join(self, peer_id: str) -> None:
        """Tell a bootstrap node who we are and what we have; one that does not speak this protocol is left in peace."""
        self._joined.add(peer_id)  # before telling: what is stored meanwhile is announced too
        if await self._tell(peer_id, [bytes(cid) for cid in self._held()]):
            self._on_join()
        else:
            self._joined.discard(peer_id)

    async def _tell(self, peer_id: str, cids: list[bytes]) -> bool:
        for at in range(0, max(1, len(cids)), MAX_ANNOUNCED):
            request = pb.Request(announce=cids[at : at + MAX_ANNOUNCED], record=self._record.envelope)
            try:
                await self._host.request(peer_id, PROTOCOL, request.SerializeToString(), TIMEOUT)
            except PeerGone as error:
                log.debug("nothing is announced to %s: %s", peer_id, error)
                return False
        return True

    async def _announce_again(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            self.announce(self._held())

    async def _stay_joined(self, node: SignedPeerRecord) -> None:
        """Keep a connection to a bootstrap node, with growing pauses between attempts."""
        addrs = [addr for addr in node.addrs if parse_tcp(addr)]
        if not addrs:
            log.error("bootstrap node %s has no TCP address in its record: it cannot be joined", node.peer_id)
            return
        pause = REJOIN_FIRST
        while True:
            try:
                await self._host.dial(node.peer_id, addrs)
                pause = REJOIN_FIRST
            except CodexError as error:
                log.warning("bootstrap node %s is not reached: %s", node.peer_id, getattr(error, "reason", error))
                pause = min(pause * 2, REJOIN_LAST)
            await asyncio.sleep(pause)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def record_addrs(addrs: Sequence[str], disc_port: int) -> list[str]:
    """The addresses in a node's record: first the UDP one of discovery, as the original's, then the TCP ones that we
    dial.
    """
    parsed = [parse_tcp(addr) for addr in addrs]
    udp = [f"/{family}/{host}/udp/{disc_port}" for family, host, _ in filter(None, parsed)]
    return [*dict.fromkeys(udp), *addrs]


def table_entry(record: SignedPeerRecord, seen: bool) -> dict[str, Any]:
    """One node of the routing table as `debug/info` prints it."""
    from base58 import b58decode
    from Crypto.Hash import keccak

    udp = next((addr.split("/") for addr in record.addrs if "/udp/" in addr), None)
    digest = keccak.new(digest_bits=256, data=b58decode(record.peer_id)).hexdigest()
    return {
        "nodeId": digest.lstrip("0"),
        "peerId": record.peer_id,
        "record": record.spr,
        "address": f"{udp[2]}:{udp[4]}" if udp else "",
        "seen": seen,
    }
