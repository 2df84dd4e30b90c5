"""Providers are found across a bootstrap node; records are signed."""

import asyncio
import json
from pathlib import Path

import pytest
from support import PATIENCE, Rest, blob, node, read_all

from codex import ConfigError, InvalidRecord
from codex.network.discovery import table_entry
from codex.network.identity import SignedPeerRecord, load_or_create_key

RECORDED = {
    recording["case"]: json.loads(recording["response"]["body_text"])
    for recording in map(json.loads, open(Path(__file__).parent / "contract" / "rest.jsonl"))
    if recording["case"].startswith("debug/info")
}


async def test_c_downloads_from_a_knowing_only_b(tmp_path):
    data = blob(1 << 20)
    async with node(tmp_path / "b") as b:
        async with (
            node(tmp_path / "a", bootstrap_nodes=[b.spr]) as a,
            node(tmp_path / "c", bootstrap_nodes=[b.spr]) as c,
        ):
            cid = await a.upload(data)
            assert await read_all(c, cid) == data
            assert a.peer_id in c.peers
            assert not (await b.list())  # B only told where it is


async def test_what_was_stored_before_joining_is_announced_on_joining(tmp_path):
    async with node(tmp_path / "a") as a:
        cid = await a.upload(b"stored before")
    async with node(tmp_path / "b") as b, node(tmp_path / "c", bootstrap_nodes=[b.spr]) as c:
        async with node(tmp_path / "a", bootstrap_nodes=[b.spr]):
            assert await read_all(c, cid) == b"stored before"


async def test_a_seeker_that_was_there_first_finds_a_later_provider(tmp_path):
    async with node(tmp_path / "b") as b, node(tmp_path / "c", bootstrap_nodes=[b.spr]) as c:
        async with node(tmp_path / "source") as source:
            cid = await source.upload(b"comes later")
        waiting = asyncio.create_task(read_all(c, cid))
        async with node(tmp_path / "a", bootstrap_nodes=[b.spr]) as a:
            assert await a.upload(b"comes later") == cid
            assert await waiting == b"comes later"


async def test_over_a_chain_of_bootstrap_nodes(tmp_path):
    async with node(tmp_path / "b1") as b1, node(tmp_path / "b2", bootstrap_nodes=[b1.spr]) as b2:
        async with (
            node(tmp_path / "a", bootstrap_nodes=[b1.spr]) as a,
            node(tmp_path / "c", bootstrap_nodes=[b2.spr]) as c,
        ):
            cid = await a.upload(b"far away")
            assert await read_all(c, cid) == b"far away"


async def test_peers_are_found_by_their_id(tmp_path):
    async with node(tmp_path / "b") as b, Rest(b):
        async with (
            node(tmp_path / "a", bootstrap_nodes=[b.spr]) as a,
            node(tmp_path / "c", bootstrap_nodes=[b.spr]) as c,
        ):
            async with asyncio.timeout(PATIENCE):
                while a.peer_id not in [entry["peerId"] for entry in (await b.debug())["table"]["nodes"]]:
                    await asyncio.sleep(0.01)
                while b.peer_id not in [entry["peerId"] for entry in (await c.debug())["table"]["nodes"]]:
                    await asyncio.sleep(0.01)
            await c.connect(a.peer_id)
            assert a.peer_id in c.peers


@pytest.mark.parametrize("case", RECORDED)
def test_records_of_real_nodes_are_verified_and_their_node_ids_equal_ours(case):
    table = RECORDED[case]["table"]["localNode"]
    record = SignedPeerRecord.parse(RECORDED[case]["spr"])
    assert record.peer_id == RECORDED[case]["id"]
    entry = table_entry(record, seen=False)
    assert {key: entry[key] for key in ("nodeId", "peerId", "address")} == {
        key: table[key] for key in ("nodeId", "peerId", "address")
    }


def test_a_record_survives_printing_and_a_forged_one_is_refused(tmp_path):
    key, other = load_or_create_key(tmp_path / "a"), load_or_create_key(tmp_path / "b")
    record = SignedPeerRecord.sign(key, ["/ip4/10.0.0.1/tcp/8070"], seq=7)
    assert SignedPeerRecord.parse(record.spr) == record
    victim = SignedPeerRecord.sign(other, ["/ip4/10.0.0.2/tcp/8070"]).envelope
    for forged in (
        record.envelope[:-1] + bytes([record.envelope[-1] ^ 1]),
        record.envelope[:40],
        victim[:39] + record.envelope[39:],
        b"",
    ):
        with pytest.raises(InvalidRecord):
            SignedPeerRecord.verify(forged)
    for text in ("", "spr:", "spr:!!!!", "enr:" + record.spr[4:], record.spr[:-6]):
        with pytest.raises(InvalidRecord):
            SignedPeerRecord.parse(text)


async def test_a_bad_bootstrap_record_is_refused_at_start(tmp_path):
    with pytest.raises(ConfigError, match="bootstrap-node"):
        async with node(tmp_path / "a", bootstrap_nodes=["spr:nonsense"]):
            pass
