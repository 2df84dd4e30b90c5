"""The manifest: what a dataset's CID stands for.

It names the Merkle tree, the sizes and, if given at upload, file name and MIME type.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from google.protobuf.message import DecodeError

from .cids import BLOCK_CODEC, SHA2_256, TREE_CODEC, Cid, manifest_cid
from .errors import IncorrectCid, NotAManifest
from .proto import manifest_pb2

DEFAULT_BLOCK_SIZE = 65536
# Ordinal of CIDv1 in the original's enum (CIDvIncorrect, CIDv0, CIDv1), not the version number.
CIDV1_ORDINAL = 2


@dataclass(frozen=True)
class Manifest:
    """One dataset. Sizes are bytes; `dataset_size` is what was uploaded, without the padding of the last block."""

    tree: Cid
    dataset_size: int
    block_size: int = DEFAULT_BLOCK_SIZE
    filename: str | None = None
    mimetype: str | None = None
    # Encoded erasure information of a protected dataset: kept as it came, so that the CID stays the same.
    erasure: bytes | None = field(default=None, repr=False)

    @cached_property
    def id(self) -> Cid:
        return manifest_cid(self.encode())

    @property
    def cid(self) -> str:
        """The dataset's CID as text."""
        return str(self.id)

    @property
    def tree_cid(self) -> str:
        """The CID of its Merkle tree as text."""
        return str(self.tree)

    @property
    def protected(self) -> bool:
        return self.erasure is not None

    @property
    def blocks(self) -> int:
        """Number of blocks, the padded last one included."""
        return -(-self.dataset_size // self.block_size)

    def to_json(self) -> dict[str, Any]:
        """The manifest as the REST interface prints it."""
        return {
            "treeCid": self.tree_cid,
            "datasetSize": self.dataset_size,
            "blockSize": self.block_size,
            "filename": self.filename,
            "mimetype": self.mimetype,
            "protected": self.protected,
        }

    def encode(self) -> bytes:
        """The bytes that the CID is the hash of."""
        header = manifest_pb2.Header(
            treeCid=bytes(self.tree),
            blockSize=self.block_size,
            datasetSize=self.dataset_size,
            codec=BLOCK_CODEC,
            hcodec=SHA2_256,
            version=CIDV1_ORDINAL,
        )
        if self.erasure is not None:
            header.erasure.ParseFromString(self.erasure)
        if self.filename is not None:
            header.filename = self.filename.encode("utf-8", "surrogateescape")
        if self.mimetype is not None:
            header.mimetype = self.mimetype.encode("utf-8", "surrogateescape")
        return manifest_pb2.Manifest(header=header.SerializeToString()).SerializeToString()

    @classmethod
    def decode(cls, raw: bytes) -> Manifest:
        """The manifest encoded as `raw`; raises NotAManifest for anything else."""
        try:
            header = manifest_pb2.Header.FromString(manifest_pb2.Manifest.FromString(raw).header)
            tree = Cid.from_bytes(header.treeCid)
        except (DecodeError, IncorrectCid) as error:
            raise NotAManifest from error
        supported = tree.codec == TREE_CODEC and header.codec == BLOCK_CODEC and header.hcodec == SHA2_256
        if not supported or not header.blockSize or not header.datasetSize:
            raise NotAManifest
        return cls(
            tree=tree,
            dataset_size=header.datasetSize,
            block_size=header.blockSize,
            filename=_text(header.filename) if header.HasField("filename") else None,
            mimetype=_text(header.mimetype) if header.HasField("mimetype") else None,
            erasure=header.erasure.SerializeToString() if header.HasField("erasure") else None,
        )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
