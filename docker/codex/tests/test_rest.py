"""The REST interface where the recordings do not reach: bad input, awkward names, CORS."""

import asyncio
import logging

import pytest
from support import LOOPBACK, PREFIX, Rest, blob, http, node, read_answer

from codex import CodexConfig, CodexNode
from codex.cids import Cid, encode_uvarint

OCTETS = {"Content-Type": "application/octet-stream"}
MISSING = "zDvZRwzm9nCsVNwv7R6yrjcombSP3DKYHDGQ8suQnGd63jroR47D"


@pytest.fixture
async def rest(tmp_path):
    async with node(tmp_path) as running, Rest(running) as started:
        yield started


@pytest.mark.parametrize(
    "disposition, stored",
    [
        ('attachment; filename="a.txt"; size=3', 'a.txt"; size='),
        ("attachment; filename=x", None),
        ("attachment; filename*=UTF-8''x", None),
        ('attachment; filename="../etc/passwd"', "../etc/passwd"),
        ('attachment; filename="my file.txt"', "my file.txt"),
        ('attachment; filename="ünï.txt"', "ünï.txt"),
        ('attachment; filename=".hidden"', ".hidden"),
        ('inline; filename="a.tar.gz"', "a.tar.gz"),
    ],
)
async def test_file_names_are_taken_as_the_original_takes_them(rest, disposition, stored):
    answer = await rest("POST", "/data", {"Content-Disposition": disposition}, b"x")
    assert answer.status == 200
    manifest = (await rest("GET", f"/data/{answer.text}/network/manifest")).json()["manifest"]
    assert manifest["filename"] == stored
    expected = "attachment" if stored is None else f'attachment; filename="{stored}"'
    assert (await rest("GET", f"/data/{answer.text}")).headers["Content-Disposition"] == expected


@pytest.mark.parametrize(
    "name",
    ["", "a?b", "a*b", "a:b", "a|b", "a<b", "a\\b", "con", "CON.txt", "lpt1.x", " x", "x ", "x.", "dir/", "x" * 260],
)
async def test_bad_file_names_are_refused(rest, name):
    answer = await rest("POST", "/data", {"Content-Disposition": f'attachment; filename="{name}"'}, b"x")
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (
        422,
        "The filename is not valid.",
        "text/html",
    )
    assert (await rest("GET", "/data")).json() == {"content": []}


async def test_a_name_that_is_no_utf8_keeps_its_bytes(rest):
    answer = await rest("POST", "/data", {"Content-Disposition": 'attachment; filename="\udcff.txt"'}, b"x")
    manifest = await rest.node.manifest(answer.text)
    assert manifest.filename == "\udcff.txt" and b"\xff.txt" in manifest.encode()
    assert (await rest("GET", f"/data/{answer.text}")).body == b"x"
    assert b"\xff.txt" in (await rest("GET", "/data")).body


async def test_a_foreign_manifest_cannot_smuggle_headers(rest):
    cid = await rest.node.upload(b"x", "a\r\nX-Evil: 1", "text/plain\r\nX-Evil: 1")
    answer = await rest("GET", f"/data/{cid}")
    assert answer.status == 200 and answer.body == b"x" and "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "mimetype, known",
    [
        ("Text/Plain", True),
        ("application/json", True),
        ("application/pdf", True),
        ("video/mp4", True),
        ("text/markdown", False),
        ("application/gzip", False),
        ("image/jpg", False),
        ("binary/octet-stream", False),
        ("application/octet-stream; x=y", False),
        ("/", False),
    ],
)
async def test_mimetypes_as_measured(rest, mimetype, known):
    answer = await rest("POST", "/data", {"Content-Type": mimetype}, b"x")
    assert answer.status == (200 if known else 422)
    if known:
        assert (await rest("GET", f"/data/{answer.text}")).headers["Content-Type"] == mimetype
    else:
        assert answer.text == f"The MIME type '{mimetype}' is not valid."


BAD_CIDS = [
    "x",
    "z",
    "zz",
    "Qm",
    "Qm" + "0" * 44,
    "z" + "1" * 60,
    "%00",
    "%2e%2e",
    "zDvZRwzkzitRhYtN3X7AqWArHD9ftTyPLsD8Hh9UW7a7NcaWr27",
    "f00",
    "🦊",
    "b" * 300,
    "zDvZRwzkzitRhYtN3X7AqWArHD9ftTyPLsD8Hh9UW7a7NcaWr27kk",
    "z" + "O0Il" * 10,
]


