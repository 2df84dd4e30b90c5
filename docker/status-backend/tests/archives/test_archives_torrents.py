"""The original's ArchiveManager with torrents: dialects, preference, an owner with a member, coming back."""

from __future__ import annotations

import pytest
from in_process import call

from status_backend.archives import dialect
from status_backend.archives.torrent_link import MagnetLink

pytestmark = pytest.mark.anyio

ENABLE = "enableCommunityHistoryArchiveProtocol"
NOT_FOUND = -32601
# As recorded, see contract/two-nodes-torrent-archive.jsonl.
OWNER = ["creatingHistoryArchives", "historyArchivesCreated", "historyArchivesSeeding"]
MEMBER = [
    "downloadingHistoryArchivesStarted",
    "historyArchiveDownloaded",
    "historyArchivesSeeding",
    "importingHistoryArchiveMessages",
    "downloadingHistoryArchivesFinished",
]


@pytest.fixture
def speak(monkeypatch):
    return lambda name: monkeypatch.setenv(dialect.VARIABLE, name)


async def tick(owner, world, kind: str = "torrent") -> None:
    """As when the archive interval has passed."""
    await owner.archives._running[kind].owner.tick(world.COMMUNITY)


async def round_of(alice, bob, world, number: int) -> None:
    """One archive more, made by one and imported by the other."""
    world.store_message(alice.db, f"round {number}", 1000 * number)
    await tick(alice, world)
    await bob.signals.until("downloadingHistoryArchivesFinished", number)


class TestDialect:
    async def test_torrent_knows_only_what_there_was(self, world, speak):
        speak("torrent")
        async with world.profile("p").login(world.FakeHost(), enable=False) as login:
            for method, params in {
                "getMessageArchiveInterval": [],
                "hasCommunityArchive": [world.COMMUNITY],
                "getDownloadedMessageArchiveIDs": [world.COMMUNITY],
                "getArchiveDistributionPreference": [],
                "enableCodexCommunityHistoryArchiveProtocol": [],
                "enableLogosStorageCommunityHistoryArchiveProtocol": [],
                "debug": [],
            }.items():
                assert (await call(login.archives, method, *params))[0] == NOT_FOUND, method
            for method in (ENABLE, ENABLE, "speedupArchivesImport", "slowdownArchivesImport"):
                assert await call(login.archives, method) is None
            assert login.session.node_config["TorrentConfig"]["Enabled"] is True
            disable = "disableCommunityHistoryArchiveProtocol"
            assert [await call(login.archives, disable) for _ in "12"] == [None, None]
            await login.signals.until("historyArchivesProtocolDisabled")
            assert login.signals.types == ["historyArchivesProtocolEnabled", "historyArchivesProtocolDisabled"]
            assert login.session.node_config["TorrentConfig"]["Enabled"] is False

    async def test_logos_storage_has_one_kind_at_a_time(self, world, speak):
        speak("logos-storage")
        storage = "enableLogosStorageCommunityHistoryArchiveProtocol"
        text = "cannot enable {} archive distribution when {} archive distribution is already enabled"
        async with world.profile("p").login(world.FakeHost(), enable=False) as login:
            assert await call(login.archives, ENABLE) is None
            assert await call(login.archives, storage) == (-32000, text.format("LogosStorage", "Torrent"))
            assert await call(login.archives, "disableCommunityHistoryArchiveProtocol") is None
            assert await call(login.archives, storage) is None
            assert await call(login.archives, ENABLE) == (-32000, text.format("Torrent", "LogosStorage"))


