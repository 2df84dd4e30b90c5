"""The push stream."""

import json
import signal
import socket

import pytest
import websocket
from conftest import CONTENT_TOPIC, DEADLINE_SECONDS, OTHER_TOPIC, TOPIC, Process

from wakunode.message import WakuMessage


def receive(stream: websocket.WebSocket) -> dict:
    return json.loads(stream.recv())


def next_text(stream: websocket.WebSocket) -> str:
    return WakuMessage.from_json(receive(stream)["message"]).payload.decode()


def send(stream: websocket.WebSocket, frame: object) -> dict:
    stream.send(frame if isinstance(frame, str) else json.dumps(frame))
    return receive(stream)


def test_a_message_comes_with_topic_and_hash_and_is_stored_by_then(shared: Process) -> None:
    stream = shared.stream()
    shared.publish("one", meta="bWV0YQ==")
    frame = receive(stream)
    assert sorted(frame) == ["message", "messageHash", "pubsubTopic"] and frame["pubsubTopic"] == TOPIC
    message = WakuMessage.from_json(frame["message"])
    assert (message.payload, message.content_topic, message.meta) == (b"one", CONTENT_TOPIC, b"meta")
    assert frame["messageHash"] == "0x" + message.hash(TOPIC).hex()
    assert shared.stored(hashes=frame["messageHash"]) == ["one"]
    stream.close()


def test_filters_of_the_address(shared: Process) -> None:
    everything, one_topic = shared.stream(), shared.stream(pubsubTopic=OTHER_TOPIC)
    two = shared.stream(contentTopic=["/a/1/x/p", "/a/1/y/p"])
    for topic, content_topic in ((TOPIC, "/a/1/x/p"), (TOPIC, "/a/1/z/p"), (OTHER_TOPIC, "/a/1/y/p")):
        shared.publish(content_topic[5], topic, content_topic)
    assert [next_text(everything) for _ in range(3)] == ["x", "z", "y"]
    assert [next_text(two) for _ in range(2)] == ["x", "y"]
    assert next_text(one_topic) == "y"
    for stream in (everything, one_topic, two):
        stream.close()


def test_the_client_changes_its_content_topics(shared: Process) -> None:
    stream = shared.stream(contentTopic="/a/1/x/p")
    assert send(stream, {"subscribe": ["/a/1/y/p"]}) == {"subscribed": ["/a/1/x/p", "/a/1/y/p"]}
    shared.publish("1", content_topic="/a/1/y/p")
    assert next_text(stream) == "1"
    assert send(stream, {"unsubscribe": ["/a/1/x/p", "/a/1/unknown/p"]}) == {"subscribed": ["/a/1/y/p"]}
    shared.publish("2", content_topic="/a/1/x/p")
    shared.publish("3", content_topic="/a/1/y/p")
    assert next_text(stream) == "3"
    assert send(stream, {"unsubscribe": ["/a/1/y/p"]}) == {"subscribed": []}
    shared.publish("4", content_topic="/a/1/y/p")
    assert send(stream, {"subscribe": ["/a/1/y/p"]}) == {"subscribed": ["/a/1/y/p"]}
    shared.publish("5", content_topic="/a/1/y/p")
    assert next_text(stream) == "5"
    stream.close()


def test_the_first_subscribe_narrows_a_stream_of_everything(shared: Process) -> None:
    stream = shared.stream()
    assert "gets everything" in send(stream, {"unsubscribe": ["/a/1/x/p"]})["error"]
    assert send(stream, {"subscribe": ["/a/1/x/p"]}) == {"subscribed": ["/a/1/x/p"]}
    shared.publish("1", content_topic="/a/1/y/p")
    shared.publish("2", content_topic="/a/1/x/p")
    assert next_text(stream) == "2"
    stream.close()


def test_bad_frames_are_named_and_change_nothing(shared: Process) -> None:
    stream = shared.stream(contentTopic=CONTENT_TOPIC)
    for frame in (
        "x",
        "[" * 100_000,
        [],
        {},
        {"sing": []},
        {"subscribe": "x"},
        {"subscribe": [1]},
        {"subscribe": [""]},
        {"subscribe": [], "x": 1},
    ):
        assert list(send(stream, frame)) == ["error"]
    shared.publish("one")
    assert next_text(stream) == "one"
    stream.close()


def test_a_stream_needs_a_websocket_and_topics_of_the_node(shared: Process) -> None:
    shared.get("/relay/v1/subscriptions/stream", 400)
    for topic in ("/waku/2/rs/16/1", "x"):
        assert (
            f"Node not subscribed to topic: {topic}"
            in shared.get("/relay/v1/subscriptions/stream", 400, pubsubTopic=topic).text
        )
        with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
            shared.stream(pubsubTopic=topic)


def test_nothing_is_missed_and_all_is_in_order(shared: Process) -> None:
    stream = shared.stream()
    sent = [str(number) for number in range(200)]
    for text in sent:
        shared.publish(text)
    assert [next_text(stream) for _ in sent] == sent
    stream.close()


def silent_reader(node: Process) -> socket.socket:
    """A client that opens a stream and then never reads."""
    client = socket.create_connection(("127.0.0.1", node.ports["rest"]), timeout=DEADLINE_SECONDS)
    client.sendall(
        b"GET /relay/v1/subscriptions/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert client.recv(12) == b"HTTP/1.1 101"
    return client


def test_a_slow_reader_is_cut_off_and_slows_nobody(start_node) -> None:
    node = start_node()
    slow, quick = silent_reader(node), node.stream()
    number = 0
    while "reads too slowly" not in node.log.read_text():
        text = f"{number:-<140000}"
        node.publish(text)
        assert next_text(quick) == text
        number += 1
        assert number < 1000, "the slow reader is never cut off"
    slow.close()
    quick.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_streams_end_with_the_node(start_node, number: int) -> None:
    node = start_node()
    slow, stream = silent_reader(node), node.stream()
    for index in range(80):
        text = f"{index:-<100000}"
        node.publish(text)
        assert next_text(stream) == text
    node.process.send_signal(number)
    opcode, data = stream.recv_data(control_frame=True)
    assert opcode == websocket.ABNF.OPCODE_CLOSE and int.from_bytes(data[:2], "big") == 1001
    assert node.process.wait(DEADLINE_SECONDS) == 0
    slow.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_further_signals_change_nothing(start_node, number: int) -> None:
    node = start_node()
    while node.process.poll() is None:
        node.process.send_signal(number)
    assert node.process.returncode == 0


def test_clients_that_vanish_leave_nothing(start_node) -> None:
    node = start_node()
    for _ in range(5):
        silent_reader(node).close()
    assert node.publish("one") == "OK" and node.unread() == ["one"]
