"""A Codex node over REST; also its successor, Logos Storage, which has the same routes under another prefix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from clients.codex_content import tree_cid
from clients.http import DEFAULT_TIMEOUT, Deadline, DeadlineExceeded
from clients.rest import RestClient, RestError

PREFIXES = ("/api/storage/v1", "/api/codex/v1")  # the newer first
OCTET_STREAM = "application/octet-stream"
DOWNLOAD_TIMEOUT = 60.0


class TruncatedDownload(Exception):
    """The node promised `expected` bytes and broke off after about `received`. A node that breaks off may append the
    text of an HTTP response to what it has sent, so nothing of such a body is to be trusted."""

    def __init__(self, what: str, *, expected: int | None, received: int) -> None:
        super().__init__(f"{what}: {received} of {'an unknown number of' if expected is None else expected} bytes came")
        self.expected = expected
        self.received = received


class CorruptDownload(Exception):
    """The bytes are not those of the dataset that was asked for."""


class CodexClient(RestClient):
    """CIDs are those of manifests (`zDv...`). A manifest is `{"treeCid", "datasetSize", "blockSize", "filename",
    "mimetype", "protected"}`. A node answers a request for content that nobody has only after hours: every call has a
    deadline, and passing it raises `requests.exceptions.Timeout`. A refusal raises `RestError`."""

    @cached_property
    def prefix(self) -> str:
        """The prefix of the node's routes, asked once."""
        answers = []
        for prefix in PREFIXES:
            response = self.http.send("GET", f"{prefix}/peerid", timeout=DEFAULT_TIMEOUT)
            if response.status_code == 200:
                return prefix
            answers.append((prefix, response))
        tried = ", ".join(f"{prefix}/peerid: {response.status_code}" for prefix, response in answers)
        raise RestError(f"{self.node} is no Codex node ({tried})", status=answers[-1][1].status_code, error=tried)

    @property
    def is_logos_storage(self) -> bool:
        return self.prefix == PREFIXES[0]

    # the node

    def peer_id(self) -> str:
        return self._json("GET", "/peerid")["id"]

    def spr(self) -> str:
        """The signed peer record by which others bootstrap, `spr:...`."""
        return self._json("GET", "/spr")["spr"]

    def debug_info(self) -> dict[str, Any]:
        """{"id", "addrs", "repo", "spr", "announceAddresses", "table": {...}, ...}."""
        return self._json("GET", "/debug/info")

    debug = debug_info

    def space(self) -> dict[str, int]:
        """{"totalBlocks", "quotaMaxBytes", "quotaUsedBytes", "quotaReservedBytes"}."""
        return self._json("GET", "/space")

    def set_log_level(self, level: str) -> None:
        """trace, debug, info, notice, warn, error or fatal."""
        self._call("POST", "/debug/chronicles/loglevel", params={"level": level})

    def connect(self, peer_id: str, addrs: list[str] | None = None, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Dials a peer at multiaddresses, or where the DHT says it is."""
        self._call(
            "GET", f"/connect/{quote(peer_id, safe='')}", params=[("addrs", a) for a in addrs or []], timeout=timeout
        )

    # storing

    def upload(
        self, data: bytes | Path, filename: str | None = None, mimetype: str | None = OCTET_STREAM,
        block_size: int | None = None, timeout: float = DOWNLOAD_TIMEOUT,
    ) -> str:  # fmt: skip
        """Stores bytes or a file; the CID of its manifest. Names are part of the manifest, so they change the CID; a
        `mimetype` of None leaves it out. `block_size` is known to Logos Storage only."""
        headers = {"Content-Type": mimetype} if mimetype else {}
        if filename is not None:
            headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        params = {"blockSize": block_size} if block_size else {}
        size = data.stat().st_size if isinstance(data, Path) else len(data)
        recorded = {"filename": filename, "mimetype": mimetype, "bytes": size}
        with _opened(data) as body:
            reply = self._call(
                "POST", "/data", recorded=recorded, data=body, headers=headers, params=params, timeout=timeout
            )
        return reply.text.strip()

    def fetch(self, cid: str, timeout: float = DOWNLOAD_TIMEOUT) -> dict[str, Any]:
        """Asks the node to fetch a dataset from the network. Returns {"cid", "manifest"}, with Logos Storage also
        "downloadId", as soon as the manifest is there; the blocks follow."""
        return self._json("POST", f"{_data(cid)}/network", timeout=timeout)

    def fetch_progress(self, cid: str, download_id: str) -> dict[str, Any]:
        """{"active": True, "received", "total", "bytes"} or {"active": False}. Logos Storage only."""
        return self._json("GET", f"{_data(cid)}/network/progress/{quote(str(download_id), safe='')}")

    def cancel_fetch(self, cid: str, download_id: str) -> None:
        """Logos Storage only."""
        self._call("DELETE", f"{_data(cid)}/network/{quote(str(download_id), safe='')}")

    def delete(self, cid: str) -> None:
        """From this node; that it has no such dataset is no error."""
        self._call("DELETE", _data(cid))

    # what is there

    def exists(self, cid: str) -> bool:
        """Whether this node holds the block of this CID: for a dataset, its manifest."""
        return self._json("GET", f"{_data(cid)}/exists")[cid]

    def list(self) -> list[dict[str, Any]]:
        """[{"cid", "manifest"}] of this node's datasets, in no particular order."""
        return self._json("GET", "/data")["content"]

    def manifest(self, cid: str, timeout: float = DOWNLOAD_TIMEOUT) -> dict[str, Any]:
        """The manifest, from this node or the network."""
        return self._json("GET", f"{_data(cid)}/network/manifest", timeout=timeout)["manifest"]

    # reading

    def download(self, cid: str, local: bool = False, timeout: float = DOWNLOAD_TIMEOUT) -> bytes:
        """The dataset's bytes, from the network or (`local`) if this node has its manifest.

        :raises TruncatedDownload: fewer bytes came than the node had promised"""
        return b"".join(self.stream(cid, local, timeout))

    def download_verified(self, cid: str, timeout: float = DOWNLOAD_TIMEOUT) -> bytes:
        """As `download`, and computes from the bytes that they are those of the manifest. This also finds the one case
        that counting cannot: a stream that breaks off in its last bytes and is filled up by the text of a response.

        :raises CorruptDownload: they are not"""
        manifest = self.manifest(cid, timeout)
        data = self.download(cid, timeout=timeout)
        if len(data) != manifest["datasetSize"]:
            raise CorruptDownload(
                f"{cid} from {self.node}: {len(data)} bytes, the manifest says {manifest['datasetSize']}"
            )
        computed = tree_cid(data, manifest["blockSize"])
        if computed != manifest["treeCid"]:
            raise CorruptDownload(
                f"{cid} from {self.node}: the tree of the bytes is {computed}, not {manifest['treeCid']}"
            )
        return data

    def download_to(self, cid: str, path: Path, local: bool = False, timeout: float = DOWNLOAD_TIMEOUT) -> None:
        """Into a file, which is there only when it is complete."""
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as file:
                for chunk in self.stream(cid, local, timeout):
                    file.write(chunk)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def stream(self, cid: str, local: bool = False, timeout: float = DOWNLOAD_TIMEOUT) -> Iterator[bytes]:
        """The bytes as they come. Only when the iterator ends without an error are they the dataset's."""
        path = self.prefix + _data(cid) + ("" if local else "/network/stream")
        what = f"GET {path} on {self.node}"
        deadline = Deadline.after(timeout)
        received, expected = 0, None
        with self.http.recorded("GET", path) as record:
            try:
                with self.http.stream(
                    "GET", path, deadline=deadline, headers={"Accept-Encoding": "identity"}
                ) as response:
                    record["status"] = response.status_code
                    if response.ok:
                        expected = _length(response)
                        for chunk in self.http.chunks(response, deadline):
                            received += len(chunk)
                            yield chunk
                    else:
                        response._content = b"".join(self.http.chunks(response, deadline))
                        self.check(response, "GET", path)
            except DeadlineExceeded:
                raise
            except requests.exceptions.ConnectionError as error:
                if "status" not in record:
                    raise
                raise TruncatedDownload(what, expected=expected, received=received) from error
            finally:
                record["response"] = {"bytes": received, "expected": expected}

    # requests

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.request(method, self.prefix + path, **options)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        return self.request_json(method, self.prefix + path, **options)


def _data(cid: str) -> str:
    return f"/data/{quote(cid, safe='')}"


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length")
    return int(text) if text is not None else None


@contextmanager
def _opened(data: bytes | Path) -> Iterator[Any]:
    if isinstance(data, Path):
        with data.open("rb") as file:
            yield file
    else:
        yield data
