"""Nodes exchange datasets: after connect, while waiting, from several peers, past dead and lying ones."""

import asyncio
from dataclasses import replace

import pytest
from support import PATIENCE, PREFIX, Process, Rest, blob, node, read_all

from codex import DialFailed, InvalidPeerId, Manifest, NotAManifest, NotFound, PeerNotFound, RetriesExhausted
from codex.cids import tree_cid
from codex.network.discovery import PROTOCOL as PROVIDERS
from codex.network.host import Libp2pHost, PeerGone
from codex.network.identity import SignedPeerRecord, load_or_create_key
from codex.network.messages import HAVE, PROTOCOL, Address, deliveries, parse, presences
from codex.proto import providers_pb2 as pb

MiB = 1 << 20


async def test_a_dataset_is_fetched_after_connect(tmp_path):
    data = blob(3 * MiB + 17)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        cid = await a.upload(data, "archive.bin", "application/octet-stream")
        await b.connect(a.peer_id, a.addrs)
        assert await read_all(b, cid) == data
        manifest = await b.manifest(cid, local=True)
        assert (manifest.cid, manifest.filename, manifest.dataset_size) == (cid, "archive.bin", len(data))
        assert await b.space() == await a.space()


async def test_a_download_begun_before_connect_completes_right_after_it(tmp_path):
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        cid = await a.upload(blob(200_000))
        waiting = asyncio.create_task(read_all(b, cid))
        await asyncio.sleep(0)
        assert not waiting.done()
        await b.connect(a.peer_id, a.addrs)
        assert await waiting == blob(200_000)


async def test_a_download_begun_before_the_upload_completes_right_after_it(tmp_path):
    other = blob(150_000, "later")
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        cid = await c.upload(other)
        await b.connect(a.peer_id, a.addrs)
        waiting = asyncio.create_task(read_all(b, cid))
        await b.connect(a.peer_id, a.addrs)
        assert await a.upload(other) == cid
        assert await waiting == other


async def test_both_directions_over_one_connection(tmp_path):
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        await b.connect(a.peer_id, a.addrs)
        from_a, from_b = await a.upload(blob(100_000, 1)), await b.upload(blob(100_000, 2))
        assert await asyncio.gather(read_all(b, from_a), read_all(a, from_b)) == [blob(100_000, 1), blob(100_000, 2)]


async def test_several_peers_share_the_work(tmp_path):
    data = blob(12 * MiB)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        cid = await a.upload(data)
        assert await b.upload(data) == cid
        for provider in (a, b):
            await c.connect(provider.peer_id, provider.addrs)
        assert await read_all(c, cid) == data
        assert all(c._on.exchange.delivered[provider.peer_id] for provider in (a, b))


async def test_a_node_with_part_of_a_dataset_provides_that_part(tmp_path):
    """B has the first block only; C gets it from B with a proof that B never computed itself."""
    data = blob(5 * 65536)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        cid = await a.upload(data)
        await b.connect(a.peer_id, a.addrs)
        manifest = await b.manifest(cid)
        await b._on.exchange.want(Address(manifest.tree, 2))
        await a.stop()
        await c.connect(b.peer_id, b.addrs)
        await c.manifest(cid)
        async with asyncio.timeout(PATIENCE):
            await c._on.exchange.want(Address(manifest.tree, 2))
        assert await c.repository.read_leaf(manifest.tree, 2) == data[2 * 65536 : 3 * 65536]


async def test_a_download_goes_on_with_another_peer_when_one_dies(tmp_path):
    data = blob(20 * MiB)
    with Process(tmp_path / "dies") as dying:
        cid = (await dying("POST", "/data", {"Content-Type": "application/octet-stream"}, data)).text
        async with node(tmp_path / "a") as a, node(tmp_path / "c") as c:
            assert await a.upload(data, mimetype="application/octet-stream") == cid
            info = (await dying("GET", "/debug/info")).json()
            await c.connect(info["id"], info["addrs"])
            stream = c.download(cid)
            got = [await anext(stream)]
            dying.popen.kill()
            dying.popen.wait(PATIENCE)
            await c.connect(a.peer_id, a.addrs)
            async with asyncio.timeout(PATIENCE):
                got += [block async for block in stream]
            assert b"".join(got) == data


