"""/store/v3/messages of a running node."""

import itertools
import json
import re
import resource
import signal
import time
from urllib.parse import quote

import pytest
import requests
from conftest import CONTENT_TOPIC, OTHER_TOPIC, TOPIC, Process, eventually, texts

UNUSED_SHARDS = itertools.count(100)


@pytest.fixture
def topic(shared: Process) -> str:
    """A pubsub topic that no other test uses."""
    topic = f"/waku/2/rs/16/{next(UNUSED_SHARDS)}"
    shared.post("/relay/v1/subscriptions", [topic])
    return topic


def test_messages_are_kept_with_all_they_have(shared: Process, topic: str) -> None:
    stamp = time.time_ns()
    shared.publish("one", topic, version=1, timestamp=stamp, meta="bWV0YQ==")
    page = shared.query(pubsubTopic=topic)
    assert page["statusCode"] == 200 and page["statusDesc"] == "OK" and page["requestId"]
    assert "paginationCursor" not in page
    (entry,) = page["messages"]
    assert entry["pubsubTopic"] == topic and len(entry["messageHash"]) == 66
    assert entry["message"] == {
        "payload": "b25l", "contentTopic": CONTENT_TOPIC, "version": 1, "timestamp": stamp, "ephemeral": False,
        "meta": "bWV0YQ==",
    }  # fmt: skip


def test_only_hashes_unless_data_is_asked_for(shared: Process, topic: str) -> None:
    shared.publish("one", topic)
    (entry,) = shared.get("/store/v3/messages", pubsubTopic=topic).json()["messages"]
    assert list(entry) == ["messageHash"]


def test_ephemeral_and_untimely_messages_are_relayed_but_not_kept(shared: Process, topic: str) -> None:
    shared.publish("ephemeral", topic, ephemeral=True)
    shared.publish("early", topic, timestamp=time.time_ns() - 30 * 10**9)
    shared.publish("late", topic, timestamp=time.time_ns() + 30 * 10**9)
    shared.publish("kept", topic, timestamp=time.time_ns() - 10 * 10**9)
    assert shared.unread(topic) == ["ephemeral", "early", "late", "kept"]
    assert shared.stored(pubsubTopic=topic) == ["kept"]


def test_the_same_message_is_kept_once(shared: Process, topic: str) -> None:
    stamp = time.time_ns()
    for _ in range(2):
        shared.publish("one", topic, timestamp=stamp)
    assert shared.stored(pubsubTopic=topic) == ["one"] and shared.unread(topic) == ["one"]


def test_filters_hold_together(store: Process) -> None:
    now = time.time_ns()
    for second, (topic, content_topic) in enumerate(
        [(TOPIC, "/a/1/x/p"), (TOPIC, "/a/1/y/p"), (OTHER_TOPIC, "/a/1/x/p")]
    ):
        store.publish(str(second), topic, content_topic, timestamp=now + second)
    assert store.stored() == ["0", "1", "2"]
    assert store.stored(pubsubTopic=TOPIC) == ["0", "1"]
    assert store.stored(contentTopics="/a/1/x/p") == ["0", "2"]
    assert store.stored(contentTopics="/a/1/x/p,/a/1/y/p", pubsubTopic=TOPIC) == ["0", "1"]
    assert store.stored(startTime=now + 1) == ["1", "2"]
    assert store.stored(startTime=now + 1, endTime=now + 1) == ["1"]
    assert store.stored(startTime=now + 2, endTime=now + 1) == []
    assert store.stored(pubsubTopic="/waku/2/rs/16/1") == []


def test_by_hash(shared: Process, topic: str) -> None:
    for text in "abc":
        shared.publish(text, topic)
    hashes = [entry["messageHash"] for entry in shared.query(pubsubTopic=topic)["messages"]]
    assert shared.stored(pubsubTopic=topic, hashes=f"{hashes[2]},{hashes[0].removeprefix('0x')}") == ["a", "c"]
    assert shared.stored(pubsubTopic=topic, hashes="0x" + "00" * 32) == []


@pytest.mark.parametrize("ascending", [True, False])
def test_pages(shared: Process, topic: str, ascending: bool) -> None:
    now = time.time_ns()
    expected = [str(number) for number in range(7)]
    for number in expected:
        shared.publish(number, topic, timestamp=now)  # all at one instant: the hash decides the order
    everything = shared.stored(pubsubTopic=topic)
    assert sorted(everything) == expected
    pages, cursor = [], {}
    while True:
        page = shared.query(pubsubTopic=topic, ascending=str(ascending).lower(), pageSize=3, **cursor)
        pages.append(texts(page))
        if "paginationCursor" not in page:
            break
        cursor = {"cursor": page["paginationCursor"]}
    assert [len(page) for page in pages] == [3, 3, 1]
    ordered = pages if ascending else pages[::-1]
    assert [text for page in ordered for text in page] == everything


