"""Enabling, disabling, logging in again, RPC; and an owner with a member together."""

from __future__ import annotations

import pytest
from in_process import call

from status_backend.archives import dialect
from status_backend.rpc import ServiceError

pytestmark = pytest.mark.anyio


class TestEnabling:
    async def test_enable_signals_once_and_survives_a_login(self, world):
        profile = world.profile("p")
        async with profile.login(world.FakeHost(), enable=False) as login:
            assert not profile.codex.running
            enable = "enableCodexCommunityHistoryArchiveProtocol"
            assert await call(login.archives, enable, {"CodexNodeConfig.DiscoveryPort": "8091"}) is None
            assert await call(login.archives, enable, {"CodexNodeConfig.DiscoveryPort": "9999"}) is None
            await login.signals.until("historyArchivesProtocolEnabled")
            assert login.signals.types == ["historyArchivesProtocolEnabled"]
            assert profile.codex.running
        assert not profile.codex.running
        async with profile.login(world.FakeHost(), enable=False) as login:
            assert profile.codex.running
            config = login.session.node_config["CodexConfig"]
            assert config["Enabled"] is True and config["CodexNodeConfig"]["DiscoveryPort"] == 8091

    async def test_disable(self, world):
        profile = world.profile("p")
        async with profile.login(world.FakeHost()) as login:
            assert await call(login.archives, "disableCommunityHistoryArchiveProtocol") is None
            await login.signals.until("historyArchivesProtocolDisabled")
            assert not profile.codex.running
            assert await call(login.archives, "disableCommunityHistoryArchiveProtocol") is None
            code, text = await call(login.archives, "debug")
            assert (code, text) == (-32000, "the storage node is not running: history archives are not enabled")
        async with profile.login(world.FakeHost(), enable=False) as login:
            assert not profile.codex.running

    @pytest.mark.parametrize(
        "overrides, expected",
        [
            ({"CodexNodeConfig.Nonsense": "1"}, "unknown field 'Nonsense'"),
            ({"CodexNodeConfig.DiscoveryPort": "many"}, "DiscoveryPort"),
        ],
    )
    async def test_overrides_that_make_no_sense_change_nothing(self, world, overrides, expected):
        profile = world.profile("p")
        async with profile.login(world.FakeHost(), enable=False) as login:
            before = login.session.node_config["CodexConfig"]
            code, text = await call(login.archives, "enableCodexCommunityHistoryArchiveProtocol", overrides)
            assert code == -32000 and expected in text
            assert login.session.node_config["CodexConfig"] == before and not profile.codex.running

    async def test_override_values_are_texts(self, world):
        async with world.profile("p").login(world.FakeHost(), enable=False) as login:
            enable = "enableCodexCommunityHistoryArchiveProtocol"
            code, text = await call(login.archives, enable, {"CodexNodeConfig.DiscoveryPort": 8091})
            assert code == -32602 and "cannot unmarshal number into Go value of type" in text

    async def test_a_storage_node_that_does_not_start(self, world):
        profile = world.profile("p")

        async def start():
            raise world.FakeCodexError("address already in use")

        async with profile.login(world.FakeHost()):
            pass
        original, profile.codex.start = profile.codex.start, start
        async with profile.login(world.FakeHost(), enable=False) as login:  # the login itself succeeds
            with pytest.raises(ServiceError, match="not running: .*address already in use"):
                await login.archives.debug()
            with pytest.raises(ServiceError, match="address already in use"):
                await login.archives.enable({})
            profile.codex.start = original
            await login.archives.enable({})
            assert await login.archives.debug()

    async def test_preference(self, world):
        profile = world.profile("p")
        async with profile.login(world.FakeHost()) as login:
            assert await call(login.archives, "getArchiveDistributionPreference") == "codex"
            assert await call(login.archives, "setArchiveDistributionPreference", {"preference": "codex"}) == "codex"
            assert await call(login.archives, "setArchiveDistributionPreference", {"preference": "post"}) == (
                -32000,
                "invalid preference, must be one of: torrent, codex",
            )

    async def test_logos_storage_dialect(self, world, monkeypatch):
        monkeypatch.setenv(dialect.VARIABLE, "logos-storage")
        profile = world.profile("p")
        async with profile.login(world.FakeHost(), enable=False) as login:
            enable = "enableLogosStorageCommunityHistoryArchiveProtocol"
            assert await call(login.archives, enable, {"NodeConfig.DiscoveryPort": "8092"}) is None
            assert login.session.node_config["LogosStorageConfig"]["Enabled"] is True
            assert login.session.node_config["CodexConfig"]["Enabled"] is False
            assert (await call(login.archives, "getArchiveDistributionPreference"))[0] == -32601

    async def test_unknown_dialect(self, monkeypatch):
        monkeypatch.setenv(dialect.VARIABLE, "pigeon")
        with pytest.raises(ValueError, match="pigeon.*served are codex, logos-storage"):
            dialect.chosen()


