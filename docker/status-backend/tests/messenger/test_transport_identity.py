"""Who a node says that it is on the Waku network."""

from __future__ import annotations

import base64

import pytest
from coincurve import PrivateKey, PublicKey
from coincurve.ecdsa import cdata_to_der, deserialize_compact
from eth_hash.auto import keccak
from replay import recording

from status_backend.transport.node_identity import NodeIdentity, peer_id

# The example of EIP-778.
KEY = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
EXAMPLE = (
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8A"
    "AAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)


def decoded(enr: str) -> tuple[bytes, bytes, dict[bytes, bytes]]:
    """Signature, what it signs, and the fields, of a record of less than 256 bytes."""
    record = base64.urlsafe_b64decode(enr[4:] + "=" * (-len(enr[4:]) % 4))
    assert record[0] == 0xF8 and len(record) == 2 + record[1]
    items, signed, rest = [], b"", record[2:]
    while rest:
        head = rest[0]
        size, start = (1, 0) if head < 0x80 else (head - 0x80, 1) if head < 0xB8 else (rest[1], 2)
        items.append(rest[start : start + size])
        signed = rest[start + size :] if len(items) == 1 else signed
        rest = rest[start + size :]
    head = bytes([0xC0 + len(signed)]) if len(signed) < 56 else bytes([0xF8, len(signed)])
    return items[0], head + signed, dict(zip(items[2::2], items[3::2], strict=True))


@pytest.mark.parametrize("enr", [EXAMPLE, NodeIdentity.of(KEY).enr, NodeIdentity().enr])
def test_the_record_is_signed_by_its_key(enr):
    signature, content, fields = decoded(enr)
    key = PublicKey(fields[b"secp256k1"])
    assert key.verify(cdata_to_der(deserialize_compact(signature)), keccak(content), hasher=None)
    assert fields[b"id"] == b"v4"


def test_of_a_key():
    identity = NodeIdentity.of(KEY)
    _, _, fields = decoded(identity.enr)
    assert fields == {b"id": b"v4", b"secp256k1": PrivateKey(bytes.fromhex(KEY)).public_key.format()}
    assert identity == NodeIdentity.of("0x" + KEY) != NodeIdentity()
    assert KEY not in repr(identity)


def test_peer_id_as_recorded():
    """The recorded node's record holds the key of the peer id at which it listened."""
    answers = {
        row["step"]: row["response"] for row in recording("single-node") if row.get("step", "").startswith("wakuext")
    }
    _, _, fields = decoded(answers["wakuext_enr"]["result"])
    listening = answers["wakuext_listenAddresses"]["result"][0]
    assert peer_id(PublicKey(fields[b"secp256k1"])) == listening.rpartition("/")[2]


@pytest.mark.anyio
async def test_answers(lonely):
    identity = lonely.messenger.identity
    assert await lonely.rpc("peerID") == identity.peer_id and await lonely.rpc("enr") == identity.enr
    assert await lonely.rpc("listenAddresses") == []
    for enabled in (True, False):
        assert await lonely.rpc("setLightClient", {"enabled": enabled}) is None
        assert lonely.session.node_config["WakuV2Config"]["LightClient"] is enabled
    assert (await lonely.ask("setLightClient", {"enabled": "yes"}))["error"]["code"] == -32602
