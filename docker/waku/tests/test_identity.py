"""Node keys, peer ids, node records and multiaddrs, against values made by other programs."""

import pytest

from wakunode.enr import EnrError, make_record, read_record, rlp_decode, rlp_encode
from wakunode.identity import Identity, IdentityError, peer_public_key, verify
from wakunode.multiaddr import Multiaddr, MultiaddrError

KEY = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"  # the example key of EIP-778
EXAMPLE = (
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJ"
    "c2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)
PEER_ID = "16Uiu2HAmCDqxtfF1DwBqs7UJ4TgSnjoh6j1RtE1hhQxLLao84jLi"  # an nwaku node


def record(shards: list[int], *addresses: str) -> str:
    return make_record(
        Identity.from_hex(KEY), 7, 16, shards, ["relay", "store"], [Multiaddr.parse(a) for a in addresses]
    )


def test_the_example_record_of_eip_778_is_read() -> None:
    read = read_record(EXAMPLE)
    assert read.seq == 1
    assert read.fields["ip"] == bytes([127, 0, 0, 1]) and read.fields["udp"] == (30303).to_bytes(2, "big")
    assert read.fields["secp256k1"] == Identity.from_hex(KEY).public_key


def test_a_record_of_ours_tells_cluster_shards_capabilities_and_addresses() -> None:
    text = record([64, 32], "/dns4/boot-1/tcp/60000/ws", "/ip4/10.1.2.3/tcp/60001/ws")
    read = read_record(text)
    assert read.seq == 7
    assert read.fields["rs"].hex() == "00100200200040"
    assert read.fields["waku2"] == b"\x03"
    assert read.fields["ip"] == bytes([10, 1, 2, 3]) and read.fields["tcp"] == (60001).to_bytes(2, "big")
    first = bytes.fromhex("3606") + b"boot-1" + bytes.fromhex("06ea60dd03")
    second = bytes.fromhex("040a01020306ea61dd03")
    assert read.fields["multiaddrs"] == b"".join(len(raw).to_bytes(2, "big") + raw for raw in (first, second))


def test_many_shards_are_a_bit_vector() -> None:
    vector = read_record(record(list(range(0, 1024, 8)), "/ip4/10.1.2.3/tcp/1/ws")).fields["rsv"]
    assert vector == b"\x00\x10" + b"\x01" * 128


def test_a_changed_record_is_refused() -> None:
    with pytest.raises(EnrError, match="signature"):
        read_record(EXAMPLE.replace("hH8AAAGJ", "hH8AAAKJ"))
    for text in ("enode://1", "enr:%", "enr:", "enr:-IS4QHCYrYZbAK", EXAMPLE + "AAAA"):
        with pytest.raises(EnrError):
            read_record(text)


def test_a_record_that_is_too_long_is_refused() -> None:
    with pytest.raises(EnrError, match="at most 300"):
        record([1], f"/dns4/{'x' * 200}/tcp/1/ws")


@pytest.mark.parametrize(
    "item", [b"", b"\x00", b"\x7f", b"\x80", b"x" * 55, b"x" * 56, b"x" * 70000, [], [b"a", [b"b"]], [b"x"] * 60]
)
def test_rlp_round_trip(item: object) -> None:
    assert rlp_decode(rlp_encode(item)) == item


def test_rlp_examples() -> None:
    assert rlp_encode([b"cat", b"dog"]) == b"\xc8\x83cat\x83dog"
    assert rlp_encode([[], [[]], [[], [[]]]]).hex() == "c7c0c1c0c3c0c1c0"


def test_peer_ids_are_libp2ps() -> None:
    assert peer_public_key(PEER_ID).format().hex()[:2] in ("02", "03")
    # what libp2p derives from this key
    assert Identity.from_hex("11" * 32).peer_id == "16Uiu2HAmHzBkRq62mG95vsjKMuYQBezZCtjPXYWUoyVxMxi71aB3"
    for bad in ("", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", PEER_ID[:-1], "0OIl"):
        with pytest.raises(IdentityError):
            peer_public_key(bad)


def test_signatures() -> None:
    identity = Identity.generate()
    signature = identity.sign(b"words")
    assert verify(identity.peer_id, signature, b"words")
    assert not verify(identity.peer_id, signature, b"other words")
    assert not verify(PEER_ID, signature, b"words")
    assert not verify(identity.peer_id, b"", b"words")


@pytest.mark.parametrize("key", ["", "11" * 31, "zz" * 32, "00" * 32, "ff" * 32])
def test_a_bad_key_is_not_repeated(key: str) -> None:
    with pytest.raises(IdentityError) as caught:
        Identity.from_hex(key)
    assert not key or key not in str(caught.value)


def test_multiaddrs() -> None:
    address = Multiaddr.parse(f"/ip4/127.0.0.1/tcp/60000/ws/p2p/{PEER_ID}")
    assert (address.host, address.port, address.peer_id, address.url) == (
        "127.0.0.1",
        60000,
        PEER_ID,
        "ws://127.0.0.1:60000/",
    )
    assert Multiaddr.parse(str(address)) == address
    assert Multiaddr.parse(f"/ip4/127.0.0.1/tcp/60000/p2p/{PEER_ID}") == address
    assert Multiaddr.parse("/ip6/::1/tcp/1/ws").url == "ws://[::1]:1/"
    assert str(Multiaddr.of("boot-1", 5)) == "/dns4/boot-1/tcp/5/ws"


@pytest.mark.parametrize(
    "bad",
    ["", "x", "/ip4/127.0.0.1", "/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/65536",
     "/ip4/999.0.0.1/tcp/1", "/ip6/127.0.0.1/tcp/1", "/dns4//tcp/1", "/ip4/127.0.0.1/tcp/1/quic",
     "/ip4/127.0.0.1/tcp/1/p2p", "/ip4/127.0.0.1/tcp/x"],
)  # fmt: skip
def test_bad_multiaddrs_are_named(bad: str) -> None:
    with pytest.raises(MultiaddrError, match="invalid multiaddr"):
        Multiaddr.parse(bad)
