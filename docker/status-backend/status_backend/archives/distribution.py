"""How archives travel from the owner to the members: the seam between the archives' bookkeeping and a storage network.

Codex is served (codex_distribution.py). Torrents, when they come, are a second implementation whose links are magnet
links; nothing outside an implementation looks into a link or at how an index is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ..protocol.waku_archive_pb2 import WakuMessageArchive
from .codec import ArchiveEntry


class DistributionError(Exception):
    """What was asked for cannot be had now; trying again later makes sense."""


class IndexLost(DistributionError):
    """The owner's own index is neither here nor to be had from anybody."""


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

    async def start(self) -> None: ...

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

    async def load(self, entry: ArchiveEntry) -> WakuMessageArchive:
        """A downloaded archive."""
        ...

    async def holds(self, link: str) -> bool:
        """Whether the index is in the own store."""
        ...
