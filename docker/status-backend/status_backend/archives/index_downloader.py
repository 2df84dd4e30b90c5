"""Fetches the index of a community's archives from Codex into a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from .codec import MAX_STORED_SIZE
from .codex_client import CodexClient, Manifest, StorageError, StorageRefused


class CodexIndexDownloader:
    """First the manifest, then the data. Cancel the task that awaits a method to cancel the download."""

    def __init__(self, client: CodexClient, index_cid: str, path: Path, timeout: float | None = None) -> None:
        self._client = client
        self._cid = index_cid
        self._path = path
        self._timeout = timeout
        self._manifest: Manifest | None = None
        self.got_manifest = asyncio.Event()  # set only by a manifest that has the index's CID
        self.bytes_completed = 0
        self.is_complete = False

    @property
    def dataset_size(self) -> int:
        """Bytes of the index; 0 until its manifest is known."""
        return self._manifest.dataset_size if self._manifest else 0

    async def fetch_manifest(self) -> None:
        """StorageError if it cannot be had, or is not what was asked for."""
        manifest = await self._client.fetch_manifest(self._cid, self._timeout)
        if manifest.cid != self._cid:
            raise StorageError(f"CID mismatch: asked for the manifest of {self._cid}, got that of {manifest.cid}")
        if manifest.dataset_size > MAX_STORED_SIZE:
            raise StorageRefused(
                f"index {self._cid} has {manifest.dataset_size} bytes, at most {MAX_STORED_SIZE} may be"
            )
        self._manifest = manifest
        self.got_manifest.set()

    async def download_index_file(self) -> None:
        """The file appears whole or not at all. StorageError if the data cannot be had."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(self._path.name + ".partial")
        self.bytes_completed = 0
        try:
            with partial.open("wb") as file:
                await self._client.download(self._cid, lambda piece: self._write(file, piece), self._timeout)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)
        self.is_complete = True

    def _write(self, file, piece: bytes) -> None:
        file.write(piece)
        self.bytes_completed += len(piece)