async def test_when_the_only_provider_dies_the_body_stops_short_and_nothing_wrong_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr("codex.network.exchange.RETRY_INTERVAL", 0.2)
    data = blob(20 * MiB)
    with Process(tmp_path / "dies") as dying:
        cid = (await dying("POST", "/data", {"Content-Type": "application/octet-stream"}, data)).text
        info = (await dying("GET", "/debug/info")).json()
        async with node(tmp_path / "c", block_retries=1) as c, Rest(c) as rest:
            await c.connect(info["id"], info["addrs"])
            reader, writer = await asyncio.open_connection("127.0.0.1", rest.port, limit=1 << 16)
            writer.write(f"GET {PREFIX}/data/{cid}/network/stream HTTP/1.1\r\nHost: c\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 OK" in head and f"Content-Length: {len(data)}".encode() in head
            dying.popen.kill()
            dying.popen.wait(PATIENCE)
            async with asyncio.timeout(PATIENCE):
                body = await reader.read(-1)
            writer.close()
        assert len(body) < len(data)
        assert body == data[: len(body)]


async def test_an_interrupted_fetch_goes_on_after_a_restart(tmp_path):
    data = blob(4 * MiB)
    async with node(tmp_path / "a") as a:
        cid = await a.upload(data)
        async with node(tmp_path / "b") as b:
            await b.connect(a.peer_id, a.addrs)
            stream = b.download(cid)
            for _ in range(3):
                await anext(stream)
            await stream.aclose()
            held = (await b.space())["totalBlocks"]
        async with node(tmp_path / "b") as b:
            assert (await b.space())["totalBlocks"] >= held > 3
            await b.connect(a.peer_id, a.addrs)
            assert await read_all(b, cid) == data


async def test_fetch_brings_all_blocks_in_the_background(tmp_path):
    data = blob(2 * MiB)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        cid = await a.upload(data)
        await b.connect(a.peer_id, a.addrs)
        manifest = await b.fetch(cid)
        await b._on._tasks[manifest.id]
        await a.stop()
        assert await read_all(b, cid, local=True) == data


async def test_missing_content_fails_after_the_retries(tmp_path, monkeypatch):
    monkeypatch.setattr("codex.network.exchange.RETRY_INTERVAL", 0.2)
    missing = "zDvZRwzm9nCsVNwv7R6yrjcombSP3DKYHDGQ8suQnGd63jroR47D"
    async with node(tmp_path / "a", block_retries=1) as a, node(tmp_path / "b") as b:
        await a.connect(b.peer_id, b.addrs)
        with pytest.raises(RetriesExhausted, match="Error retries exhausted"):
            await a.manifest(missing)
        with pytest.raises(NotFound):
            await a.manifest(missing, local=True)


async def test_cancelling_the_last_waiter_withdraws_the_want(tmp_path):
    missing = "zDvZRwzm9nCsVNwv7R6yrjcombSP3DKYHDGQ8suQnGd63jroR47D"
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        await a.connect(b.peer_id, b.addrs)
        with pytest.raises(TimeoutError):
            await a.manifest(missing, timeout=0.05)
        first, second = (asyncio.create_task(a.manifest(missing)) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert a._on.exchange._wants
        second.cancel()
        await asyncio.wait([second])
        await asyncio.sleep(0)
        assert not a._on.exchange._wants


async def test_a_download_given_up_withdraws_all_its_wants(tmp_path):
    promise = Manifest(tree_cid(b"x" * 32), dataset_size=1 << 20)  # nobody has its blocks
    async with node(tmp_path) as running:
        await running.repository.store_manifest(promise)
        wants = running._on.exchange._wants
        with pytest.raises(TimeoutError):
            await read_all(running, promise.cid, timeout=0.1)
        await asyncio.sleep(0)  # a want hears in the next turn of the loop that nobody waits for it
        assert not wants
        download = asyncio.create_task(read_all(running, promise.cid))
        async with asyncio.timeout(PATIENCE):
            while not wants:
                await asyncio.sleep(0)
        download.cancel()
        await asyncio.gather(download, return_exceptions=True)
        await asyncio.sleep(0)
        assert not wants


async def test_connect_says_what_is_wrong(tmp_path):
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        with pytest.raises(InvalidPeerId):
            await a.connect("notapeer", b.addrs)
        with pytest.raises(PeerNotFound):
            await a.connect(b.peer_id)
        for addrs in (["/ip4/127.0.0.1/tcp/1"], a.addrs, ["/ip4/127.0.0.1/udp/5"]):
            with pytest.raises(DialFailed):
                await a.connect(b.peer_id, addrs)
        with pytest.raises(DialFailed, match="dial"):
            await a.connect(a.peer_id, a.addrs)
        await a.connect(b.peer_id, ["/ip4/127.0.0.1/tcp/1", *b.addrs])
        await a.connect(b.peer_id, ["/ip4/127.0.0.1/tcp/1"])  # connected already


class Liar:
    """A peer that speaks the protocol and answers every want with what `twist` makes of the right block."""

    def __init__(self, path, honest, twist) -> None:
        async def nothing(*_):
            pass

        self.honest, self.twist = honest, twist
        self.manifests = self.silent = False
        self.host = Libp2pHost(load_or_create_key(path / "key"), ["/ip4/127.0.0.1/tcp/0"], 10, nothing)
        self.host.on_message(PROTOCOL, self.answer)
        self.lied = asyncio.Event()

    async def __aenter__(self):
        self.addrs = await self.host.start()
        return self

    async def __aexit__(self, *_):
        await self.host.stop()

    async def answer(self, peer_id, raw):
        for entry in parse(raw).wantlist.entries:
            address = Address.decode(entry.address)
            if entry.cancel:
                continue
            if entry.wantType == 1:
                await self.host.send(peer_id, PROTOCOL, presences([(address, HAVE)]))
                continue
            block = await self.honest._on.exchange._load(address)
            if address.index is not None or self.manifests:
                self.twist(block)
                self.lied.set()
            if not self.silent:
                await self.host.send(peer_id, PROTOCOL, deliveries([block]))


def flip(block):
    block.data = bytes([block.data[0] ^ 1]) + block.data[1:]


def truncate(block):
    block.data = block.data[:-1]


def forge_path(block):
    block.proof.path[0].node = bytes(32)


def other_index(block):
    block.proof.index += 1


def no_proof(block):
    block.ClearField("proof")


@pytest.mark.parametrize("twist", [flip, truncate, forge_path, other_index, no_proof])
async def test_a_lying_peer_is_dropped_and_its_block_taken_from_another(tmp_path, twist):
    data = blob(2 * 65536)
    async with node(tmp_path / "a") as a, node(tmp_path / "c") as c, Liar(tmp_path / "liar", a, twist) as liar:
        cid = await a.upload(data)
        await c.connect(liar.host.peer_id, liar.addrs)
        download = asyncio.create_task(read_all(c, cid))
        async with asyncio.timeout(PATIENCE):
            await liar.lied.wait()
        await c.connect(a.peer_id, a.addrs)
        assert await download == data
        assert liar.host.peer_id not in c.peers


async def test_a_forged_manifest_is_refused(tmp_path):
    async with node(tmp_path / "a") as a, node(tmp_path / "c") as c, Liar(tmp_path / "liar", a, flip) as liar:
        liar.manifests = True
        cid = await a.upload(b"honest")
        await c.connect(liar.host.peer_id, liar.addrs)
        download = asyncio.create_task(read_all(c, cid))
        async with asyncio.timeout(PATIENCE):
            await liar.lied.wait()
        await c.connect(a.peer_id, a.addrs)
        assert await download == b"honest"
        assert liar.host.peer_id not in c.peers


async def test_a_manifest_may_promise_more_than_anybody_could_hold(tmp_path):
    promise = Manifest(tree_cid(b"x" * 32), dataset_size=1 << 60)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b:
        await a.repository.store_manifest(promise)
        await b.connect(a.peer_id, a.addrs)
        assert await b.fetch(promise.cid) == promise
        async with asyncio.timeout(PATIENCE):
            while not b._on.exchange._wants:
                await asyncio.sleep(0)
        await b.stop()
        await b.start()
        assert await b.list() == [promise]
        await b.delete(promise.cid)
        assert (await b.space())["quotaUsedBytes"] == 0


async def test_a_manifest_with_the_tree_of_another_dataset_takes_nothing_from_it(tmp_path):
    data = blob(200_000)
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        cid = await b.upload(data)
        lie = replace(await b.manifest(cid), dataset_size=1 << 40)
        await a.repository.store_manifest(lie)
        for victim in (b, c):
            await victim.connect(a.peer_id, a.addrs)
        with pytest.raises(NotAManifest):
            await b.manifest(lie.cid)
        assert await c.manifest(lie.cid) == lie  # nothing tells it from a true one yet
        assert await c.upload(data) == cid
        for victim in (b, c):
            assert [manifest.cid for manifest in await victim.list()] == [cid]
            assert await read_all(victim, cid, local=True) == data


async def test_a_peer_that_has_it_and_does_not_deliver_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("codex.network.exchange.PEER_TIMEOUT", 0.1)
    async with (
        node(tmp_path / "a") as a,
        node(tmp_path / "c") as c,
        Liar(tmp_path / "silent", a, lambda block: None) as peer,
    ):
        peer.silent = peer.manifests = True
        cid = await a.upload(b"patience")
        await c.connect(peer.host.peer_id, peer.addrs)
        download = asyncio.create_task(read_all(c, cid))
        async with asyncio.timeout(PATIENCE):
            await peer.lied.wait()
        await c.connect(a.peer_id, a.addrs)
        assert await download == b"patience"


async def test_rubbish_requests_are_not_answered_and_do_no_harm(tmp_path):
    async with node(tmp_path / "a") as a, Liar(tmp_path / "liar", a, flip) as liar:
        await liar.host.dial(a.peer_id, a.addrs)
        victim = SignedPeerRecord.sign(load_or_create_key(tmp_path / "victim"), ["/ip4/10.0.0.2/tcp/8070"]).envelope
        own = SignedPeerRecord.sign(load_or_create_key(tmp_path / "liar" / "key"), liar.addrs).envelope
        forged = (pb.Request(record=envelope).SerializeToString() for envelope in (victim, own[:-1] + b"x"))
        for rubbish in (b"\xff\xff", b"\x0a\x03abc", b"\x22\x03abc", *forged):
            with pytest.raises(PeerGone):
                await liar.host.request(a.peer_id, PROVIDERS, rubbish, timeout=5)
        assert (await a.debug())["table"]["nodes"] == []
        assert await liar.host.request(a.peer_id, PROVIDERS, b"", timeout=5) == b""


async def test_rubbish_from_a_peer_does_no_harm(tmp_path):
    async with node(tmp_path / "a") as a, Liar(tmp_path / "liar", a, flip) as liar:
        await a.connect(liar.host.peer_id, liar.addrs)
        left = asyncio.Event()
        a._on.exchange.on_peer = _noticing(left, a._on.exchange.on_peer)
        await liar.host.send(a.peer_id, PROTOCOL, b"\xff\xff\xff")
        async with asyncio.timeout(PATIENCE):
            await left.wait()
        assert liar.host.peer_id not in a.peers
        assert await a.upload(b"still here")


def _noticing(left, on_peer):
    async def noticed(peer_id, connected):
        await on_peer(peer_id, connected)
        if not connected:
            left.set()

    return noticed


async def test_a_fetch_beyond_the_quota_fails_and_keeps_what_is_there(tmp_path):
    async with node(tmp_path / "a") as a, node(tmp_path / "b", storage_quota=200_000) as b, Rest(b) as rest:
        mine = await b.upload(b"mine")
        cid = await a.upload(blob(400_000))
        await b.connect(a.peer_id, a.addrs)
        answer = await rest("GET", f"/data/{cid}/network/stream")
        assert not answer.complete or answer.status == 500
        assert await read_all(b, mine) == b"mine"
        assert (await b.space())["quotaUsedBytes"] <= 200_000


async def test_a_peer_that_was_let_go_is_not_dialled_again(tmp_path, monkeypatch):
    async with node(tmp_path / "a") as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        # The library waits a minute before it dials again.
        monkeypatch.setattr("libp2p.network.auto_connector.AutoConnector._should_skip_peer", lambda *_: False)
        await a.connect(b.peer_id, b.addrs)
        known = a._on.host._swarm.peerstore
        async with asyncio.timeout(PATIENCE):
            while b.peer_id not in map(str, known.peers_with_addrs()):  # it has said where to dial it
                await asyncio.sleep(0.01)
            await b._on.host.disconnect(a.peer_id)
            while a.peers or b.peers:
                await asyncio.sleep(0.01)
        await a.connect(c.peer_id, c.addrs)  # takes as long
        assert a.peers == [c.peer_id] and b.peers == []


async def test_more_peers_than_allowed_are_refused(tmp_path):
    async with node(tmp_path / "a", max_peers=1) as a, node(tmp_path / "b") as b, node(tmp_path / "c") as c:
        await b.connect(a.peer_id, a.addrs)
        left = asyncio.Event()
        c._on.exchange.on_peer = _noticing(left, c._on.exchange.on_peer)
        try:
            await c.connect(a.peer_id, a.addrs)
        except DialFailed:
            pass  # refused before the dial was over
        else:
            async with asyncio.timeout(PATIENCE):
                await left.wait()
        assert a.peers == [b.peer_id]