class TestTwoNodes:
    async def test_from_a_message_to_its_import(self, world, speak):
        speak("torrent")
        control = world.FakeHost(control_node=True)
        owner, member = world.profile("owner", kind="torrent"), world.profile("member", kind="torrent")
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_magnet_link
            for number in (1, 2):
                await round_of(alice, bob, world, number)
                assert len(bob.archives.downloaded_ids(world.COMMUNITY)) == number
                assert bob.archives.ids_to_import(world.COMMUNITY) == []
            assert [m.payload.decode() for m in bob.host.imported] == ["round 1", "round 2"]
            enabled, unseeded = ["historyArchivesProtocolEnabled"], ["historyArchivesUnseeded"]
            assert alice.signals.types == [*enabled, *OWNER, *unseeded, *OWNER]
            assert bob.signals.types == [*enabled, *MEMBER, *unseeded, *MEMBER]
            of = {"communityId": world.COMMUNITY}
            assert all(event == of for kind, event in bob.signals.seen if kind.endswith(("Seeding", "Unseeded")))
            link = MagnetLink.parse(alice.archives.last_magnet_link(world.COMMUNITY))
            assert link.info_hash == MagnetLink.parse(bob.archives.last_magnet_link(world.COMMUNITY)).info_hash
            assert alice.archives.last_index_cid(world.COMMUNITY) is None
            assert alice.archives.magnet_link_clock(world.COMMUNITY) == control.announced[-1][1]

    async def test_a_later_generation_tells_which_kind(self, world):
        """It also says when the community has an archive, and has no signal for the index of a torrent."""
        control = world.FakeHost(control_node=True)
        owner, member = world.profile("owner", kind="torrent"), world.profile("member", kind="torrent")
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_magnet_link
            await round_of(alice, bob, world, 1)
            flags = {"communityId": world.COMMUNITY, "magnetLink": True, "indexCid": False}
            for login in (alice, bob):
                assert await login.signals.until("historyArchivesSeeding") == flags
                assert await call(login.archives, "hasCommunityArchive", world.COMMUNITY) is True
            assert bob.signals.types[1:] == MEMBER
            assert len(await call(bob.archives, "getDownloadedMessageArchiveIDs", world.COMMUNITY)) == 1

    async def test_coming_back(self, world, speak):
        """Both log out and in again: a new member gets from either what there was, without a new archive."""
        speak("torrent")
        control = world.FakeHost(control_node=True)
        owner, member = world.profile("owner", kind="torrent"), world.profile("member", kind="torrent")
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_magnet_link
            await round_of(alice, bob, world, 1)
        for name in ("owner", "member"):
            host = world.FakeHost(control_node=name == "owner")
            async with (
                (owner if name == "owner" else member).login(host, enable=False) as back,
                world.profile(f"late for the {name}", kind="torrent").login(world.FakeHost()) as late,
            ):
                link = back.archives.last_magnet_link(world.COMMUNITY)
                await late.archives.on_magnet_link(world.COMMUNITY, link, 1)
                await late.signals.until("downloadingHistoryArchivesFinished")
                assert [m.payload for m in late.host.imported] == [b"round 1"]
                assert not back.host.imported and "historyArchivesUnseeded" not in back.signals.types

    async def test_the_same_torrent_at_another_address_is_nothing_new(self, world, speak):
        speak("torrent")
        control = world.FakeHost(control_node=True)
        owner, member = world.profile("owner", kind="torrent"), world.profile("member", kind="torrent")
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_magnet_link
            await round_of(alice, bob, world, 1)
            link = MagnetLink.parse(alice.archives.last_magnet_link(world.COMMUNITY))
            seen = list(bob.signals.types)
            later = alice.archives.magnet_link_clock(world.COMMUNITY) + 1
            await bob.archives.on_magnet_link(world.COMMUNITY, str(link.at((("127.0.0.1", 1),))), later)
            assert bob.archives.magnet_link_clock(world.COMMUNITY) == later and bob.signals.types == seen
            await bob.archives.on_magnet_link(world.COMMUNITY, "magnet:?xt=urn:btih:" + "cd" * 20, 1)  # outdated
            await bob.archives.on_index_cid(world.COMMUNITY, "zDvIndex", later + 1)  # not of this dialect
            assert bob.signals.types == seen

    async def test_leaving_ends_seeding(self, world, speak):
        speak("torrent")
        control = world.FakeHost(control_node=True)
        owner, member = world.profile("owner", kind="torrent"), world.profile("member", kind="torrent")
        async with owner.login(control) as alice, member.login(world.FakeHost()) as bob:
            control.on_announcement = bob.archives.on_magnet_link
            await round_of(alice, bob, world, 1)
            await bob.archives.community_left(world.COMMUNITY)
            assert await bob.signals.until("historyArchivesUnseeded") == {"communityId": world.COMMUNITY}


class TestPreference:
    """In the Codex dialect, with both kinds enabled."""

    async def test_the_owner_distributes_by_it(self, world):
        control = world.FakeHost(control_node=True)
        async with world.profile("owner", kind="torrent").login(control) as login:
            await login.archives.enable()
            links = []
            for number, preference in enumerate(("torrent", "codex", "torrent"), start=1):
                assert await call(login.archives, "setArchiveDistributionPreference", {"preference": preference})
                assert await call(login.archives, "getArchiveDistributionPreference") == preference
                world.store_message(login.db, f"round {number}", 1000 * number)
                await tick(login, world, preference)
                flags = await login.signals.until("historyArchivesSeeding", number)
                assert [running.owner._loops.keys() for running in login.archives._running.values()] == [
                    {world.COMMUNITY} if kind == preference else set() for kind in ("codex", "torrent")
                ]
                assert flags["magnetLink"] is (preference == "torrent") is not flags["indexCid"]
                links.append(control.announced[-1][0].partition(":")[0][:3])
            assert links == ["mag", "zDv", "mag"]
            assert login.archives.last_index_cid(world.COMMUNITY) and login.archives.last_magnet_link(world.COMMUNITY)

    @pytest.mark.parametrize("preference", ["codex", "torrent", None])
    async def test_the_member_heeds_it(self, world, preference):
        """Without one it is the announcement with the later clock that counts."""
        async with world.profile("owner", kind="torrent").login(world.FakeHost(control_node=True)) as alice:
            world.store_message(alice.db, "by torrent", 1000)
            await tick(alice, world)
            member = world.profile("member", kind="torrent")
            cid, _ = await world.index_of(member.codex, (2000, 2010))
            async with member.login(world.FakeHost()) as bob:
                await bob.archives.enable()
                if preference:
                    await bob.archives.prefer(preference)
                link = alice.archives.last_magnet_link(world.COMMUNITY)
                clocks = {"codex": (1, 2), "torrent": (2, 1), None: (2, 1)}[preference]
                await bob.archives.on_magnet_link(world.COMMUNITY, link, clocks[1])
                await bob.archives.on_index_cid(world.COMMUNITY, cid, clocks[0])
                await bob.signals.until("downloadingHistoryArchivesFinished")
                expected = b"by torrent" if preference == "torrent" else b"said at 2000"
                assert expected in [m.payload for m in bob.host.imported]
                if preference:
                    assert [m.payload for m in bob.host.imported] == [expected]

    async def test_of_a_kind_that_is_not_enabled(self, world):
        """Nothing is made and nothing fetched, until it is enabled."""
        control = world.FakeHost(control_node=True)
        async with world.profile("owner", kind="torrent").login(control) as login:
            await login.archives.prefer("codex")
            world.store_message(login.db, "said", 1000)
            login.archives.change_interval(0.05)
            await login.archives.enable()
            assert (await login.signals.until("historyArchivesSeeding"))["indexCid"] is True
            assert login.archives.last_magnet_link(world.COMMUNITY) is None
