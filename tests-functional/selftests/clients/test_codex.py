"""The Codex client against a raw socket that answers byte for byte as the real node does, faults included."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from clients.codex import CodexClient, CorruptDownload, TruncatedDownload
from clients.codex_content import tree_cid
from clients.rest import RestError

CID = "zDvZRwzkzitRhYtN3X7AqWArHD9ftTyPLsD8Hh9UW7a7NcaWr27k"
HELLO_TREE = "zDzSvJTfBe4Dz6htuLuji1Ts5sCKE8PyEHDrB61e6N1W4kcCi5zN"
# What a real node writes after, or in the middle of, every download.
STRAY = (
    b"HTTP/1.1 404 Not Found\r\ndate: Tue, 24 Nov 2026 02:07:32 GMT\r\ncontent-type: text/plain\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class CodexServer(socketserver.ThreadingTCPServer):
    """`answers["GET /path"]` is bytes, or a function of the request's body and headers that yields bytes to write."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, bytes | Callable[..., Iterator[bytes]]] = {}
        self.requests: list[tuple[str, dict[str, list[str]], dict[str, str], bytes]] = []
        self.released = threading.Event()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split()
        headers = {}
        while line := self.rfile.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = self.rfile.read(int(headers.get("content-length", 0)))
        url = urlsplit(target)
        self.server.requests.append((f"{method} {url.path}", parse_qs(url.query), headers, body))
        answer = self.server.answers.get(f"{method} {url.path}", response(b"", status="404 Not Found"))
        try:
            for part in [answer] if isinstance(answer, bytes) else answer():
                self.wfile.write(part)
        except OSError:
            pass  # the client has hung up, which some tests want


def response(body: bytes, status: str = "200 OK", length: int | None = None, kind: str = "application/json") -> bytes:
    length = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body


def answer(value: object) -> bytes:
    return response(json.dumps(value).encode())


@pytest.fixture
def server() -> Iterator[CodexServer]:
    with CodexServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(params=["/api/codex/v1", "/api/storage/v1"])
def prefix(request, server) -> str:
    server.answers[f"GET {request.param}/peerid"] = answer({"id": "16Uiu2HAm8q"})
    return request.param


@pytest.fixture
def codex(server, journal) -> CodexClient:
    return CodexClient(f"http://127.0.0.1:{server.server_address[1]}", node="codex-1", journal=journal)


def manifest(data: bytes, tree: str) -> dict[str, object]:
    return {
        "treeCid": tree,
        "datasetSize": len(data),
        "blockSize": 65536,
        "filename": None,
        "mimetype": None,
        "protected": False,
    }


def test_the_prefix_is_asked_once(codex, server, prefix):
    server.answers[f"GET {prefix}/space"] = answer({"totalBlocks": 0})
    assert codex.prefix == prefix and codex.is_logos_storage == (prefix == "/api/storage/v1")
    assert codex.space() == {"totalBlocks": 0}
    codex.space()
    assert sum(route.endswith("/peerid") for route, *_ in server.requests) <= 2


def test_what_is_no_codex_node_is_said_so(codex):
    with pytest.raises(RestError, match="codex-1 is no Codex node .*/api/codex/v1/peerid: 404"):
        codex.space()


