"""Archives over Codex: each archive and the index is a dataset of its own, the link is the index's CID."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from pathlib import Path

from ..protocol.waku_archive_pb2 import WakuMessageArchive
from .archive_downloader import CodexArchiveDownloader
from .codec import ArchiveEntry, ArchiveIndex, InvalidArchive, parse_entry
from .codex_client import INDEX_FILENAME, CodexClient, StorageError, StorageRefused
from .distribution import ArchiveCipher, DistributionError, DownloadListener, IndexLost, NoCipher, opened
from .index_downloader import CodexIndexDownloader
from .timings import Timings

log = logging.getLogger(__name__)

_LONGEST_CID = 100  # characters


class CodexDistribution:
    """`directory` gets one folder a community, with its current index in a file named by the index's CID.

    `cipher` is set before the first community comes along.
    """

    cipher: ArchiveCipher = NoCipher()

    def __init__(self, client: CodexClient, directory: Path, timings: Timings = Timings()) -> None:
        self.client = client
        self._directory = directory
        self._timings = timings

    async def start(self) -> None:
        try:
            await self.client.start()
        except StorageError as error:
            raise DistributionError(str(error)) from error

    async def stop(self) -> None:
        try:
            await self.client.stop()
        except StorageError as error:
            log.error("%s", error)

    async def publish(self, community_id: str, link: str, archives: Sequence[WakuMessageArchive]) -> str:
        index = await self._own_index(community_id, link) if link else ArchiveIndex()
        try:
            stored = []
            for archive in archives:
                data = self.cipher.seal_archive(community_id, archive.SerializeToString())
                stored.append((archive, await self.client.upload_archive(data)))
            data = self.cipher.seal_archive(community_id, index.extended(stored).to_bytes())
            cid = await self.client.upload(data, INDEX_FILENAME)
        except StorageError as error:
            raise DistributionError(str(error)) from error
        return cid

    async def download(
        self, community_id: str, link: str, existing_ids: Collection[str], listener: DownloadListener
    ) -> None:
        try:
            index = await self._download_index(community_id, link, listener)
            await self._download_archives(index, existing_ids, listener)
        except StorageRefused as error:
            raise InvalidArchive(str(error)) from error
        except (StorageError, OSError) as error:  # OSError: no room for the index file
            raise DistributionError(str(error)) from error

    async def load(self, community_id: str, entry: ArchiveEntry) -> WakuMessageArchive:
        try:
            data = await self.client.local_download(entry.location)
            return parse_entry(opened(self.cipher, community_id, data), entry)
        except (StorageError, InvalidArchive) as error:
            raise DistributionError(str(error)) from error

    async def holds(self, community_id: str, link: str) -> bool:
        try:
            return await self.client.has_cid(link)
        except StorageError as error:
            log.warning("%s", error)
            return False

    async def offer(self, community_id: str, link: str) -> None:
        """A Codex node offers whatever it holds."""

    async def withdraw(self, community_id: str) -> None:
        """What is no longer wanted expires."""

    def current(self, link: str) -> str:
        return link

    def same(self, link: str, other: str) -> bool:
        return link == other

    async def _own_index(self, community_id: str, cid: str) -> ArchiveIndex:
        """From the own store; should it be gone from there, from the members. IndexLost if none has it."""
        try:
            return ArchiveIndex.parse(opened(self.cipher, community_id, await self.client.local_download(cid)))
        except StorageError as error:
            log.warning("index of %s: %s", community_id, error)
        path = self._index_path(community_id, cid)
        try:
            await CodexIndexDownloader(self.client, cid, path, self._timings.index_timeout).download_index_file()
        except StorageError as error:
            raise IndexLost(f"the last archive index of {community_id}: {error}") from error
        return ArchiveIndex.parse(opened(self.cipher, community_id, path.read_bytes()))

    async def _download_index(self, community_id: str, cid: str, listener: DownloadListener) -> ArchiveIndex:
        path = self._index_path(community_id, cid)
        downloader = CodexIndexDownloader(self.client, cid, path, self._timings.index_timeout)
        if not path.exists():  # a file that is there is whole: an earlier attempt got that far
            await downloader.fetch_manifest()
            listener.manifest_fetched()
            await downloader.download_index_file()
        index = ArchiveIndex.parse(opened(self.cipher, community_id, path.read_bytes()))
        listener.manifest_fetched()
        listener.index_downloaded()
        for other in path.parent.iterdir():
            if other != path:
                other.unlink()
        return index

    async def _download_archives(
        self, index: ArchiveIndex, existing_ids: Collection[str], listener: DownloadListener
    ) -> None:
        if index.entries.keys() <= set(existing_ids):
            return
        listener.archives_started()
        downloader = CodexArchiveDownloader(
            self.client, index, existing_ids, timings=self._timings, on_downloaded=listener.archive_downloaded
        )
        downloader.start()
        try:
            async with asyncio.timeout(self._timings.archives_timeout):
                await downloader.wait()
        except TimeoutError as error:
            missing = downloader.total - downloader.downloaded
            raise DistributionError(
                f"{missing} of {downloader.total} archives are not here after {self._timings.archives_timeout:g} s"
            ) from error
        finally:
            await downloader.cancel()
        failed = [error for error in downloader.errors.values() if not isinstance(error, StorageRefused)]
        if failed:
            raise DistributionError(f"{len(failed)} of {downloader.total} archives failed, first: {failed[0]}")

    def _index_path(self, community_id: str, cid: str) -> Path:
        """InvalidArchive for what cannot be a CID: it comes from others, and is to name nothing but a file in there."""
        if not (cid.isascii() and cid.isalnum() and len(cid) <= _LONGEST_CID):
            raise InvalidArchive(f"{cid[:_LONGEST_CID]!r} is no CID")
        return self._directory / community_id / cid
