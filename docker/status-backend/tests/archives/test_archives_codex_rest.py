"""The original's CodexClientTestSuite: the client over REST, against a node that misbehaves as the real one does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from hashlib import sha256
from types import SimpleNamespace

import pytest
from codex_rest_server import STRAY, CodexRestServer, answer, never, response

from codex.cids import tree_cid
from codex.merkle import root_of
from status_backend.archives.codex_client import CodexClient, StorageError, StorageTimeout
from status_backend.archives.codex_node import VARIABLE, open_codex
from status_backend.archives.codex_rest import CodexRestError, CodexRestNode
from status_backend.archives.codex_rest_tree import TreeHash
from status_backend.archives.dialect import CODEX
from status_backend.archives.timings import Timings
from status_backend.rpc import ServiceError

pytestmark = pytest.mark.anyio

CID = "zDvZRwzkzitRhYtN3X7AqWArHD9ftTyPLsD8Hh9UW7a7NcaWr27k"
OTHER = "zDvZRwzm93r6pbHvCDtfXiLiLF96cXTiX5rkv1fWMLGfV1NJX8cr"
HELLO_DIGEST = "2e2f8e8a4490ef7cc9e5064b9cf8b51f28b6020faade7c0c704a4a819b669492"  # in a real node's manifest
DATA = random.Random(1).randbytes(3 * 65536 + 1000)


def tree_of(data: bytes) -> str:
    tree = TreeHash(65536)
    tree.update(data)
    return tree.cid()


def manifest(data: bytes = DATA, cid: str = CID) -> dict[str, object]:
    fields = {"treeCid": tree_of(data), "datasetSize": len(data), "blockSize": 65536}
    return {"cid": cid, "manifest": {**fields, "filename": None, "mimetype": None, "protected": False}}


@pytest.fixture(params=["/api/codex/v1", "/api/storage/v1"])
async def given(request):
    async with CodexRestServer(request.param) as server:
        client = CodexClient(CodexRestNode(server.url), (CodexRestError,), Timings(call_timeout=5))
        await client.start()
        server.answers[f"GET /data/{CID}/network/manifest"] = answer(manifest())
        server.answers[f"GET /data/{CID}/exists"] = answer({CID: True})
        yield SimpleNamespace(server=server, client=client, answers=server.answers)
        await client.stop()


async def downloaded(client: CodexClient, timeout: float | None = None) -> bytes:
    data = bytearray()
    await client.download(CID, data.extend, timeout)
    return bytes(data)


async def cancelled(given: SimpleNamespace, call: Callable) -> None:
    """The call is given up while the node is silent, and the node is told by the end of the connection."""
    task = asyncio.create_task(call())
    await given.server.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await given.server.hung_up.wait()


class TestCodexClientTestSuite:
    async def test_upload_success(self, given):
        given.answers["POST /data"] = response(f"{CID}\n".encode())
        assert await given.client.upload_archive(DATA) == CID
        ((_, headers, body),) = given.server.requests
        assert body == DATA
        assert headers["content-type"] == "application/octet-stream"
        assert headers["content-disposition"] == 'attachment; filename="archive-data.bin"'

    async def test_upload_error(self, given):
        given.answers["POST /data"] = response(b"Unable to store block zDx", status="500 Internal Server Error")
        with pytest.raises(StorageError, match=r"upload archive-data.bin .*Unable to store block zDx .*status 500"):
            await given.client.upload_archive(DATA)

    async def test_upload_that_is_answered_with_no_cid(self, given):
        given.answers["POST /data"] = response(b"<html>welcome</html>")
        with pytest.raises(StorageError, match="no CID"):
            await given.client.upload_archive(DATA)

    @pytest.mark.parametrize("stray", [b"", STRAY], ids=["clean", "stray bytes"])
    async def test_download_success(self, given, stray):
        given.answers[f"GET /data/{CID}/network/stream"] = response(DATA, stray=stray)
        assert await downloaded(given.client) == DATA

    async def test_download_in_pieces(self, given):
        async def pieces():
            whole = response(DATA, stray=STRAY)
            for begin in range(0, len(whole), 7000):
                yield whole[begin : begin + 7000]

        given.answers[f"GET /data/{CID}/network/stream"] = pieces
        assert await downloaded(given.client) == DATA

    async def test_download_with_context_cancel(self, given):
        async def stalling():
            yield response(DATA[:65536], length=len(DATA))
            await asyncio.Event().wait()

        given.answers[f"GET /data/{CID}/network/stream"] = stalling
        await cancelled(given, lambda: downloaded(given.client))

    async def test_download_that_breaks_off(self, given):
        given.answers[f"GET /data/{CID}/network/stream"] = response(DATA[:65536], length=len(DATA), stray=STRAY)
        with pytest.raises(StorageError, match="received 65663 bytes, expected 197608"):
            await downloaded(given.client)

    async def test_download_whose_end_is_the_text_of_a_response(self, given):
        """The one break that counting does not find: the stray bytes fill the body up to its Content-Length."""
        given.answers[f"GET /data/{CID}/network/stream"] = response(DATA[:-100], length=len(DATA), stray=STRAY)
        with pytest.raises(StorageError, match=f"{CID}: the tree of the bytes that came is zDz"):
            await downloaded(given.client)

    async def test_download_without_an_end(self, given):
        """No Content-Length, and the 404 text glued to the data."""
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        given.answers[f"GET /data/{CID}/network/stream"] = head + DATA + STRAY
        with pytest.raises(StorageError, match="197735 of 197608 bytes came"):
            await downloaded(given.client)

    async def test_download_of_other_content(self, given):
        given.answers[f"GET /data/{CID}/network/manifest"] = answer(manifest(cid=OTHER))
        with pytest.raises(StorageError, match=f"CID mismatch: asked for {CID}, got the manifest of {OTHER}"):
            await downloaded(given.client)

    async def test_download_of_what_nobody_has(self, given):
        given.answers[f"GET /data/{CID}/network/manifest"] = never
        with pytest.raises(StorageTimeout, match="no answer within 0.05 s"):
            await downloaded(given.client, timeout=0.05)
        async with asyncio.timeout(5):
            await given.server.hung_up.wait()

    async def test_has_cid_success(self, given):
        given.answers[f"GET /data/{CID}"] = response(DATA, stray=STRAY)
        assert await given.client.has_cid(CID) is True
        given.answers[f"GET /data/{CID}/exists"] = answer({CID: False})
        assert await given.client.has_cid(CID) is False

    async def test_has_cid_as_the_description_says(self, given):
        given.answers[f"GET /data/{CID}/exists"] = answer({"has": False})
        assert await given.client.has_cid(CID) is False

    async def test_has_cid_wants_all_of_it(self, given):
        given.answers[f"GET /data/{CID}"] = response(DATA[:65536], length=len(DATA), stray=STRAY)
        with pytest.raises(StorageError, match="expected 197608"):
            await given.client.has_cid(CID)

    async def test_has_cid_request_error(self, given):
        given.answers[f"GET /data/{CID}/exists"] = response(b"Incorrect Cid", status="400 Bad Request")
        with pytest.raises(StorageError, match="look for .* Incorrect Cid"):
            await given.client.has_cid(CID)

    async def test_has_cid_cid_mismatch(self, given):
        given.answers[f"GET /data/{CID}/exists"] = answer({OTHER: True})
        with pytest.raises(StorageError, match=f"CID mismatch: asked for {CID}"):
            await given.client.has_cid(CID)

    async def test_remove_cid_success(self, given):
        given.answers[f"DELETE /data/{CID}"] = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" + STRAY
        await given.client.remove_cid(CID)

    async def test_remove_cid_error(self, given):
        given.answers[f"DELETE /data/{CID}"] = response(b"part of a dataset", status="500 Internal Server Error")
        with pytest.raises(StorageError, match=f"remove {CID}: part of a dataset"):
            await given.client.remove_cid(CID)

    async def test_trigger_download(self, given):
        given.answers[f"POST /data/{CID}/network"] = answer({**manifest(), "downloadId": "7"})
        found = await given.client.trigger_download(CID)
        assert (found.cid, found.dataset_size) == (CID, len(DATA))

    async def test_trigger_download_request_error(self, given):
        await given.server.__aexit__()
        with pytest.raises(StorageError, match=f"cannot fetch {CID}: POST http"):
            await given.client.trigger_download(CID)

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"cid": "z"}', b'{"cid": "z", "manifest": null}', b"\xff"])
    async def test_trigger_download_json_parse_error(self, given, body):
        given.answers[f"POST /data/{CID}/network"] = response(body)
        with pytest.raises(StorageError, match="no JSON|no manifest"):
            await given.client.trigger_download(CID)

    async def test_trigger_download_http_error(self, given):
        given.answers[f"POST /data/{CID}/network"] = response(b"Error retries exhausted", status="404 Not Found")
        with pytest.raises(StorageError, match="Error retries exhausted"):
            await given.client.trigger_download(CID)

    async def test_trigger_download_cancellation(self, given):
        given.answers[f"POST /data/{CID}/network"] = never
        await cancelled(given, lambda: given.client.trigger_download(CID))

    async def test_fetch_manifest(self, given):
        assert (await given.client.fetch_manifest(CID)).dataset_size == len(DATA)

    @pytest.mark.parametrize("fields", [{"blockSize": 0}, {"blockSize": "65536"}, {"datasetSize": None}])
    async def test_fetch_manifest_that_makes_no_sense(self, given, fields):
        whole = manifest()
        whole["manifest"] = {**whole["manifest"], **fields}
        given.answers[f"GET /data/{CID}/network/manifest"] = answer(whole)
        with pytest.raises(StorageError, match="makes no sense"):
            await given.client.fetch_manifest(CID)

    async def test_local_download_success(self, given):
        given.answers[f"GET /data/{CID}"] = response(DATA, stray=STRAY)
        assert await given.client.local_download(CID) == DATA

    async def test_local_download_of_what_is_not_here(self, given):
        """The network is not asked: a real node would look for the manifest for hours."""
        given.answers[f"GET /data/{CID}/exists"] = answer({CID: False})
        with pytest.raises(StorageError, match="not found in local store"):
            await given.client.local_download(CID)
        assert [what for what, *_ in given.server.requests] == [f"GET /data/{CID}/exists"]

    async def test_local_download_request_error(self, given):
        await given.server.__aexit__()
        with pytest.raises(StorageError, match="own store: GET http"):
            await given.client.local_download(CID)

    async def test_local_download_http_error(self, given):
        error = response(b"Unable to decode as manifest", status="404 Not Found", stray=STRAY)
        given.answers[f"GET /data/{CID}"] = error
        with pytest.raises(StorageError, match="Unable to decode as manifest"):
            await given.client.local_download(CID)

    async def test_local_download_cancellation(self, given):
        given.answers[f"GET /data/{CID}"] = never
        await cancelled(given, lambda: given.client.local_download(CID))

    async def test_connect(self, given):
        given.answers["GET /connect/16Uiu2?addrs=%2Fip4%2F127.0.0.1%2Ftcp%2F1&addrs=%2Fip4%2F10.0.0.1%2Ftcp%2F2"] = (
            response(b"Successfully connected to peer")
        )
        await given.client.connect("16Uiu2", ["/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/2"])
        given.answers["GET /connect/16Uiu2"] = response(b"Unable to find Peer!", status="400 Bad Request")
        with pytest.raises(StorageError, match="connect to 16Uiu2 at no address: Unable to find Peer!"):
            await given.client.connect("16Uiu2", [])

    async def test_debug(self, given):
        info = {"id": "16Uiu2HA", "addrs": ["/ip4/127.0.0.1/tcp/1"], "spr": "spr:"}
        given.answers["GET /debug/info"] = answer(info)
        assert await given.client.debug() == info


async def test_start_where_no_codex_node_is():
    async with CodexRestServer("/api/other/v1") as server:
        client = CodexClient(CodexRestNode(server.url), (CodexRestError,))
        with pytest.raises(StorageError, match="start the storage node: no Codex node serves at http"):
            await client.start()
    with pytest.raises(StorageError, match="start the storage node: GET http"):
        await client.start()
    with pytest.raises(StorageError, match="not started"):
        await client.debug()


@pytest.mark.parametrize("url", ["codex:8080", "https://codex", "http://", "http://codex:port", "http://codex/api"])
async def test_what_is_no_url_of_a_node(world, monkeypatch, url):
    monkeypatch.setenv(VARIABLE, url)
    login = world.profile("p").open(world.FakeHost())
    with pytest.raises(ServiceError, match=f"{VARIABLE}: '{url}' is no http://HOST:PORT"):
        await open_codex(login.session, CODEX.kinds[0], Timings())


@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 5 * 65536 + 1])
def test_tree_of_pieces_of_any_size(size):
    data = DATA[:1] * size
    blocks = [data[begin : begin + 65536].ljust(65536, b"\0") for begin in range(0, size, 65536)]
    expected = str(tree_cid(root_of([sha256(block).digest() for block in blocks])))
    for step in (1, 1000, 65536, size) if size < 70000 else (9999, size):
        tree = TreeHash(65536)
        for begin in range(0, size, step):
            tree.update(data[begin : begin + step])
        assert (tree.cid(), tree.size) == (expected, size)


def test_tree_of_a_known_dataset():
    assert tree_of(b"hello world") == str(tree_cid(bytes.fromhex(HELLO_DIGEST)))
    assert tree_of(b"") == ""