@pytest.mark.parametrize("cid", BAD_CIDS)
async def test_malformed_cids_are_refused_on_every_route(rest, cid):
    quoted = cid.encode().decode("latin-1").encode("latin-1")
    path = "".join(chr(byte) if 32 < byte < 127 else f"%{byte:02x}" for byte in quoted)
    for method, tail in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/network"),
        ("GET", "/network/stream"),
        ("GET", "/network/manifest"),
        ("GET", "/exists"),
    ):
        answer = await rest(method, f"/data/{path}{tail}")
        assert (answer.status, answer.text, answer.headers["Content-Type"]) == (400, "Incorrect Cid", "text/html"), (
            method,
            tail,
        )


async def test_foreign_cids_are_missing_not_incorrect(rest):
    for cid in (
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
    ):
        assert (await rest("GET", f"/data/{cid}")).status == 404
        assert list((await rest("GET", f"/data/{cid}/exists")).json().values()) == [False]
        assert (await rest("DELETE", f"/data/{cid}")).status == 204


async def test_a_chunked_upload_without_bytes_has_no_cid(rest):
    answer = await rest("POST", "/data", {"Transfer-Encoding": "chunked"}, b"0\r\n\r\n")
    assert (answer.status, answer.text) == (500, "Empty leaves")


async def test_a_body_may_come_in_any_pieces(rest):
    data = blob(200_000)
    whole = (await rest("POST", "/data", {}, data)).text
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(f"POST {PREFIX}/data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for at in range(0, len(data), 7777):
        piece = data[at : at + 7777]
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await read_answer(reader)).text == whole
    writer.close()


async def test_chunks_that_turn_bad_end_the_upload(rest):
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(f"POST {PREFIX}/data HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".encode())
    await asyncio.sleep(0)
    await rest("GET", "/space")  # the upload has begun
    writer.write(b"zz\r\n")
    answer = await read_answer(reader)
    assert (answer.status, answer.body) == (400, b"") and await rest.node.list() == []
    writer.close()


async def test_an_upload_that_stands_still_is_ended(rest, monkeypatch):
    monkeypatch.setattr("codex.rest.data.BODY_TIMEOUT", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(f"POST {PREFIX}/data HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow".encode())
    answer = await read_answer(reader)
    assert answer.status == 408 and await rest.node.list() == []
    writer.close()


@pytest.mark.parametrize(
    "raw, status",
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 10000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 10000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /" + b"x" * 10000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y23456789\r\n" * 700 + b"\r\n", 431),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"get / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 2\r\n\r\nx", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nx", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /api/codex/v1/data HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
    ],
)
async def test_what_is_no_http_gets_an_empty_error_and_the_node_lives(rest, raw, status):
    answer = await http(rest.port, "GET", "", raw=raw)
    assert (answer.status, answer.body) == (status, b"")
    assert (await rest("GET", "/space")).status == 200


async def test_a_head_that_does_not_end_is_answered_in_time(rest, monkeypatch):
    monkeypatch.setattr("codex.rest.protocol.HEAD_TIMEOUT", 0.1)
    assert (await http(rest.port, "GET", "", raw=b"GET / HTTP/1.1\r\nX: y\r\n")).status == 408


HELLO = "zDvZRwzkzitRhYtN3X7AqWArHD9ftTyPLsD8Hh9UW7a7NcaWr27k"  # "hello" as application/octet-stream
HELLO_HEAD = b"POST /api/codex/v1/data HTTP/1.1\r\ncontent-TYPE: application/octet-stream\r\n"
CHUNKED_HELLO = b"5;a=b\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        HELLO_HEAD + b"content-length: 5\r\n\r\nhello",
        HELLO_HEAD + b"Host: x\r\nContent-Length: 5\r\n\r\nhello",
        HELLO_HEAD.replace(b"1.1", b"1.0") + b"Content-Length: 5\r\n\r\nhello",
        HELLO_HEAD + b"transfer-encoding: Chunked\r\n\r\n" + CHUNKED_HELLO,
        HELLO_HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        HELLO_HEAD + b"Expect: nothing\r\nContent-Length: 5\r\n\r\nhello",
        HELLO_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",  # stored as it came
        HELLO_HEAD + b"X: y\r\n" * 300 + b"Content-Length: 5\r\n\r\nhello",
        HELLO_HEAD.replace(b"/data", b"/data?unknown=1") + b"Content-Length: 5\r\n\r\nhello",
    ],
)
async def test_a_request_may_be_written_in_many_ways(rest, raw):
    answer = await http(rest.port, "POST", "", raw=raw)
    assert (answer.status, answer.text, answer.headers["Connection"]) == (200, HELLO, "close")


