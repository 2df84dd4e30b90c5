"""A Codex node beside the backend, used over its REST interface in place of the embedded one.

Both generations are spoken: Codex (`/api/codex/v1`) and Logos Storage (`/api/storage/v1`). A real node closes the
connection after each answer, writes the text of a 404 response behind downloads and deletions, or into a download that
breaks off, and looks for missing content for hours. So each request has a connection of its own, nothing behind an
answer is read, downloads are compared with their Merkle tree, and whoever calls sets a deadline. (The library is httpx:
aiohttp's client takes those stray bytes for a malformed answer.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from .codex_rest_tree import TreeHash

PREFIXES = ("/api/storage/v1", "/api/codex/v1")  # the newer first
ONE_REQUEST_A_CONNECTION = httpx.Limits(max_connections=None, max_keepalive_connections=0)

for name in ("httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.WARNING)  # they log every request, and the archives ask often


class CodexRestError(Exception):
    """The node refused, did not answer, or answered something that makes no sense."""


@dataclass(frozen=True)
class RestManifest:
    """Sizes are in bytes; the last block is padded with zeroes to its full size before it is hashed."""

    cid: str
    tree_cid: str
    dataset_size: int
    block_size: int


class CodexRestNode:
    """The node at `url` (`http://HOST:PORT`). It lives and is configured on its own: starting it is finding it."""

    def __init__(self, url: str) -> None:
        """ValueError if that is no URL of a server."""
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"{url!r} is no http://HOST:PORT: {error}") from error
        if parts.scheme != "http" or not parts.host or parts.path != "/" or parts.query:
            raise ValueError(f"{url!r} is no http://HOST:PORT")
        self._url = url.rstrip("/")
        self._prefix = ""
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Find out which generation it is."""
        self._http = httpx.AsyncClient(
            timeout=None,
            limits=ONE_REQUEST_A_CONNECTION,
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
            verify=False,  # plain HTTP: loading certificates would only cost time
        )
        try:
            self._prefix = await self._find_prefix()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        http, self._http = self._http, None
        if http:
            await http.aclose()

    async def _find_prefix(self) -> str:
        refusals = []
        for prefix in PREFIXES:
            self._prefix = prefix
            try:
                await self._json("GET", "/peerid")
            except _Refused as refusal:
                refusals.append(str(refusal))
            else:
                return prefix
        raise CodexRestError(f"no Codex node serves at {self._url}: {', '.join(refusals)}")

    async def debug(self) -> dict[str, Any]:
        return await self._json("GET", "/debug/info")

    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        await self._call("GET", f"/connect/{quote(peer_id, safe='')}", params={"addrs": addrs} if addrs else None)

    async def upload(self, data: bytes, filename: str | None = None, mimetype: str | None = None) -> str:
        headers = {"Content-Type": mimetype} if mimetype else {}
        if filename:
            headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        answer = (await self._call("POST", "/data", content=data, headers=headers)).decode(errors="replace").strip()
        if not answer.startswith("z") or not answer.isalnum():
            raise CodexRestError(f"the answer to an upload is no CID: {answer[:100]!r}")
        return answer

    async def download(self, cid: str, local: bool = False) -> AsyncGenerator[bytes, None]:
        """Raises behind the last piece if the pieces are not what the CID stands for."""
        manifest = await self.manifest(cid, local)
        if manifest.cid != cid:
            raise CodexRestError(f"CID mismatch: asked for {cid}, got the manifest of {manifest.cid}")
        tree = TreeHash(manifest.block_size)
        async with self._request("GET", _data(cid) + ("" if local else "/network/stream")) as response:
            async for piece in response.aiter_raw():
                tree.update(piece)
                yield piece
        if tree.size != manifest.dataset_size:
            raise CodexRestError(f"{cid}: {tree.size} of {manifest.dataset_size} bytes came")
        if tree.cid() != manifest.tree_cid:
            raise CodexRestError(f"{cid}: the tree of the bytes that came is {tree.cid()}, not {manifest.tree_cid}")

    async def fetch(self, cid: str) -> RestManifest:
        return _manifest(await self._json("POST", f"{_data(cid)}/network"))

    async def manifest(self, cid: str, local: bool = False) -> RestManifest:
        """A node asks the network for a manifest that it has not: so for a local one it is asked first what it has."""
        if local and not await self.exists(cid):
            raise CodexRestError("Block not found in local store")
        return _manifest(await self._json("GET", f"{_data(cid)}/network/manifest"))

    async def exists(self, cid: str) -> bool:
        """A node names the CID in its answer, its description says `has`."""
        answer = await self._json("GET", f"{_data(cid)}/exists")
        found = answer.get(cid, answer.get("has"))
        if not isinstance(found, bool):
            raise CodexRestError(f"CID mismatch: asked for {cid}, the answer is {answer}")
        return found

    async def delete(self, cid: str) -> None:
        await self._call("DELETE", _data(cid))

    async def _json(self, method: str, path: str) -> dict[str, Any]:
        body = await self._call(method, path)
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise CodexRestError(f"{method} {path}: the answer is no JSON: {body[:100]!r}") from error
        if not isinstance(answer, dict):
            raise CodexRestError(f"{method} {path}: the answer is no JSON object: {body[:100]!r}")
        return answer

    async def _call(self, method: str, path: str, **options: Any) -> bytes:
        async with self._request(method, path, **options) as response:
            return await response.aread()

    @asynccontextmanager
    async def _request(self, method: str, path: str, **options: Any) -> AsyncIterator[httpx.Response]:
        """An answer with a status of success, its body still to come."""
        if self._http is None:
            raise CodexRestError("the node is not started")
        url = f"{self._url}{self._prefix}{path}"
        try:
            async with self._http.stream(method, url, **options) as response:
                if not response.is_success:
                    await response.aread()
                    said = response.text.strip() or response.reason_phrase
                    raise _Refused(f"{said} ({method} {url}: HTTP status {response.status_code})")
                yield response
        except httpx.HTTPError as error:
            raise CodexRestError(f"{method} {url}: {error or type(error).__name__}") from error


class _Refused(CodexRestError):
    """An HTTP status that is no success."""


def _data(cid: str) -> str:
    return f"/data/{quote(cid, safe='')}"


def _manifest(answer: Mapping[str, Any]) -> RestManifest:
    try:
        fields = answer["manifest"]
        manifest = RestManifest(answer["cid"], fields["treeCid"], fields["datasetSize"], fields["blockSize"])
    except (KeyError, TypeError) as error:
        raise CodexRestError(f"the answer is no manifest: {answer}") from error
    sizes = (manifest.dataset_size, manifest.block_size)
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise CodexRestError(f"the manifest makes no sense: {answer}")
    return manifest
