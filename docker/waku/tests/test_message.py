"""Messages and their hashes; the vectors are those of RFC 14."""

import base64

import pytest

from wakunode.message import Envelope, InvalidMessage, WakuMessage, parse_hash

TOPIC = "/waku/2/default-waku/proto"
PAYLOAD = bytes.fromhex("010203045445535405060708")
TIMESTAMP = 0x175789BFA23F8400
GOOD = {"payload": "aGk=", "contentTopic": "/a/1/b/proto"}


@pytest.mark.parametrize(
    ("payload", "meta", "digest"),
    [
        (PAYLOAD, b"super-secret", "64cce733fed134e83da02b02c6f689814872b1a0ac97ea56b76095c3c72bfe05"),
        (PAYLOAD, bytes(range(64)), "7158b6498753313368b9af8f6e0a0a05104f68f972981da42a43bc53fb0c1b27"),
        (PAYLOAD, b"", "a2554498b31f5bcdfcbf7fa58ad1c2d45f0254f3f8110a85588ec3cf10720fd8"),
        (b"", b"super-secret", "483ea950cb63f9b9d6926b262bb36194d3f40a0463ce8446228350bd44e96de4"),
    ],
)
def test_hash_is_deterministic(payload: bytes, meta: bytes, digest: str) -> None:
    message = WakuMessage(payload, "/waku/2/default-content/proto", timestamp=TIMESTAMP, meta=meta)
    assert message.hash(TOPIC).hex() == digest


def test_ephemeral_and_version_are_no_part_of_the_hash() -> None:
    plain = WakuMessage(b"x", "/a/1/b/proto", timestamp=5)
    assert plain.hash(TOPIC) == WakuMessage(b"x", "/a/1/b/proto", 7, 5, True).hash(TOPIC)
    assert plain.hash(TOPIC) != plain.hash(TOPIC + "2")


def test_json_round_trip() -> None:
    message = WakuMessage(b"\x00\xff", "/a/1/b/proto", version=1, timestamp=-3, ephemeral=True, meta=b"m")
    assert WakuMessage.from_json(message.to_json()) == message
    assert base64.b64decode(message.to_json()["meta"]) == b"m"


def test_json_has_no_meta_where_there_is_none_and_ignores_unknown_fields() -> None:
    message = WakuMessage.from_json(GOOD | {"proof": "x"})
    assert message.to_json() == GOOD | {"version": 0, "timestamp": 0, "ephemeral": False}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"payload": None}, "`payload` is missing or empty"),
        ({"payload": ""}, "`payload` is missing or empty"),
        ({"payload": 5}, "`payload` must be a base64 string"),
        ({"payload": "%%%"}, "`payload` is not base64"),
        ({"contentTopic": None}, "`contentTopic` is missing or empty"),
        ({"contentTopic": "  "}, "`contentTopic` is missing or empty"),
        ({"timestamp": "1"}, "`timestamp` must be an integer"),
        ({"timestamp": True}, "`timestamp` must be an integer"),
        ({"timestamp": 2**63}, "`timestamp` is out of range"),
        ({"version": -1}, "`version` is out of range"),
        ({"ephemeral": 1}, "`ephemeral` must be a boolean"),
        ({"meta": base64.b64encode(bytes(65)).decode()}, "`meta` has 65 bytes"),
    ],
)
def test_bad_json_is_named(change: dict, complaint: str) -> None:
    with pytest.raises(InvalidMessage, match=complaint):
        WakuMessage.from_json(GOOD | change)


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_a_message_is_an_object(value: object) -> None:
    with pytest.raises(InvalidMessage, match="object"):
        WakuMessage.from_json(value)


def test_hash_text_is_read_with_and_without_prefix() -> None:
    digest = Envelope(TOPIC, WakuMessage(b"x", "/a/1/b/proto")).hash
    assert parse_hash(digest.hex()) == parse_hash("0x" + digest.hex()) == digest
    for bad in ("0x12", "zz" * 32, ""):
        with pytest.raises(ValueError):
            parse_hash(bad)
