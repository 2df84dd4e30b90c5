"""Random data through the formats: what goes in comes out, what is forged is refused."""

from hashlib import sha256
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from codex.cids import KNOWN_CODECS, Cid, decode_uvarint, encode_uvarint, tree_cid
from codex.errors import CodexError, IncorrectCid, InvalidMessage, NotAManifest
from codex.manifest import Manifest
from codex.merkle import build_layers, layer_sizes, root_of
from codex.network import messages
from codex.network.identity import SignedPeerRecord
from codex.repo.tree import Trees
from codex.rest.names import filename_of, is_valid_filename

digests = st.binary(min_size=32, max_size=32).filter(any)
names = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.integers(0, 2**62))
def test_varints(value):
    raw = encode_uvarint(value)
    assert decode_uvarint(raw + b"rest", 0) == (value, len(raw))


@given(st.sampled_from(sorted(KNOWN_CODECS)), digests)
def test_cids_survive_text_and_bytes(codec, digest):
    cid = Cid(1, codec, 0x12, digest)
    assert Cid.parse(str(cid)) == Cid.from_bytes(bytes(cid)) == Cid.parse("f" + bytes(cid).hex()) == cid


@given(st.text(max_size=80))
def test_no_text_breaks_the_cid_parser(text):
    try:
        Cid.parse(text)
    except IncorrectCid:
        pass


@given(st.binary(max_size=100))
def test_no_bytes_break_a_decoder(raw):
    for decode, refused in (
        (Cid.from_bytes, IncorrectCid),
        (Manifest.decode, NotAManifest),
        (messages.parse, InvalidMessage),
    ):
        try:
            decode(raw)
        except refused:
            pass
    try:
        SignedPeerRecord.verify(raw)
    except CodexError:
        pass


@given(digests, st.integers(1, 2**50), st.sampled_from([4096, 65536, 1]), names, names)
def test_manifests_survive_encoding(root, size, block_size, filename, mimetype):
    manifest = Manifest(tree_cid(root), size, block_size, filename, mimetype)
    again = Manifest.decode(manifest.encode())
    assert again == manifest and again.cid == manifest.cid


@given(st.lists(digests, min_size=1, max_size=40), st.data())
def test_proofs_prove_their_leaf_and_no_other(leaves, data):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        trees = Trees(Path(folder) / "trees", Path(folder))
        root = root_of(leaves)
        tree = trees.get(tree_cid(root), len(leaves))
        tree.fill(leaves)
        index = data.draw(st.integers(0, len(leaves) - 1))
        proof = tree.proof(index)
        assert proof.proves(leaves[index], root)
        assert not proof.proves(sha256(leaves[index]).digest(), root)
        assert not proof.proves(leaves[index], sha256(root).digest())
        # A second tree that learns all proofs in any order ends up the same.
        other = trees.get(tree_cid(sha256(root).digest()), len(leaves))
        for i in data.draw(st.permutations(range(len(leaves)))):
            other.learn(leaves[i], tree.proof(i))
        assert list(other.known()) == leaves and other.proof(index) == proof
        trees.close()


@given(st.integers(1, 3000))
def test_layers_halve(leaves):
    sizes = layer_sizes(leaves)
    assert sizes[-1] == 1 and len(sizes) >= 2
    assert all(above == (below + 1) // 2 for below, above in pairwise(sizes))


@settings(max_examples=25)
@given(st.lists(digests, min_size=1, max_size=64))
def test_layer_sizes_are_those_of_the_layers(leaves):
    assert [len(layer) for layer in build_layers(leaves)] == layer_sizes(len(leaves))


@given(st.text(max_size=60))
def test_no_name_breaks_the_filename_rules(text):
    name = filename_of(text)
    is_valid_filename(text if name is None else name)
