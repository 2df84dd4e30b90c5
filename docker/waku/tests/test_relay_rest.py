"""/relay/v1, /lightpush, /health, /debug and /admin of a running node, without the push stream."""

import time
from urllib.parse import quote

import pytest
from conftest import CONTENT_TOPIC, OTHER_TOPIC, TOPIC, Process, eventually

from wakunode.enr import read_record
from wakunode.topics import autoshard

MESSAGES = f"/relay/v1/messages/{quote(TOPIC, safe='')}"


@pytest.fixture
def node(start_node) -> Process:
    return start_node()


def test_unread_messages_are_read_once_per_topic(node: Process) -> None:
    before = time.time_ns()
    node.publish("one")
    node.publish("two")
    node.publish("other", OTHER_TOPIC)
    first, second = node.get(MESSAGES).json()
    assert (first["payload"], first["contentTopic"], first["version"], first["ephemeral"]) == (
        "b25l",
        CONTENT_TOPIC,
        0,
        False,
    )
    assert before < first["timestamp"] < second["timestamp"] < time.time_ns()
    assert node.unread() == [] and node.unread(OTHER_TOPIC) == ["other"]


def test_the_cache_keeps_the_youngest(start_node) -> None:
    node = start_node("--rest-relay-cache-capacity=3")
    for number in range(5):
        node.publish(str(number))
    assert node.unread() == ["2", "3", "4"]


def test_subscriptions_come_and_go(node: Process) -> None:
    topic = "/waku/2/rs/16/5"
    path = f"/relay/v1/messages/{quote(topic, safe='')}"
    assert f"Not subscribed to topic: {topic}" in node.get(path, 404).text
    assert f"Node not subscribed to topic: {topic}" in node.publish("lost", topic, status=400)
    assert node.post("/relay/v1/subscriptions", [topic]).text == "OK"
    node.publish("one", topic)
    node.post("/relay/v1/subscriptions", [topic])  # again: what is unread stays
    assert node.unread(topic) == ["one"]
    node.call("DELETE", "/relay/v1/subscriptions", 200, json=[topic, "/waku/2/rs/16/6"])
    node.get(path, 404)
    node.publish("lost", topic, status=400)


def test_the_record_follows_the_subscriptions(node: Process) -> None:
    def shards() -> str:
        return read_record(node.get("/debug/v1/info").json()["enrUri"]).fields["rs"].hex()

    assert shards() == "00100200200040"
    node.post("/relay/v1/subscriptions", ["/waku/2/rs/16/5"])
    assert shards() == "001003000500200040"


@pytest.mark.parametrize("topic", ["/waku/2/default-waku/proto", "/waku/2/rs/1/32", "", "/waku/2/rs/16/1024"])
def test_a_bad_topic_subscribes_to_nothing(shared: Process, topic: str) -> None:
    shared.post("/relay/v1/subscriptions", ["/waku/2/rs/16/5", topic], 400)
    shared.get(f"/relay/v1/messages/{quote('/waku/2/rs/16/5', safe='')}", 404)


def test_types_name_no_charset_and_unknown_paths_and_methods_are_not_found(shared: Process) -> None:
    assert shared.get("/health").headers["Content-Type"] == "application/json"
    assert shared.get("/debug/v1/version").headers["Content-Type"] == "text/plain"
    for method, path in (("GET", "/store/v1/messages"), ("PUT", "/health"), ("OPTIONS", "/relay/v1/subscriptions")):
        assert shared.call(method, path, 404).content == b""


def test_bad_bodies_are_named(shared: Process) -> None:
    def post(status: int, **body: object) -> str:
        return shared.call("POST", MESSAGES, status, **body).text

    assert post(400) == "Missing content body"
    assert "Wrong Content-Type" in post(400, data="{}", headers={"Content-Type": "text/plain"})
    assert "could not decode" in post(400, data="{", headers={"Content-Type": "application/json"})
    assert "nested too deeply" in post(400, data="[" * 100_000, headers={"Content-Type": "application/json"})
    assert "must be a JSON object" in post(400, json=[])
    assert "`payload` is missing" in post(400, json={"contentTopic": CONTENT_TOPIC})
    assert "not Unicode" in post(
        400, data=b'{"payload":"aGk=","contentTopic":"\\ud800"}', headers={"Content-Type": "application/json"}
    )
    assert "Expected a list" in shared.post("/relay/v1/subscriptions", "x", 400).text
    assert "Expected a list" in shared.post("/relay/v1/subscriptions", [1], 400).text
    assert shared.unread() == []


def test_a_message_has_a_greatest_size(node: Process) -> None:
    node.publish("x" * (150 * 1024 - len(CONTENT_TOPIC)))
    assert "Message size exceeded maximum of 153600 bytes" in node.publish("x" * (150 * 1024), status=400)
    node.publish("x" * 10**6, status=413)
    assert len(node.unread()) == 1


