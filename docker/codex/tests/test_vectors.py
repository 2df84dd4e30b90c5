"""Known answers of a real node: contract/vectors.json. Add entries there; nothing here has to change."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from codex.cids import Cid, block_cid, tree_cid
from codex.manifest import Manifest
from codex.merkle import root_of

VECTORS = json.loads((Path(__file__).parent / "contract" / "vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_cids_equal_those_of_a_real_node(vector):
    data = eval(vector["input"], {"__builtins__": {}, "bytes": bytes, "range": range})
    assert sha256(data).hexdigest() == vector["input_sha256"]
    blocks = [data[at : at + 65536].ljust(65536, b"\0") for at in range(0, len(data), 65536)]
    digests = [sha256(block).digest() for block in blocks]
    manifest = Manifest(tree_cid(root_of(digests)), len(data), 65536, vector["filename"], vector["mimetype"])
    assert len(blocks) == vector["blocks"] == manifest.blocks
    assert str(block_cid(digests[0])) == vector["first_block_cid"]
    assert manifest.tree_cid == vector["tree_cid"]
    assert manifest.cid == vector["cid"]
    if vector["manifest_hex"]:
        assert manifest.encode().hex() == vector["manifest_hex"]
    assert Manifest.decode(manifest.encode()) == manifest
    assert str(Cid.parse(vector["cid"])) == vector["cid"]