@pytest.mark.parametrize("rest_of_it", [b" world", b"GET /api/codex/v1/space HTTP/1.1\r\n\r\n"])
async def test_a_connection_carries_one_request(rest, rest_of_it):
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(HELLO_HEAD + b"Content-Length: 5\r\n\r\nhello" + rest_of_it)
    assert (await read_answer(reader)).text == HELLO
    assert await reader.read() == b""
    writer.close()


async def test_paths_are_decoded_and_unknown_parameters_ignored(rest):
    await rest.node.upload(b"hello", mimetype="application/octet-stream")
    for path in (HELLO.replace("D", "%44"), HELLO + "?local=false&x"):
        assert (await rest("GET", f"/data/{path}")).body == b"hello"
    for path in (f"/data/{HELLO}/", f"/data/{HELLO}/nothing", "/data/", "//space", "/Space"):
        answer = await rest("GET", path)
        assert (answer.status, answer.body, answer.headers.get("Content-Type")) == (404, b"", None)


@pytest.mark.parametrize("path", ["/space", "/peerid", "/spr", "/data", f"/data/{HELLO}", f"/data/{HELLO}/exists"])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH"])
async def test_other_methods_are_not_found(rest, method, path):
    answer = await rest(method, path)
    assert (answer.status, answer.body, answer.headers.get("Content-Type")) == (404, b"", None)


@pytest.mark.parametrize(
    "accept, text",
    [
        ("text/plain", True),
        ("text/plain;q=0.9, application/json;q=0.1", True),
        ("text/plain;q=0.1, application/json", False),
        ("text/html, */*", False),
        ("application/xml", False),
        ("", False),
    ],
)
async def test_accept_chooses_between_json_and_text(rest, accept, text):
    for path, name, value in (("/peerid", "id", rest.node.peer_id), ("/spr", "spr", rest.node.spr)):
        answer = await rest("GET", path, {"Accept": accept})
        assert answer.headers["Content-Type"] == ("text/plain" if text else "application/json")
        assert answer.text == value if text else answer.json() == {name: value}


@pytest.mark.parametrize(
    "path",
    [
        "notapeer?addrs=/ip4/1.2.3.4/tcp/5",
        "16Uiu2HAm8qpLZLgFA2hVmrWj66HhcWScyCRRwxSqtxgrLGQ6CAt?addrs=/ip4/1.2.3.4/tcp/5",
        "0",
    ],
)
async def test_connect_refuses_bad_peer_ids(rest, path):
    answer = await rest("GET", f"/connect/{path}")
    assert (answer.status, answer.text) == (400, "peerid: incorrect PeerId string")


@pytest.mark.parametrize(
    "addr",
    [
        "/ip4/127.0.0.1/tcp/99999",
        "/ip4/1.2.3/tcp/1",
        "127.0.0.1:80",
        "/ip4/127.0.0.1/tcp/",
        "%00",
        "/dns4//tcp/1",
    ],
)
async def test_connect_with_absurd_addresses_finds_no_peer(rest, addr):
    answer = await rest("GET", f"/connect/16Uiu2HAm8qpLZLgFA2hVmrWj66HhcWScyCRRwxSqtxgrLGQ6CAtv?addrs={addr}")
    assert (answer.status, answer.text) == (400, "Unable to find Peer!")


@pytest.mark.parametrize("addr", ["/ip4/127.0.0.1/udp/9", "/unix/x", "/ip4/127.0.0.1"])
async def test_connect_dials_nothing_but_tcp(rest, addr):
    answer = await rest("GET", f"/connect/16Uiu2HAm8qpLZLgFA2hVmrWj66HhcWScyCRRwxSqtxgrLGQ6CAtv?addrs={addr}")
    assert (answer.status, answer.text) == (400, "Unable to dial peer")


async def test_log_level(rest):
    assert (await rest("POST", "/debug/chronicles/loglevel?level=TRACE;INFO:codex")).status == 200
    answer = await rest("POST", "/debug/chronicles/loglevel?level=LOUD")
    assert (answer.status, answer.text) == (
        500,
        "Please specify one of: trace, debug, info, notice, warn, error or fatal",
    )
    assert (await rest("POST", "/debug/chronicles/loglevel?level=info")).headers["Content-Type"] == "text/plain"


