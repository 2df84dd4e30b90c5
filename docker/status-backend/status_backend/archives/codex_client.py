"""Codex as the archives use it: each call has a deadline, and fails with one kind of error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol

from .timings import Timings

ARCHIVE_FILENAME = "archive-data.bin"
INDEX_FILENAME = "index-data.bin"
MIMETYPE = "application/octet-stream"  # what libcodex makes of these names, and what went over REST before it


class StorageError(Exception):
    """The storage node could not do it; the text says what, with which content, and why."""


class StorageTimeout(StorageError):
    """The deadline passed. For content that nobody connected has, this is the normal way to fail."""


class StorageRefused(StorageError):
    """It is not what was asked for, or too large. Trying again is of no use."""


class Manifest(Protocol):
    @property
    def cid(self) -> str: ...

    @property
    def dataset_size(self) -> int: ...


class StorageNode(Protocol):
    """The part of `codex.CodexNode` that is used here; `CodexRestNode` has it too."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def debug(self) -> dict[str, Any]: ...

    async def connect(self, peer_id: str, addrs: list[str]) -> None: ...

    async def upload(self, data: bytes, filename: str | None = None, mimetype: str | None = None) -> str: ...

    def download(self, cid: str, local: bool = False) -> AsyncGenerator[bytes, None]: ...

    async def fetch(self, cid: str) -> Manifest: ...

    async def manifest(self, cid: str, local: bool = False) -> Manifest: ...

    async def exists(self, cid: str) -> bool: ...

    async def delete(self, cid: str) -> None: ...


class CodexClient:
    """`errors` are the kinds of exception by which the node says that something failed.

    Every method raises StorageError or StorageTimeout, and gives up what it does when it is cancelled.
    """

    def __init__(self, node: StorageNode, errors: tuple[type[Exception], ...], timings: Timings = Timings()) -> None:
        self._node = node
        self._errors = errors
        self._timings = timings
        self._started = False

    async def start(self) -> None:
        """Idempotent."""
        if not self._started:
            async with self._call("start the storage node"):
                await self._node.start()
            self._started = True

    async def stop(self) -> None:
        """Idempotent."""
        if self._started:
            self._started = False
            async with self._call("stop the storage node"):
                await self._node.stop()

    async def debug(self) -> dict[str, Any]:
        """`{"id", "addrs", "spr", "announceAddresses", "table"}`."""
        async with self._call("describe the storage node"):
            return await self._node.debug()

    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        async with self._call(f"connect to {peer_id} at {', '.join(addrs) or 'no address'}"):
            await self._node.connect(peer_id, addrs)

    async def upload(self, data: bytes, filename: str) -> str:
        """The CID. File name and MIME type are part of the manifest and so of the CID."""
        async with self._call(f"upload {filename} ({len(data)} bytes)"):
            return await self._node.upload(data, filename=filename, mimetype=MIMETYPE)

    async def upload_archive(self, data: bytes) -> str:
        return await self.upload(data, ARCHIVE_FILENAME)

    async def download(self, cid: str, write: Callable[[bytes], object], timeout: float | None = None) -> None:
        """From the network, where it is not here; each piece of the data goes to `write`."""
        async with self._call(f"download {cid}", timeout):
            await self._copy(cid, write, local=False)

    async def local_download(self, cid: str) -> bytes:
        """What is stored here; the node may still ask the network for blocks that are missing."""
        data = bytearray()
        async with self._call(f"read {cid} from the own store"):
            await self._copy(cid, data.extend, local=True)
        return bytes(data)

    async def trigger_download(self, cid: str, timeout: float | None = None) -> Manifest:
        """Begin to fetch: returns when the manifest is here, its blocks follow."""
        async with self._call(f"fetch {cid}", timeout):
            return await self._node.fetch(cid)

    async def fetch_manifest(self, cid: str, timeout: float | None = None) -> Manifest:
        async with self._call(f"fetch the manifest {cid}", timeout):
            return await self._node.manifest(cid)

    async def has_cid(self, cid: str) -> bool:
        """Whether the whole content is stored here, not merely its manifest."""
        async with self._call(f"look for {cid} in the own store"):
            if not await self._node.exists(cid):
                return False
            await self._copy(cid, len, local=True)
            return True

    async def remove_cid(self, cid: str) -> None:
        async with self._call(f"remove {cid}"):
            await self._node.delete(cid)

    async def _copy(self, cid: str, write: Callable[[bytes], object], local: bool) -> None:
        async with aclosing(self._node.download(cid, local=local)) as pieces:
            async for piece in pieces:
                write(piece)

    @asynccontextmanager
    async def _call(self, what: str, timeout: float | None = None) -> AsyncIterator[None]:
        seconds = self._timings.call_timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise StorageTimeout(f"cannot {what}: no answer within {seconds:g} s") from error
        except self._errors as error:
            raise StorageError(f"cannot {what}: {error}") from error