class TestInterval:
    async def test_nanoseconds(self, world):
        async with world.profile("p").login(world.FakeHost()) as login:
            assert await call(login.archives, "getMessageArchiveInterval") == 604800000000000
            assert await call(login.archives, "updateMessageArchiveInterval", 10) == 10_000_000_000
            assert await call(login.archives, "getMessageArchiveInterval") == 10_000_000_000

    async def test_nonsense(self, world):
        async with world.profile("p").login(world.FakeHost()) as login:
            code, text = await call(login.archives, "updateMessageArchiveInterval", 0)
            assert code == -32000 and "must be longer than 0 s" in text
            assert (await call(login.archives, "updateMessageArchiveInterval", "10"))[0] == -32602
            assert await call(login.archives, "getMessageArchiveInterval") == 604800000000000

    async def test_given_at_login(self, world):
        profile = world.profile("p")
        async with profile.login(world.FakeHost(), messageArchiveInterval=60) as login:
            assert login.archives.interval.seconds == 60
            login.archives.change_interval(10)
        async with profile.login(world.FakeHost(), enable=False, messageArchiveInterval=None) as login:
            assert login.archives.interval.seconds == 10  # as long as the process lives
        async with profile.login(world.FakeHost(), enable=False, messageArchiveInterval=60) as login:
            assert login.archives.interval.seconds == 60

    @pytest.mark.parametrize("value", ["10", -1, 0, True])
    async def test_nonsense_at_login(self, world, value):
        login = world.profile("p").open(world.FakeHost(), messageArchiveInterval=value)
        with pytest.raises(ServiceError, match="messageArchiveInterval|longer than 0 s"):
            await login.archives.start()
        await login.archives.stop()
        await login.signals.close()
        login.db.close()


class TestTwoNodes:
    async def test_from_a_message_to_its_import(self, world):
        """The whole way, twice: each round brings the member exactly one more archive."""
        owner, member = world.profile("owner"), world.profile("member")
        member.codex.link(owner.codex)
        control = world.FakeHost(control_node=True)
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_index_cid
            for round_number in (1, 2):
                world.store_message(alice.db, f"round {round_number}", 1000 * round_number)
                alice.archives.change_interval(0.05)
                await alice.signals.until("historyArchivesCreated", round_number)
                alice.archives.change_interval(3600)
                assert await call(alice.archives, "hasCommunityArchive", world.COMMUNITY) is True
                await bob.signals.until("downloadingHistoryArchivesFinished", round_number)
                ids = await call(bob.archives, "getDownloadedMessageArchiveIDs", world.COMMUNITY)
                assert len(ids) == round_number
                assert await call(bob.archives, "getMessageArchiveIDsToImport", world.COMMUNITY) == []
            assert [m.payload.decode() for m in bob.host.imported] == ["round 1", "round 2"]
            assert bob.archives.last_index_cid(world.COMMUNITY) == alice.archives.last_index_cid(world.COMMUNITY)

    async def test_leaving_stops_everything(self, world):
        control = world.FakeHost(control_node=True)
        async with world.profile("owner").login(control) as login:
            world.store_message(login.db, "one", 1000)
            await login.archives.community_left(world.COMMUNITY)
            login.archives.change_interval(0.001)
            assert not login.archives._running["codex"].owner._loops
            assert not await login.archives.has_archive(world.COMMUNITY)
