import pytest
from coincurve import PrivateKey

from status_backend.protocol import application, ids, payload, signing
from status_backend.protocol.application import Type
from status_backend.protocol.ecies import DecryptionFailed
from status_backend.protocol.waku_message import Envelope, MalformedEnvelope

KEY = PrivateKey()


@pytest.mark.parametrize("size", [0, 1, 100, 255, 256, 70_000])
def test_payload_round_trip(size):
    plain = payload.encode(b"x" * size, KEY)
    decoded = payload.decode(plain)
    assert decoded.payload == b"x" * size
    assert decoded.author == KEY.public_key
    assert len(plain) % 256 == 0


def test_symmetric_encryption():
    key = payload.symmetric_key("a chat")
    sealed = payload.seal_symmetric(b"secret", key)
    assert payload.open_symmetric(sealed, key) == b"secret"
    with pytest.raises(DecryptionFailed):
        payload.open_symmetric(sealed, payload.symmetric_key("another chat"))
    with pytest.raises(DecryptionFailed):
        payload.open_symmetric(bytes([sealed[0] ^ 1]) + sealed[1:], key)


def test_asymmetric_encryption():
    sealed = payload.seal_for(b"secret", KEY.public_key)
    assert payload.open_with(sealed, KEY) == b"secret"
    for damaged in (sealed[:-1], bytes(len(sealed)), b"short"):
        with pytest.raises(DecryptionFailed):
            payload.open_with(damaged, KEY)
    with pytest.raises(DecryptionFailed):
        payload.open_with(sealed, PrivateKey())


@pytest.mark.parametrize("plain", [b"", b"\x04", b"\x04" * 65, b"\x03\xff\xff\xff"])
def test_malformed_payload(plain):
    with pytest.raises(payload.MalformedPayload):
        payload.decode(plain)


def test_tampered_payload_names_another_author():
    plain = bytearray(payload.encode(b"pay bob", KEY))
    plain[4] ^= 1
    try:
        assert payload.decode(bytes(plain)).author != KEY.public_key
    except payload.MalformedPayload:
        pass  # no key at all fits the signature, just as good


def test_application_message():
    wrapped = application.wrap(b"body", Type.CHAT_MESSAGE, KEY)
    message = application.unwrap(wrapped)
    assert (message.author, message.type, message.payload) == (KEY.public_key, Type.CHAT_MESSAGE, b"body")
    assert message.id == ids.message_id(KEY.public_key, b"body")


@pytest.mark.parametrize("wrapped", [b"", b"\xff\xff", Type(payload=b"x", signature=b"y" * 65).SerializeToString()])
def test_malformed_application_message(wrapped):
    with pytest.raises(application.MalformedMessage):
        application.unwrap(wrapped)


def test_signature_of_the_wrong_length():
    with pytest.raises(signing.BadSignature, match="65 bytes"):
        signing.recover(b"short", b"data")


def test_waku_message_hash():
    """Test vector 1 of RFC 14."""
    envelope = Envelope(
        pubsub_topic="/waku/2/default-waku/proto",
        content_topic="/waku/2/default-content/proto",
        payload=bytes.fromhex("010203045445535405060708"),
        meta=bytes.fromhex("73757065722d736563726574"),
        timestamp=0x175789BFA23F8400,
    )
    assert envelope.hash.hex() == "64cce733fed134e83da02b02c6f689814872b1a0ac97ea56b76095c3c72bfe05"


def test_envelope_json_round_trip():
    envelope = Envelope("/waku/2/rs/16/32", ids.content_topic("c"), b"p", 1_700_000_000_123_456_789)
    again = Envelope.from_json(envelope.pubsub_topic, envelope.to_json())
    assert again == envelope and again.hash == envelope.hash and again.topic == ids.topic("c")


@pytest.mark.parametrize("body", [{}, {"payload": "%%", "contentTopic": "t"}, {"payload": None, "contentTopic": "t"}])
def test_malformed_envelope(body):
    with pytest.raises(MalformedEnvelope):
        Envelope.from_json("t", body)
