"""/store/v3/messages of a running node."""

import re
import signal
import time
from urllib.parse import quote

import pytest
import requests
from conftest import CONTENT_TOPIC, OTHER_TOPIC, TOPIC, Process, eventually, texts


def test_messages_are_kept_with_all_they_have(store: Process) -> None:
    stamp = time.time_ns()
    store.publish("one", version=1, timestamp=stamp, meta="bWV0YQ==")
    page = store.query()
    assert page["statusCode"] == 200 and page["statusDesc"] == "OK" and page["requestId"]
    assert "paginationCursor" not in page
    (entry,) = page["messages"]
    assert entry["pubsubTopic"] == TOPIC and len(entry["messageHash"]) == 66
    assert entry["message"] == {
        "payload": "b25l", "contentTopic": CONTENT_TOPIC, "version": 1, "timestamp": stamp, "ephemeral": False,
        "meta": "bWV0YQ==",
    }  # fmt: skip


def test_only_hashes_unless_data_is_asked_for(store: Process) -> None:
    store.publish("one")
    (entry,) = store.get("/store/v3/messages").json()["messages"]
    assert list(entry) == ["messageHash"]


def test_ephemeral_and_untimely_messages_are_relayed_but_not_kept(store: Process) -> None:
    store.publish("ephemeral", ephemeral=True)
    store.publish("early", timestamp=time.time_ns() - 30 * 10**9)
    store.publish("late", timestamp=time.time_ns() + 30 * 10**9)
    store.publish("kept", timestamp=time.time_ns() - 10 * 10**9)
    assert store.unread() == ["ephemeral", "early", "late", "kept"]
    assert store.stored() == ["kept"]


def test_the_same_message_is_kept_once(store: Process) -> None:
    stamp = time.time_ns()
    for _ in range(2):
        store.publish("one", timestamp=stamp)
    assert store.stored() == ["one"] and store.unread() == ["one"]


def test_filters_hold_together(store: Process) -> None:
    now = time.time_ns()
    for second, (topic, content_topic) in enumerate([(TOPIC, "/a/1/x/p"), (TOPIC, "/a/1/y/p"), (OTHER_TOPIC, "/a/1/x/p")]):
        store.publish(str(second), topic, content_topic, timestamp=now + second)
    assert store.stored() == ["0", "1", "2"]
    assert store.stored(pubsubTopic=TOPIC) == ["0", "1"]
    assert store.stored(contentTopics="/a/1/x/p") == ["0", "2"]
    assert store.stored(contentTopics="/a/1/x/p,/a/1/y/p", pubsubTopic=TOPIC) == ["0", "1"]
    assert store.stored(startTime=now + 1) == ["1", "2"]
    assert store.stored(startTime=now + 1, endTime=now + 1) == ["1"]
    assert store.stored(startTime=now + 2, endTime=now + 1) == []
    assert store.stored(pubsubTopic="/waku/2/rs/16/1") == []


def test_by_hash(store: Process) -> None:
    for text in "abc":
        store.publish(text)
    hashes = [entry["messageHash"] for entry in store.query()["messages"]]
    assert store.stored(hashes=f"{hashes[2]},{hashes[0].removeprefix('0x')}") == ["a", "c"]
    assert store.stored(hashes="0x" + "00" * 32) == []


@pytest.mark.parametrize("ascending", [True, False])
def test_pages(store: Process, ascending: bool) -> None:
    now = time.time_ns()
    expected = [str(number) for number in range(7)]
    for number in expected:
        store.publish(number, timestamp=now)  # all at one instant: the hash decides the order
    everything = store.stored()
    assert sorted(everything) == expected
    pages, cursor = [], {}
    while True:
        page = store.query(ascending=str(ascending).lower(), pageSize=3, **cursor)
        pages.append(texts(page))
        if "paginationCursor" not in page:
            break
        cursor = {"cursor": page["paginationCursor"]}
    assert [len(page) for page in pages] == [3, 3, 1]
    ordered = pages if ascending else pages[::-1]
    assert [text for page in ordered for text in page] == everything


def test_an_exact_page_has_no_cursor_and_a_new_message_comes_after_the_cursor(store: Process) -> None:
    for text in "abc":
        store.publish(text)
    assert "paginationCursor" not in store.query(pageSize=3)
    cursor = store.query(pageSize=2)["paginationCursor"]
    store.publish("d")
    assert store.stored(cursor=cursor) == ["c", "d"]


def test_page_size_is_20_by_default_and_100_at_most(store: Process) -> None:
    for number in range(101):
        store.publish(str(number))
    assert len(store.query()["messages"]) == len(store.query(pageSize=0)["messages"]) == 20
    page = store.query(pageSize=5000)
    assert len(page["messages"]) == 100
    assert store.stored(cursor=page["paginationCursor"]) == ["100"]


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
def test_bad_queries_are_named(store: Process, params: dict, complaint: str) -> None:
    assert re.search(complaint, store.query(400, **params)["error"])


def test_what_was_acknowledged_survives_kill(store: Process) -> None:
    sent = [str(number) for number in range(50)]
    for text in sent:
        store.publish(text)
    store.stop(signal.SIGKILL)
    store.start()
    assert store.stored() == sent
    store.publish("after")
    assert store.stored() == [*sent, "after"]


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
    assert "PEER_DIAL_FAILURE" in node.query(504, peerAddr=f"/ip4/127.0.0.1/tcp/{store.ports['p2p']}/p2p/{node.peer_id}")["error"]


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
