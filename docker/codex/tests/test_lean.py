"""libp2p is imported without what a Codex node does not use of it."""

import subprocess
import sys
from pathlib import Path

IN_A_FRESH_PROCESS = """
import sys
from codex.network import lean

lean.import_libp2p()
heavy = {"aioquic", "httpx", "requests", "zeroconf", "dns", "prometheus_client", "trio_websocket", "cffi"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert not set(lean.LEFT_OUT) & set(sys.modules) and not any("Gaps" in str(finder) for finder in sys.meta_path)

def stands_for_nothing(value):
    return isinstance(value, (lean._Empty, lean._NothingType)) and value is not lean._Nothing

touched = {name for name, module in sys.modules.items() if any(map(stands_for_nothing, vars(module).values()))}
assert "libp2p" in touched and all(name.partition(".")[0] == "libp2p" for name in touched), touched

from libp2p.crypto.serialization import deserialize_public_key
from libp2p.crypto.pb.crypto_pb2 import KeyType, PublicKey

key = deserialize_public_key(PublicKey(key_type=KeyType.RSA, data=b"x").SerializeToString())
try:
    key.to_bytes()
    raise SystemExit("an RSA key is usable")
except AttributeError as error:
    assert str(error) == "libp2p.crypto.rsa.RSAPublicKey is left out of libp2p here", error

from libp2p.crypto.rsa import RSAPublicKey
from multiaddr.resolvers import DNSResolver

assert hasattr(RSAPublicKey, "to_bytes") and hasattr(DNSResolver, "resolve")
"""


def test_what_is_left_out_is_empty_while_libp2p_is_imported_and_real_afterwards():
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS], cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
