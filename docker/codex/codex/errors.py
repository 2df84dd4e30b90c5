"""What can go wrong in a node. The text of each error is the one that the original prints to its users."""

from __future__ import annotations


class CodexError(Exception):
    """Base of every error that the node raises on purpose."""


class NotStarted(CodexError):
    """The node was not started, or was stopped."""

    def __init__(self) -> None:
        super().__init__("the node is not started")


class IncorrectCid(CodexError, ValueError):
    """The text is no CID: bad multibase, version, codec or multihash."""

    def __init__(self, text: str = "") -> None:
        super().__init__("Incorrect Cid")
        self.text = text


class NotFound(CodexError):
    """The content is not in the local repository."""

    def __init__(self, message: str = "Block not found in local store") -> None:
        super().__init__(message)


class NotAManifest(CodexError):
    """The CID names something else than a dataset (a data block, most often)."""

    def __init__(self) -> None:
        super().__init__("Unable to decode as manifest")


class RetriesExhausted(CodexError):
    """No peer had the block within the configured number of retries."""

    def __init__(self) -> None:
        super().__init__("Error retries exhausted")


class EmptyUpload(CodexError):
    """A dataset has at least one byte: an empty one has no Merkle tree and hence no CID."""

    def __init__(self) -> None:
        super().__init__("Empty leaves")


class QuotaExceeded(CodexError):
    """The repository has no room for the block. `cid` is the one that did not fit."""

    def __init__(self, cid: str) -> None:
        super().__init__(f"Unable to store block {cid}")
        self.cid = cid


class StorageFailed(CodexError):
    """The disk refused (full, read-only, ...). `cid` is the block being written."""

    def __init__(self, cid: str, reason: OSError) -> None:
        super().__init__(f"Unable to store block {cid}: {reason.strerror or reason}")
        self.cid = cid


class BlockInUse(CodexError):
    """A single block cannot be deleted while a dataset refers to it."""

    def __init__(self) -> None:
        super().__init__("Directly deleting a block that is part of a dataset is not allowed.")


class InvalidPeerId(CodexError, ValueError):
    """The text is no libp2p peer id."""

    def __init__(self) -> None:
        super().__init__("peerid: incorrect PeerId string")


class PeerNotFound(CodexError):
    """No address was given for the peer and discovery knows none."""

    def __init__(self) -> None:
        super().__init__("Unable to find Peer!")


class DialFailed(CodexError):
    """None of the peer's addresses answered as that peer. `reason` says why, for the log."""

    def __init__(self, reason: str = "") -> None:
        super().__init__("Unable to dial peer")
        self.reason = reason


class InvalidRecord(CodexError, ValueError):
    """A signed peer record is malformed, or its signature is not its owner's."""


class InvalidMessage(CodexError, ValueError):
    """A peer sent something that its protocol does not allow."""


class ConfigError(CodexError, ValueError):
    """The node cannot be started with this configuration."""
