"""Owner and member over real Codex nodes: libp2p on loopback, repositories on disk."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from codex.network.identity import SignedPeerRecord
from status_backend.archives.codex_config import codex_config, listen_address
from status_backend.node_config import defaults
from status_backend.rpc import ServiceError

pytestmark = pytest.mark.anyio


def real(world, name):
    return world.profile(name, real=True, timings=replace(world.FAST, call_timeout=30))


async def archive_of(world, login, text, at):
    """The owner makes an archive of this message."""
    count = login.signals.types.count("historyArchivesSeeding") + 1
    world.store_message(login.db, text, at)
    login.archives.change_interval(0.05)
    await login.signals.until("historyArchivesSeeding", count)
    login.archives.change_interval(3600)
    return login.archives.last_index_cid(world.COMMUNITY)


async def test_a_download_begun_before_connect_completes_after_it(world):
    control = world.FakeHost(control_node=True)
    async with real(world, "owner").login(control) as alice, real(world, "member").login(world.FakeHost()) as bob:
        cid = await archive_of(world, alice, "hello", 1000)
        assert cid.startswith("zDv")
        await bob.archives.on_index_cid(world.COMMUNITY, cid, 1)
        assert bob.archives.downloaded_ids(world.COMMUNITY) == []
        info = await alice.archives.debug()
        assert all(address.startswith("/ip4/127.0.0.1/tcp/") for address in info["addrs"]) and info["spr"]
        await bob.archives.connect(info["id"], info["addrs"])
        await bob.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in bob.host.imported] == [b"hello"]
        assert await bob.archives.storage.has_cid(cid)


async def test_both_log_out_and_in_again(world):
    owner, member = real(world, "owner"), real(world, "member")
    control = world.FakeHost(control_node=True)
    async with owner.login(control) as alice:
        first = await archive_of(world, alice, "one", 1000)
        identity = (await alice.archives.debug())["id"]
    async with owner.login(control, enable=False) as alice, member.login(world.FakeHost()) as bob:
        info = await alice.archives.debug()
        assert info["id"] == identity
        second = await archive_of(world, alice, "two", 2000)
        assert second != first
        await bob.archives.connect(info["id"], info["addrs"])
        await bob.archives.on_index_cid(world.COMMUNITY, second, 1)
        await bob.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in bob.host.imported] == [b"one", b"two"]
    async with member.login(world.FakeHost(), enable=False) as bob:  # and needs nobody for what it has
        assert await bob.archives.storage.has_cid(second)


async def test_many_archives_of_some_size(world):
    control = world.FakeHost(control_node=True)
    async with real(world, "owner").login(control) as alice, real(world, "member").login(world.FakeHost()) as bob:
        for number in range(1, 20):
            world.store_message(alice.db, f"{number} ".ljust(200_000, "x"), 1000 * number)
        cid = await archive_of(world, alice, "last", 20_000)
        info = await alice.archives.debug()
        await bob.archives.connect(info["id"], info["addrs"])
        await bob.archives.on_index_cid(world.COMMUNITY, cid, 1)
        await bob.signals.until("downloadingHistoryArchivesFinished")
        assert len(bob.archives.downloaded_ids(world.COMMUNITY)) == 20
        assert [len(m.payload) for m in bob.host.imported] == [200_000] * 19 + [4]


async def test_connect_to_nobody(world):
    async with real(world, "p").login(world.FakeHost()) as login:
        peer = (await login.archives.debug())["id"]
        with pytest.raises(ServiceError, match=f"connect to {peer} at /ip4/127.0.0.1/tcp/1: Unable to dial peer"):
            await login.archives.connect(peer, ["/ip4/127.0.0.1/tcp/1"])


async def test_overrides_reach_the_node(world, tmp_path):
    async with real(world, "p").login(world.FakeHost(), enable=False) as login:
        overrides = {
            "CodexNodeConfig.DiscoveryPort": "8093",
            "CodexNodeConfig.DataDir": str(tmp_path / "elsewhere"),
            "CodexNodeConfig.BlockRetries": "2",
            "CodexNodeConfig.LogLevel": "WARN",
        }
        await login.archives.enable(overrides)
        assert (tmp_path / "elsewhere" / "repo").is_dir()
        record = SignedPeerRecord.parse((await login.archives.debug())["spr"])
        assert any(address.endswith("/udp/8093") for address in record.addrs), record.addrs
        assert logging.getLogger("codex").level == logging.WARNING


async def test_a_configuration_that_makes_no_sense(world):
    async with real(world, "p").login(world.FakeHost(), enable=False) as login:
        before = login.session.node_config["CodexConfig"]
        for overrides, expected in (
            ({"CodexNodeConfig.BlockTtl": "soon"}, "soon"),
            ({"CodexNodeConfig.LogLevel": "loud"}, "LogLevel: 'loud'"),
            ({"CodexNodeConfig.ListenAddrs": "nowhere"}, "nowhere"),
            ({"CodexNodeConfig.DataDir": ""}, "DataDir"),
        ):
            with pytest.raises(ServiceError, match=expected):
                await login.archives.enable(overrides)
        assert login.session.node_config["CodexConfig"] == before


def fields(**kw):
    return {**defaults()["CodexConfig"]["CodexNodeConfig"], "DataDir": "/data", "BlockTtl": "30d", **kw}


async def test_fields_of_the_node_configuration():
    config = codex_config(
        fields(DiscoveryPort=8091, BootstrapNodes=["spr:x"], BlockRetries=5, Nat="none", MaxPeers=9, BlockTtl="1h30m"),
        "127.0.0.1",
    )
    assert str(config.data_dir) == "/data" and config.listen_addrs == ["/ip4/127.0.0.1/tcp/0"]
    assert (config.disc_port, config.bootstrap_nodes, config.block_retries) == (8091, ["spr:x"], 5)
    assert (config.nat, config.max_peers, config.block_ttl) == ("none", 9, 5400)
    elsewhere = ["/ip4/10.0.0.1/tcp/7"]
    assert codex_config(fields(ListenAddrs=elsewhere), "127.0.0.1").listen_addrs == elsewhere


async def test_listen_address():
    assert listen_address("127.0.0.1") == listen_address("localhost") == "/ip4/127.0.0.1/tcp/0"
    assert listen_address("") == listen_address("0.0.0.0") == "/ip4/0.0.0.0/tcp/0"
    assert listen_address("::1") == "/ip6/::1/tcp/0"