def test_every_route_of_storage(codex, server, prefix):
    data = f"{prefix}/data"
    held = {"cid": CID, "manifest": manifest(b"hello", HELLO_TREE)}
    server.answers |= {
        f"GET {prefix}/spr": answer({"spr": "spr:abc"}),
        f"GET {prefix}/debug/info": answer({"id": "16Uiu2HAm8q", "addrs": []}),
        f"POST {prefix}/debug/chronicles/loglevel": response(b""),
        f"GET {prefix}/connect/16Uiu2HAmB": response(b"Successfully connected to peer", kind="text/plain"),
        f"GET {data}": answer({"content": [held]}),
        f"GET {data}/{CID}/exists": answer({CID: True}),
        f"GET {data}/{CID}/network/manifest": answer(held),
        f"POST {data}/{CID}/network": answer({**held, "downloadId": "7"}),
        f"GET {data}/{CID}/network/progress/7": answer({"active": True, "received": 1, "total": 2, "bytes": 3}),
        f"DELETE {data}/{CID}/network/7": response(b"", status="204 No Content"),
        f"DELETE {data}/{CID}": response(b"", status="204 No Content") + STRAY,
    }
    assert codex.peer_id() == "16Uiu2HAm8q"
    assert codex.spr() == "spr:abc"
    assert codex.debug_info()["addrs"] == []
    codex.set_log_level("debug")
    codex.connect("16Uiu2HAmB", ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"])
    assert server.requests[-1][1] == {"addrs": ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"]}
    assert codex.list() == [held]
    assert codex.exists(CID) is True
    assert codex.manifest(CID) == held["manifest"]
    assert codex.fetch(CID)["downloadId"] == "7"
    assert codex.fetch_progress(CID, "7")["active"]
    codex.cancel_fetch(CID, "7")
    codex.delete(CID)
    codex.delete(CID)


def test_upload_names_are_sent_as_the_node_reads_them(codex, server, prefix, tmp_path):
    server.answers[f"POST {prefix}/data"] = response(f"{CID}\n".encode(), kind="text/plain")
    assert codex.upload(b"hello") == CID
    headers, body = server.requests[-1][2:]
    assert (headers["content-type"], body) == ("application/octet-stream", b"hello")
    assert "content-disposition" not in headers
    file = tmp_path / "x"
    file.write_bytes(b"from a file")
    codex.upload(file, filename="example.txt", mimetype=None, block_size=4096)
    _, query, headers, body = server.requests[-1]
    assert headers["content-disposition"] == 'attachment; filename="example.txt"'
    assert "content-type" not in headers and body == b"from a file" and query == {"blockSize": ["4096"]}


def test_a_refusal_has_status_and_text(codex, server, prefix):
    text = b"The MIME type 'x' is not valid."
    server.answers[f"POST {prefix}/data"] = response(text, status="422 Unprocessable Content", kind="text/html")
    with pytest.raises(RestError, match="POST .*/data on codex-1: HTTP status 422: The MIME type") as raised:
        codex.upload(b"hello", mimetype="x")
    assert (raised.value.status, raised.value.error) == (422, text.decode())


def test_a_refused_download(codex, server, prefix):
    server.answers[f"GET {prefix}/data/{CID}"] = (
        response(b"Incorrect Cid", status="400 Bad Request", kind="text/html") + STRAY
    )
    with pytest.raises(RestError, match="400: Incorrect Cid"):
        codex.download(CID, local=True)


def test_stray_bytes_after_a_download_are_not_part_of_it(codex, server, prefix):
    server.answers[f"GET {prefix}/data/{CID}/network/stream"] = (
        response(b"hello", kind="application/octet-stream") + STRAY
    )
    assert codex.download(CID) == b"hello"


def test_a_stream_that_breaks_off_is_no_download(codex, server, prefix, journal, tmp_path):
    broken = response(b"x" * 65536 + STRAY, length=50_331_648, kind="application/octet-stream")
    server.answers[f"GET {prefix}/data/{CID}/network/stream"] = broken
    with pytest.raises(TruncatedDownload) as raised:
        codex.download(CID)
    assert (raised.value.expected, raised.value.received) == (50_331_648, 65536 + len(STRAY))
    with pytest.raises(TruncatedDownload, match="bytes came"):
        codex.download_to(CID, tmp_path / "file")
    assert list(tmp_path.glob("file*")) == []
    record = journal.entries(kind="http")[-1].data
    assert record["status"] == 200 and record["error"].startswith("TruncatedDownload")
    assert record["response"] == {"bytes": 65536 + len(STRAY), "expected": 50_331_648}


def test_a_stream_filled_up_by_a_stray_response_is_found_out_by_its_tree(codex, server, prefix):
    data = b"x" * 200
    path = f"{prefix}/data/{CID}/network"
    server.answers[f"GET {path}/manifest"] = answer({"cid": CID, "manifest": manifest(data, tree_cid(data))})
    server.answers[f"GET {path}/stream"] = response(data)
    assert codex.download_verified(CID) == data
    server.answers[f"GET {path}/stream"] = response((data[:100] + STRAY)[:200])
    assert len(codex.download(CID)) == 200
    with pytest.raises(CorruptDownload, match="the tree of the bytes is"):
        codex.download_verified(CID)
    server.answers[f"GET {path}/stream"] = response(b"short")
    with pytest.raises(CorruptDownload, match="5 bytes, the manifest says 200"):
        codex.download_verified(CID)


def test_missing_content_has_a_deadline(codex, server, prefix):
    def hang() -> Iterator[bytes]:
        server.released.wait(10)
        yield b""

    server.answers[f"GET {prefix}/data/{CID}/network/stream"] = hang
    server.answers[f"GET {prefix}/data/{CID}/network/manifest"] = hang
    with pytest.raises(requests.exceptions.Timeout):
        codex.download(CID, timeout=0.1)
    with pytest.raises(requests.exceptions.Timeout):
        codex.manifest(CID, timeout=0.1)


def test_a_trickle_does_not_stretch_the_deadline(codex, server, prefix):
    def trickle() -> Iterator[bytes]:
        yield response(b"", length=1_000_000)
        while not server.released.wait(0.02):
            yield b"x"

    server.answers[f"GET {prefix}/data/{CID}/network/stream"] = trickle
    with pytest.raises(requests.exceptions.Timeout, match="was not done within 0.2 s"):
        codex.download(CID, timeout=0.2)


def test_downloads_to_a_file_and_in_pieces(codex, server, prefix, tmp_path):
    data = bytes(range(256)) * 1000
    server.answers[f"GET {prefix}/data/{CID}"] = response(data) + STRAY
    codex.download_to(CID, tmp_path / "file", local=True)
    assert (tmp_path / "file").read_bytes() == data
    assert len(list(codex.stream(CID, local=True))) > 1
    with pytest.raises(ValueError, match="positive number"):
        codex.download(CID, timeout=0)


KNOWN_TREES = [  # computed by a running Codex node
    (b"a", "zDzSvJTf6oUdiAAPQiRisQkfoT5gqvi52p4sDLz5HH3krBtMybgW"),
    (b"hello", HELLO_TREE),
    (bytes(65536), "zDzSvJTf8RviqW9HL7ppHPywc6dQZFY1JWpcNc1ZWsPt3aQue7AP"),
    (bytes(i % 251 for i in range(65537)), "zDzSvJTfEVzTBssUvimEPdR8AeewkF9u79jQEu7V5H6GaVjxPDk7"),
    (bytes(i % 251 for i in range(196608)), "zDzSvJTf7ZHL3N1bJv6fMa1E9WDdwhYbxN8BooKBimdgBaJUJhhR"),
    (bytes(i % 251 for i in range(720996)), "zDzSvJTf9PUnLG2YCXsXnzJo72gHDKE5FMbiSUrxr33kEk9Rxei3"),
]


@pytest.mark.parametrize(("data", "expected"), KNOWN_TREES, ids=lambda value: str(len(value)))
def test_tree_cids_are_those_of_a_real_node(data, expected):
    assert tree_cid(data) == expected


def test_zero_bytes_have_no_tree():
    with pytest.raises(ValueError):
        tree_cid(b"")
