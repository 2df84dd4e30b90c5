"""Links between nodes: who is linked, what travels, what happens when one side goes."""

import json
import secrets
import signal

import pytest
import websocket
from conftest import DEADLINE_SECONDS, OTHER_TOPIC, TOPIC, Process, eventually, linked

from wakunode.identity import Identity

KEY = "22" * 32
KEY_PEER_ID = Identity.from_hex(KEY).peer_id


def static(node: Process, peer_id: str | None = None) -> str:
    return f"--staticnode=/ip4/127.0.0.1/tcp/{node.ports['p2p']}/p2p/{peer_id or node.peer_id}"


def test_messages_flood_through_a_chain_once(start_node) -> None:
    middle = start_node()
    left, right = start_node(static(middle)), start_node("--store", static(middle))
    linked(left, middle)
    linked(right, middle)
    left.publish("from the left")
    right.publish("from the right")
    for node in (left, middle, right):
        got = node.unread()
        eventually("both messages", lambda: got.extend(node.unread()) or len(got) >= 2)
        assert sorted(got) == ["from the left", "from the right"]
    assert sorted(right.stored()) == ["from the left", "from the right"]


def test_a_circle_of_nodes_that_dial_each_other_delivers_once(start_node) -> None:
    first = start_node(f"--nodekey={KEY}")
    second = start_node(static(first))
    third = start_node(static(first), static(second))
    first.post("/admin/v1/peers", [third.address, second.address])
    linked(first, second, third)
    with_stream = third.stream()
    first.publish("one")
    second.publish("two")
    got = [json.loads(with_stream.recv())["message"]["payload"] for _ in range(2)]
    third.publish("end")
    assert sorted(got) == ["b25l", "dHdv"] and json.loads(with_stream.recv())["message"]["payload"] == "ZW5k"
    with_stream.close()


def test_only_topics_of_the_peer_travel(start_node) -> None:
    first = start_node()
    second = start_node(static(first))
    linked(first, second)
    first.call("DELETE", "/relay/v1/subscriptions", 200, json=[OTHER_TOPIC])
    second.publish("unwanted", OTHER_TOPIC)
    first.post("/relay/v1/subscriptions", ["/waku/2/rs/16/7"])
    second.post("/relay/v1/subscriptions", ["/waku/2/rs/16/7"])
    second.publish("new topic", "/waku/2/rs/16/7")
    eventually("message on the new topic", lambda: first.unread("/waku/2/rs/16/7"))
    first.post("/relay/v1/subscriptions", [OTHER_TOPIC])
    assert "unwanted" not in first.unread()


def test_a_peer_that_comes_late_is_offered_what_is_recent(start_node) -> None:
    first, second = start_node(), start_node("--store")
    first.publish("before the link")
    second.post("/admin/v1/peers", [first.address])
    eventually("the message", lambda: second.stored() == ["before the link"])


def test_a_killed_peer_is_linked_again(start_node) -> None:
    store = start_node("--store", f"--nodekey={KEY}")
    boot = start_node(static(store))
    linked(boot, store)
    for number, kill in enumerate((signal.SIGKILL, signal.SIGTERM)):
        store.stop(kill)
        eventually("loss of the link", lambda: boot.peers() == [])
        assert boot.peers(connected=False) == [KEY_PEER_ID]
        boot.publish(f"while away {number}")
        store.start()
        linked(boot, store)
        boot.publish(f"after {number}")
        eventually("both messages", lambda: {f"while away {number}", f"after {number}"} <= set(store.stored()))


def test_a_paused_peer_slows_nobody_and_misses_nothing(start_node) -> None:
    middle = start_node()
    paused, quick = start_node("--store", static(middle)), start_node("--store", static(middle))
    linked(middle, paused)
    linked(middle, quick)
    paused.process.send_signal(signal.SIGSTOP)
    sent = [f"{number:-<20000}" for number in range(50)]
    for text in sent:
        middle.publish(text)
    eventually("all messages", lambda: len(quick.stored()) == len(sent))
    paused.process.send_signal(signal.SIGCONT)
    eventually("all messages", lambda: len(paused.stored()) == len(sent))


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("--cluster-id=1", "cluster id mismatch"), (None, "expected was 16Uiu2"), ("--relay=true", "no shard in common")],
)
def test_nodes_that_do_not_fit_are_not_linked(start_node, option: str | None, complaint: str) -> None:
    first = start_node()
    if complaint == "no shard in common":
        first.call("DELETE", "/relay/v1/subscriptions", 200, json=[TOPIC, OTHER_TOPIC])
        first.post("/relay/v1/subscriptions", ["/waku/2/rs/16/1"])
    arguments = ["--num-shards-in-network=1024", option] if option else []
    second = start_node(static(first, None if option else KEY_PEER_ID), *arguments)
    eventually("the refusal", lambda: complaint in second.log.read_text())
    assert first.peers() == [] and second.peers() == []
    expected = KEY_PEER_ID if not option else first.peer_id
    text = second.post("/admin/v1/peers", [f"/ip4/127.0.0.1/tcp/{first.ports['p2p']}/p2p/{expected}"], 400).text
    assert complaint in text and "Failed to connect to peer at index: 0" in text


