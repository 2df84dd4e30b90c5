"""Block exchange messages: the bridge between this package's types and the wire format in proto/blockexc.proto."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from google.protobuf.message import DecodeError

from ..cids import SHA2_256, TREE_CODEC, Cid
from ..errors import IncorrectCid, InvalidMessage
from ..merkle import DIGEST_SIZE, Proof
from ..proto import blockexc_pb2 as pb

PROTOCOL = "/codex/blockexc/1.0.0"
WANT_BLOCK, WANT_HAVE = 0, 1
HAVE, DONT_HAVE = 0, 1
FREE = bytes(32)  # the price, big endian; the original ignores a presence without one
MAX_ENTRIES = 1024


class Address(NamedTuple):
    """What is asked for: the block at `index` of the dataset with tree `cid`, or, without index, the manifest or
    block `cid`.
    """

    cid: Cid
    index: int | None = None  # type: ignore[assignment]  # a tuple has a method of this name

    def __str__(self) -> str:
        return str(self.cid) if self.index is None else f"{self.cid}[{self.index}]"

    def encode(self) -> pb.BlockAddress:
        if self.index is None:
            return pb.BlockAddress(leaf=False, cid=bytes(self.cid))
        return pb.BlockAddress(leaf=True, treeCid=bytes(self.cid), index=self.index)

    @classmethod
    def decode(cls, message: pb.BlockAddress) -> Address:
        """Raises InvalidMessage."""
        try:
            if not message.leaf:
                return cls(Cid.from_bytes(message.cid))
            tree = Cid.from_bytes(message.treeCid)
        except IncorrectCid as error:
            raise InvalidMessage("an address holds no CID") from error
        if tree.codec != TREE_CODEC:
            raise InvalidMessage("a leaf address holds no tree CID")
        return cls(tree, message.index)


def parse(raw: bytes) -> pb.Message:
    """Raises InvalidMessage."""
    try:
        return pb.Message.FromString(raw)
    except DecodeError as error:
        raise InvalidMessage("no block exchange message") from error


def wants(addresses: Iterable[Address], kind: int, full: bool = False, cancel: bool = False) -> list[bytes]:
    """Want list messages for these addresses, at most MAX_ENTRIES in each; only the first one says `full`."""
    entries = [
        pb.Entry(address=address.encode(), priority=0, cancel=cancel, wantType=kind, sendDontHave=False)
        for address in addresses
    ]
    chunks = [entries[at : at + MAX_ENTRIES] for at in range(0, len(entries), MAX_ENTRIES)] or [[]]
    return [
        pb.Message(wantlist=pb.WantList(entries=chunk, full=full and at == 0)).SerializeToString()
        for at, chunk in enumerate(chunks)
    ]


def presences(addresses: Iterable[tuple[Address, int]]) -> bytes:
    """One message that tells (address, HAVE or DONT_HAVE)."""
    return pb.Message(
        blockPresences=[
            pb.BlockPresence(address=address.encode(), type=kind, price=FREE) for address, kind in addresses
        ]
    ).SerializeToString()


def delivery(address: Address, cid: Cid, data: bytes, proof: Proof | None) -> pb.BlockDelivery:
    """One block on its way; blocks of a dataset carry their proof."""
    message = pb.BlockDelivery(cid=bytes(cid), data=data, address=address.encode())
    if proof is not None:
        message.proof.CopyFrom(
            pb.Proof(
                mcodec=SHA2_256,
                index=proof.index,
                nleaves=proof.leaves,
                path=[pb.ProofNode(node=n) for n in proof.path],
            )
        )
    return message


def deliveries(blocks: Iterable[pb.BlockDelivery]) -> bytes:
    """One message with these blocks."""
    return pb.Message(payload=blocks).SerializeToString()


def decode_proof(message: pb.Proof) -> Proof:
    """Raises InvalidMessage."""
    path = tuple(node.node for node in message.path)
    if message.mcodec != SHA2_256 or any(len(node) != DIGEST_SIZE for node in path):
        raise InvalidMessage("a proof is not made of sha2-256 hashes")
    return Proof(message.index, message.nleaves, path)