def test_auto_sharding(start_node) -> None:
    node = start_node("--num-shards-in-network=1024")
    content_topic = "/app/1/name/proto"
    topic, path = str(autoshard(content_topic, 16, 1024)), f"/relay/v1/auto/messages/{quote(content_topic, safe='')}"
    message = {"payload": "b25l", "contentTopic": content_topic}
    node.get(path, 404)
    node.post("/relay/v1/auto/subscriptions", [content_topic])
    node.post("/relay/v1/auto/messages", message)
    node.post("/relay/v1/auto/messages", message | {"contentTopic": "/app/1/else/proto"})
    node.publish("two", topic, content_topic)
    assert [entry["payload"] for entry in node.get(path).json()] == ["b25l", "dHdv"]
    assert node.get(path).json() == []
    node.call("DELETE", "/relay/v1/auto/subscriptions", 200, json=[content_topic])
    node.get(path, 404)
    node.publish("left the shard", topic, content_topic, status=400)


def test_auto_sharding_keeps_a_shard_that_is_still_needed(start_node) -> None:
    content_topic = "/app/1/name/proto"
    shard = autoshard(content_topic, 16, 1024)
    node = start_node(f"--shard={shard.index}", f"--content-topic={content_topic}")
    node.call("DELETE", "/relay/v1/auto/subscriptions", 200, json=[content_topic])
    node.publish("still there", str(shard))


def test_auto_sharding_names_bad_topics(shared: Process) -> None:
    assert "Autosharding error" in shared.post("/relay/v1/auto/subscriptions", ["/app/1"], 400).text
    assert (
        "Autosharding error"
        in shared.post("/relay/v1/auto/messages", {"payload": "b25l", "contentTopic": "x"}, 400).text
    )


def test_light_push_here(start_node) -> None:
    node = start_node("--lightpush")
    message = {"payload": "b25l", "contentTopic": CONTENT_TOPIC}
    assert node.post("/lightpush/v1/message", {"pubsubTopic": TOPIC, "message": message}).text == "OK"
    assert node.unread() == ["one"]
    for bad in (
        [],
        {},
        {"message": {}},
        {"pubsubTopic": 5, "message": message},
        {"pubsubTopic": "x", "message": message},
    ):
        node.post("/lightpush/v1/message", bad, 400)


def test_light_push_through_a_peer(start_node, node: Process) -> None:
    message = {"pubsubTopic": None, "message": {"payload": "b25l", "contentTopic": "/app/1/name/proto"}}
    assert "No suitable service peer" in node.post("/lightpush/v1/message", message, 503).text
    topic = str(autoshard("/app/1/name/proto", 16, 1024))
    server = start_node("--lightpush", f"--staticnode={node.address}")
    server.post("/relay/v1/subscriptions", [topic])
    eventually("link", lambda: node.peers())
    node.post("/lightpush/v1/message", message)
    assert server.unread(topic) == ["one"]
    assert "invalid pubsub topic" in node.post("/lightpush/v1/message", message | {"pubsubTopic": "x"}, 400).text


def test_who_and_how(start_node) -> None:
    node = start_node("--store", "--nodekey=" + "11" * 32, "--dns4-domain-name=boot-1")
    info = node.get("/debug/v1/info").json()
    peer_id = "16Uiu2HAmHzBkRq62mG95vsjKMuYQBezZCtjPXYWUoyVxMxi71aB3"
    port = node.ports["p2p"]
    assert info["listenAddresses"] == [
        f"/dns4/boot-1/tcp/{port}/ws/p2p/{peer_id}",
        f"/ip4/127.0.0.1/tcp/{port}/ws/p2p/{peer_id}",
    ]
    assert read_record(info["enrUri"]).fields["waku2"] == b"\x03"
    assert node.get("/debug/v1/version").text.startswith("v0.")
    health = node.get("/health").json()
    assert health == {"nodeHealth": "Ready", "protocolsHealth": [{"Relay": "Ready"}, {"Store": "Ready"}]}


def test_an_external_address_is_announced(start_node) -> None:
    node = start_node("--nat=extip:10.9.8.7")
    assert node.address.startswith(f"/ip4/10.9.8.7/tcp/{node.ports['p2p']}/ws/")


def test_what_is_off_says_so(start_node) -> None:
    node = start_node("--relay=false", "--rest-admin=false")
    assert "--relay" in node.get(MESSAGES, 404).text
    assert "--relay" in node.get("/relay/v1/subscriptions/stream", 404).text
    assert "--rest-admin" in node.get("/admin/v1/peers", 404).text
    assert node.query(503)["error"] == "No suitable service peer & none discovered"