def test_admin_names_peers_that_cannot_be_reached(start_node) -> None:
    node = start_node()
    gone = start_node()
    address = gone.address
    gone.stop()
    assert "Failed to connect to peer at index: 0" in node.post("/admin/v1/peers", [address], 400).text
    assert "Couldn't parse remote peer info" in node.post("/admin/v1/peers", ["/ip4/1.2.3.4"], 400).text
    assert "no peer id" in node.post("/admin/v1/peers", ["/ip4/127.0.0.1/tcp/1"], 400).text
    assert "this node itself" in node.post("/admin/v1/peers", [node.address], 400).text
    assert node.peers() == node.peers(connected=False) == []


def test_a_peer_that_is_dialled_in_vain_can_be_linked_by_hand(start_node) -> None:
    store = start_node(f"--nodekey={KEY}")
    address = store.address
    store.stop()
    boot = start_node(f"--staticnode={address}")
    eventually("a failed dial", lambda: "cannot link with" in boot.log.read_text())
    store.start()
    boot.post("/admin/v1/peers", [address])
    assert boot.peers() == [KEY_PEER_ID]
    store.stop()
    store.start()
    linked(boot, store)


def test_the_number_of_links_is_bounded(start_node) -> None:
    first = start_node("--max-connections=1")
    second = start_node(static(first))
    linked(first, second)
    third = start_node()
    assert "too many connections" in third.post("/admin/v1/peers", [first.address], 400).text
    assert first.peers() == [second.peer_id]


def connect(node: Process, **hello: object) -> websocket.WebSocket:
    """Begin a link by hand, as a node with `KEY` that changes some fields of its hello."""
    socket = websocket.create_connection(f"ws://127.0.0.1:{node.ports['p2p']}/", timeout=DEADLINE_SECONDS)
    fields = {"protocol": "/wakunode/link/1", "peerId": KEY_PEER_ID, "clusterId": 16, "shards": [32], "protocols": [],
              "addresses": [], "agent": "by hand", "nonce": secrets.token_hex(32)}  # fmt: skip
    socket.send(json.dumps({"hello": fields | hello}))
    return socket


def prove(socket: websocket.WebSocket) -> None:
    nonce = json.loads(socket.recv())["hello"]["nonce"]
    statement = f"/wakunode/link/1\n{nonce}\n{KEY_PEER_ID}".encode()
    socket.send(json.dumps({"proof": Identity.from_hex(KEY).sign(statement).hex()}))
    assert "proof" in json.loads(socket.recv())


def close_code(socket: websocket.WebSocket) -> int:
    for _ in range(5):  # what the node says first, if anything
        opcode, data = socket.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")
    pytest.fail(f"the link was not closed, the last frame was {data!r}")


def test_a_peer_must_hold_its_key(start_node) -> None:
    node = start_node()
    socket = connect(node)
    socket.send(json.dumps({"proof": Identity.generate().sign(b"x").hex()}))
    assert close_code(socket) == 4001
    eventually("the reason in the log", lambda: "does not hold the key" in node.log.read_text())
    assert node.peers() == []


@pytest.mark.parametrize(
    ("hello", "code"),
    [({"peerId": "16Uiu2"}, 4000), ({"clusterId": None}, 4000), ({"shards": 5}, 4000), ({"protocol": "/other/1"}, 4001),
     ({"clusterId": 1}, 4001), ({"shards": [1]}, 4001)],
)  # fmt: skip
def test_a_bad_hello_ends_the_link(shared: Process, hello: dict, code: int) -> None:
    assert close_code(connect(shared, **hello)) == code


@pytest.mark.parametrize(
    "frame",
    ["x", "[" * 100_000, "[]", "{}", '{"message": {}}', '{"pubsubTopic": "x", "message": {"payload": "?"}}',
     '{"ihave": ["x"]}', '{"ihave": 5}', '{"subscriptions": 5}', '{"response": {}}'],
)  # fmt: skip
def test_a_malformed_frame_ends_the_link_and_nothing_else(shared: Process, frame: str) -> None:
    socket = connect(shared)
    prove(socket)
    socket.send(frame)
    assert close_code(socket) == 4000
    shared.publish("still well")


def test_an_unknown_request_is_answered(shared: Process) -> None:
    socket = connect(shared)
    prove(socket)
    socket.send(json.dumps({"request": {"id": 1, "method": "sing", "params": None}}))
    answers = iter(lambda: json.loads(socket.recv()), None)
    response = next(frame["response"] for frame in answers if "response" in frame)
    assert response["id"] == 1 and response["error"]["status"] == 404
    socket.close()
