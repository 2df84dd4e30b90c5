"""How archives travel from the owner to the members: the seam between the archives' bookkeeping and a storage network.

There are two kinds, Codex (codex_distribution.py, the link is a CID) and torrents (torrent_manager.py, the link is a
magnet link). Nothing outside them looks into a link or at how an index is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ..protocol.hash_ratchet import KeyMissing, NotReadable
from ..protocol.waku_archive_pb2 import WakuMessageArchive
from .codec import ArchiveEntry, InvalidArchive


class DistributionError(Exception):
    """What was asked for cannot be had now; trying again later makes sense."""


class IndexLost(DistributionError):
    """The owner's own index is neither here nor to be had from anybody."""


class AwaitsKey(DistributionError):
    """It is encrypted under a key that is not here yet."""


class ArchiveCipher(Protocol):
    """Encrypts and decrypts what an encrypted community stores; leaves all else as it is. See ArchiveHost."""

    def seal_archive(self, community_id: str, data: bytes) -> bytes: ...

    def open_archive(self, community_id: str, data: bytes) -> bytes: ...


class NoCipher:
    """For where no community is encrypted."""

    def seal_archive(self, community_id: str, data: bytes) -> bytes:
        return data

    open_archive = seal_archive


def opened(cipher: ArchiveCipher, community_id: str, data: bytes) -> bytes:
    """What was stored, readable. AwaitsKey, or InvalidArchive if it is forged."""
    try:
        return cipher.open_archive(community_id, data)
    except KeyMissing as error:
        raise AwaitsKey(str(error)) from error
    except NotReadable as error:
        raise InvalidArchive(str(error)) from error


class DownloadListener(Protocol):
    """Told about a download as it happens. After a failed attempt the next one tells everything again."""

    def manifest_fetched(self) -> None: ...

    def index_downloaded(self) -> None: ...

    def archives_started(self) -> None:
        """Only if archives are missing."""
        ...

    def archive_downloaded(self, entry: ArchiveEntry) -> None:
        """All of it is in the own store."""
        ...


class Distribution(Protocol):
    """One kind of storage network. All methods may be cancelled at any point and leave nothing half done behind."""

    cipher: ArchiveCipher

    async def start(self) -> None:
        """DistributionError if that cannot be."""
        ...

    async def stop(self) -> None: ...

    async def publish(self, community_id: str, link: str, archives: Sequence[WakuMessageArchive]) -> str:
        """Store these archives, and an index that adds them to those of `link` (empty: none); its link is returned."""
        ...

    async def download(
        self, community_id: str, link: str, existing_ids: Collection[str], listener: DownloadListener
    ) -> None:
        """One attempt at the index and at all archives not in `existing_ids`; it returns when everything is here.

        DistributionError: trying again may help. InvalidArchive: the owner published something that is no index.
        """
        ...

    async def load(self, community_id: str, entry: ArchiveEntry) -> WakuMessageArchive:
        """A downloaded archive."""
        ...

    async def holds(self, community_id: str, link: str) -> bool:
        """Whether the index is in the own store."""
        ...

    async def offer(self, community_id: str, link: str) -> None:
        """Let others have what is held of this link, if they do not already."""
        ...

    async def withdraw(self, community_id: str) -> None:
        """No longer let others have anything of this community."""
        ...

    def current(self, link: str) -> str:
        """This link as it is to be told to others now: what it leads to stays, the way there may change."""
        ...

    def same(self, link: str, other: str) -> bool:
        """Whether two links lead to the same index."""
        ...
