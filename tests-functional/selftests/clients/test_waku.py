"""The Waku client against a small server with nwaku's shapes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from clients.rest import RestError
from clients.waku import WakuClient, content_topic, pubsub_topic


class WakuServer(ThreadingHTTPServer):
    """Publishing stores; the store answers in pages of two."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[dict] = []
        self.queries: list[dict[str, list[str]]] = []
        self.health = json.dumps({"nodeHealth": "Ready", "protocolsHealth": []})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/health":
            return self._reply(200, self.server.health)
        if url.path == "/debug/v1/info":
            return self._reply(
                200, json.dumps({"enrUri": "enr:-x", "listenAddresses": ["/dns4/store/tcp/60000/ws/p2p/16Uiu2"]})
            )
        if url.path == "/admin/v1/peers":
            return self._reply(200, "[]")
        if url.path == "/store/v3/messages":
            return self._reply(200, json.dumps(self._page(parse_qs(url.query))))
        return self._reply(404, "Not Found")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prefix = "/relay/v1/messages/"
        if self.path.startswith(prefix) and unquote(self.path.removeprefix(prefix)) == "/waku/2/rs/16/32":
            self.server.messages.append(body)
            return self._reply(200, "OK")
        return self._reply(400, "Failed to publish: Node not subscribed to topic")

    def _page(self, query: dict[str, list[str]]) -> dict:
        self.server.queries.append(query)
        wanted = query["contentTopics"][0].split(",") if "contentTopics" in query else None
        found = [message for message in self.server.messages if wanted is None or message["contentTopic"] in wanted]
        first = int(query["cursor"][0], 16) if "cursor" in query else 0
        page = [
            {"messageHash": f"0x{first + i:02x}", "pubsubTopic": "/waku/2/rs/16/32", "message": message}
            for i, message in enumerate(found[first : first + 2])
        ]
        more = {"paginationCursor": f"0x{first + 2:02x}"} if first + 2 < len(found) else {}
        return {"requestId": "1", "statusCode": 200, "statusDesc": "OK", "messages": page, **more}

    def _reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text[:1] in "[{" else "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[WakuServer]:
    with WakuServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def waku(server, journal) -> WakuClient:
    return WakuClient(f"http://127.0.0.1:{server.server_address[1]}", node="store", journal=journal)


def test_who_is_it(waku):
    assert waku.info()["listenAddresses"] == ["/dns4/store/tcp/60000/ws/p2p/16Uiu2"]
    assert waku.peers() == []


def test_health_of_both_ages(waku, server):
    assert waku.health()["nodeHealth"] == "Ready"
    server.health = "Node is healthy"
    assert waku.health() == {"nodeHealth": "Node is healthy"}


def test_all_pages_of_the_store(waku, server):
    for number in range(5):
        waku.publish(b"%d" % number, "/waku/1/0xaaaaaaaa/rfc26")
        waku.publish(b"other", "/waku/1/0xbbbbbbbb/rfc26")
    found = waku.store_messages(content_topics=["/waku/1/0xaaaaaaaa/rfc26"], start_time=1, end_time=2)
    assert [base64.b64decode(entry["message"]["payload"]) for entry in found] == [b"0", b"1", b"2", b"3", b"4"]
    assert len(server.queries) == 3
    assert server.queries[0] == {
        "contentTopics": ["/waku/1/0xaaaaaaaa/rfc26"], "startTime": ["1"], "endTime": ["2"], "pageSize": ["100"],
        "ascending": ["true"], "includeData": ["true"],
    }  # fmt: skip


def test_a_published_message_is_complete(waku, server):
    sent = waku.publish(b"\x00\xff", "/waku/1/0xaaaaaaaa/rfc26", meta=b"m", timestamp=7)
    assert server.messages == [sent] and base64.b64decode(sent["payload"]) == b"\x00\xff"
    assert (sent["timestamp"], sent["version"], sent["ephemeral"], sent["meta"]) == (7, 0, False, "bQ==")


def test_a_refusal(waku):
    with pytest.raises(RestError, match="HTTP status 400: Failed to publish: Node not subscribed"):
        waku.publish(b"x", "/waku/1/0xaaaaaaaa/rfc26", pubsub_topic(64))


def test_topics():
    assert content_topic("") == "/waku/1/0xc5d24601/rfc26"  # keccak256 of nothing is c5d24601...
    assert pubsub_topic() == "/waku/2/rs/16/32"