def _cors(methods: str, **more: str) -> dict[str, str]:
    names = "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Max-Age"
    return dict(zip(names, ("https://example.org", f"{methods}, OPTIONS", "86400"), strict=True)) | {
        f"Access-Control-{name.replace('_', '-')}": value for name, value in more.items()
    }


ASKED_FOR = {"Headers": "X-Requested-With"}
CORS = {
    "OPTIONS /data": _cors("POST", Allow_Headers="content-type, content-disposition"),
    f"OPTIONS /data/{MISSING}": _cors("GET,DELETE"),
    "OPTIONS /sales/availability/x": _cors("PATCH"),
    f"GET /data/{MISSING}": _cors("GET", **ASKED_FOR),
    "GET /data/x": _cors("GET"),
    f"GET /data/{MISSING}/network/stream": _cors("GET", **ASKED_FOR, Expose_Headers="Content-Disposition"),
    f"GET /data/{MISSING}/network/manifest": _cors("GET"),
    f"DELETE /data/{MISSING}": _cors("DELETE"),
    "GET /peerid": _cors("GET"),
    "GET /spr": _cors("GET"),
    "GET /debug/info": _cors("GET"),
    "GET /connect/x": _cors("GET"),
    "GET /sales/slots": _cors("GET"),
    "POST /debug/chronicles/loglevel": _cors("POST"),
    # What its handlers answer without them has them for a caller that names its origin.
    "GET /data": {},
    "GET /space": {},
    f"GET /data/{MISSING}/exists": {},
    "POST /data": {},
}


async def test_cors_only_when_asked_for(tmp_path):
    def found(answer):
        return {name: value for name, value in answer.headers.items() if name.startswith(("Access-Control", "Vary"))}

    origin = "https://example.org"
    async with (
        node(tmp_path, block_retries=0) as running,
        Rest(running) as without,
        Rest(running, origin) as one,
        Rest(running, "*") as all_of_them,
    ):
        for request, expected in CORS.items():
            method, path = request.split(" ")
            assert found(await one(method, path)) == expected, request
            assert "Access-Control-Allow-Origin" not in found(await without(method, path, {"Origin": origin})), request
        named = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        assert found(await one("GET", "/space", {"Origin": origin})) == named
        assert found(await one("GET", "/space", {"Origin": "https://example.com"})) == {}
        everybody = {"Access-Control-Allow-Origin": "*"}
        assert found(await all_of_them("GET", "/data", {"Origin": "http://a"})) == everybody


@pytest.mark.parametrize(
    "raw, status",
    [
        (b"GET /api/codex/v1/space HTTP/1.1\r\n\r\n", 200),
        (HELLO_HEAD + b"Content-Length: 5\r\n\r\nhello", 200),
        (HELLO_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED_HELLO, 200),
        (HELLO_HEAD + b"Content-Length: 6\r\n\r\nhello", 400),
        (HELLO_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", 400),
    ],
)
async def test_a_client_that_sends_no_more_may_still_read(rest, raw, status):
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(raw)
    writer.write_eof()
    assert (await read_answer(reader)).status == status
    assert len((await rest("GET", "/data")).json()["content"]) == (status == 200 and raw.startswith(b"POST"))
    writer.close()


async def test_a_client_that_goes_away_withdraws_its_want(rest, monkeypatch):
    monkeypatch.setattr("codex.rest.protocol.HALF_CLOSED_TIMEOUT", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.port)
    writer.write(f"GET {PREFIX}/data/{MISSING}/network/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    wants = rest.node._on.exchange._wants
    async with asyncio.timeout(10):
        while not wants:
            await asyncio.sleep(0.01)
        writer.close()
        while wants:
            await asyncio.sleep(0.01)
    del reader


async def test_a_client_that_goes_away_in_the_middle_is_no_error(rest, monkeypatch, caplog):
    data = blob(2 * 65536)
    cid = await rest.node.upload(data)

    async def download(*_):
        yield data[:65536]
        rest._server._runner.server.connections[0].transport.abort()
        yield data[65536:]

    monkeypatch.setattr(rest.node, "download", download)
    assert not (await rest("GET", f"/data/{cid}")).complete
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_node_that_is_not_started_says_so(tmp_path):
    running = CodexNode(CodexConfig(data_dir=tmp_path, listen_addrs=[LOOPBACK]))
    async with Rest(running) as early:
        assert (await early("GET", "/space")).status == 503


def test_codecs_that_the_original_does_not_know_are_incorrect():
    raw = b"\x01" + encode_uvarint(0x3FFF) + bytes([0x12, 32]) + bytes(32)
    with pytest.raises(ValueError):
        Cid.from_bytes(raw)