def test_an_exact_page_has_no_cursor_and_a_new_message_comes_after_the_cursor(shared: Process, topic: str) -> None:
    for text in "abc":
        shared.publish(text, topic)
    assert "paginationCursor" not in shared.query(pubsubTopic=topic, pageSize=3)
    cursor = shared.query(pubsubTopic=topic, pageSize=2)["paginationCursor"]
    shared.publish("d", topic)
    assert shared.stored(pubsubTopic=topic, cursor=cursor) == ["c", "d"]


def test_page_size_is_20_by_default_and_100_at_most(shared: Process, topic: str) -> None:
    for number in range(101):
        shared.publish(str(number), topic)
    assert (
        len(shared.query(pubsubTopic=topic)["messages"])
        == len(shared.query(pubsubTopic=topic, pageSize=0)["messages"])
        == 20
    )
    page = shared.query(pubsubTopic=topic, pageSize=5000)
    assert len(page["messages"]) == 100
    assert shared.stored(pubsubTopic=topic, cursor=page["paginationCursor"]) == ["100"]


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"startTime": "soon"}, "startTime parsing error: 'soon'"),
        ({"endTime": "1.5"}, "endTime parsing error: '1.5'"),
        ({"startTime": str(2**63)}, "startTime parsing error.*range"),
        ({"pageSize": "-1"}, "pageSize parsing error"),
        ({"pageSize": "many"}, "pageSize parsing error"),
        ({"ascending": "up"}, "ascending parsing error"),
        ({"includeData": "maybe"}, "includeData parsing error"),
        ({"hashes": "0xzz"}, "hashes parsing error"),
        ({"cursor": "0x12"}, "cursor parsing error"),
        ({"cursor": "0x" + "00" * 32}, "cursor not found"),
        ({"contentTopics": ",".join(f"/a/1/{number}/p" for number in range(101))}, "too many content topics"),
        ({"peerAddr": "/nowhere"}, "Failed parsing remote peer info"),
    ],
)
def test_bad_queries_are_named(shared: Process, params: dict, complaint: str) -> None:
    assert re.search(complaint, shared.query(400, **params)["error"])


def test_what_was_acknowledged_survives_kill(store: Process) -> None:
    sent = [str(number) for number in range(50)]
    for text in sent:
        store.publish(text)
    store.stop(signal.SIGKILL)
    store.start()
    assert store.stored() == sent
    store.publish("after")
    assert store.stored() == [*sent, "after"]


def test_a_full_disk_is_told_and_stops_only_the_store(store: Process) -> None:
    stream = store.stream()
    limits = resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    sent = 0
    while store.http.get(store.url("/health"), timeout=5).status_code == 200:
        store.publish(f"{sent:-<50000}")
        assert json.loads(stream.recv())["message"]
        sent += 1
        assert sent < 20, "the disk is never full"
    assert "Not Ready" in store.get("/health", 503).text and "cannot store message" in store.log.read_text()
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, limits)
    store.publish("there is room again")
    store.get("/health")
    assert len(store.stored()) == sent and store.stored()[-1] == "there is room again"
    stream.close()


def test_retention_holds_at_query_time_and_for_cursors(start_node) -> None:
    node = start_node("--store=true", "--store-message-retention-policy=time:3")
    for text in "ab":
        node.publish(text)
    cursor = node.query(pageSize=1)["paginationCursor"]
    eventually("oblivion", lambda: not node.stored())
    node.publish("c")
    assert node.stored() == ["c"] and node.stored(cursor=cursor) == ["c"]


def test_a_node_without_store_asks_its_store_node(start_node, store: Process) -> None:
    node = start_node(f"--storenode={store.address}")
    eventually("link", lambda: node.peers())
    for text in "abc":
        store.publish(text)
    assert texts(node.query(pageSize=2, ascending="false")) == ["b", "c"]
    assert "cursor not found" in node.query(400, cursor="0x" + "00" * 32)["error"]
    assert node.stored(peerAddr=store.address) == ["a", "b", "c"]
    store.stop()
    eventually("loss of the link", lambda: not node.peers())
    assert "No suitable service peer" in node.query(503)["error"]
    assert (
        "PEER_DIAL_FAILURE"
        in node.query(504, peerAddr=f"/ip4/127.0.0.1/tcp/{store.ports['p2p']}/p2p/{node.peer_id}")["error"]
    )


def test_a_big_page_travels_over_a_link(start_node, store: Process) -> None:
    node = start_node(f"--storenode={store.address}")
    eventually("link", lambda: node.peers())
    for number in range(60):
        store.publish(f"{number:-<100000}")
    assert len(node.stored()) == 60


def test_a_plain_query_url_is_understood(store: Process) -> None:
    store.publish("one")
    query = f"contentTopics={quote(CONTENT_TOPIC, safe='')}&pubsubTopic={quote(TOPIC, safe='')}&includeData=true"
    assert texts(requests.get(store.url(f"/store/v3/messages?{query}"), timeout=5).json()) == ["one"]
