"""The member: from an announcement to imported messages, whatever comes in between. Also the original's
CodexArchiveManagerSuite and MockCodexArchiveManagerSuite."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from status_backend.archives.store import ArchiveStore

pytestmark = pytest.mark.anyio

WHOLE_STORY = [
    "manifestFetched",
    "indexDownloadCompleted",
    "downloadingHistoryArchivesStarted",
    "historyArchiveDownloaded",
    "historyArchivesSeeding",
    "importingHistoryArchiveMessages",
    "downloadingHistoryArchivesFinished",
]


@pytest.fixture
def owner(world):
    """The node that has the archives."""
    return world.FakeCodex()


@pytest.fixture
def profile(world, owner):
    """The member's, whose storage node is connected to the owner's."""
    profile = world.profile("member")
    profile.codex.link(owner)
    return profile


@pytest.fixture
def session(world, profile):
    @asynccontextmanager
    async def login(host=None, **options):
        async with profile.login(host or world.FakeHost(), **options) as login:
            login.announce = lambda cid, clock=1: login.archives.on_index_cid(world.COMMUNITY, cid, clock)
            login.downloaded = lambda: login.archives.downloaded_ids(world.COMMUNITY)
            login.to_import = lambda: login.archives.ids_to_import(world.COMMUNITY)
            yield login

    return login


def archive_signals(login):
    return [kind for kind in login.signals.types if kind != "historyArchivesProtocolEnabled"]


class TestCodexArchiveManagerSuite:
    async def test_downloading_archives_from_codex(self, world, owner, profile, session):
        cid, index = await world.index_of(owner, (1000, 2000), (2000, 3000), (3000, 4000))
        async with session() as login:
            await login.announce(cid)
            await login.signals.until("downloadingHistoryArchivesFinished")
            started = archive_signals(login).index("downloadingHistoryArchivesStarted")
            assert archive_signals(login)[started : started + 4] == [
                "downloadingHistoryArchivesStarted",
                *["historyArchiveDownloaded"] * 3,
            ]
            assert set(login.downloaded()) == set(index.entries) and not login.to_import()
            assert [m.payload.decode() for m in login.host.imported] == [f"said at {t}" for t in (1000, 2000, 3000)]
            spans = {(e["from"], e["to"]) for kind, e in login.signals.seen if kind == "historyArchiveDownloaded"}
            assert spans == {(1000, 2000), (2000, 3000), (3000, 4000)}
            assert profile.codex.stored[cid] == index.to_bytes()

    async def test_the_documented_order(self, world, owner, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        async with session() as login:
            await login.announce(cid)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY
            assert all(e["communityId"] == world.COMMUNITY for kind, e in login.signals.seen if kind in WHOLE_STORY)

    async def test_an_index_of_which_everything_is_here(self, world, owner, session):
        cid, index = await world.index_of(owner, (1000, 2000))
        async with session() as login:
            await login.announce(cid)
            await login.signals.until("downloadingHistoryArchivesFinished")
            again = await owner.upload(index.to_bytes(), "the same under another name")
            before = len(archive_signals(login))
            await login.announce(again, 2)
            await login.signals.until("downloadingHistoryArchivesFinished", 2)
            assert archive_signals(login)[before:] == [
                "manifestFetched",
                "indexDownloadCompleted",
                "historyArchivesSeeding",
                "downloadingHistoryArchivesFinished",
            ]


class TestMockCodexArchiveManagerSuite:
    """Cancelled, here by logging out, at each stage; and what the next login makes of it."""

    async def test_cancellation_before_the_index(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        hold = profile.codex.held["manifest", cid] = asyncio.Event()
        async with session() as login:
            await login.announce(cid)
            await profile.codex.until_called("manifest", cid)
        assert archive_signals(login) == []
        hold.set()
        async with session(enable=False) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY

    async def test_cancellation_during_the_index(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        hold = profile.codex.held["piece", cid] = asyncio.Event()
        async with session() as login:
            await login.announce(cid)
            await profile.codex.until_called("piece", cid)
            assert not await login.archives.has_archive(world.COMMUNITY)
        assert archive_signals(login) == ["manifestFetched"]
        hold.set()
        async with session(enable=False) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY

    async def test_cancellation_during_the_archives(self, world, owner, profile, session):
        cid, index = await world.index_of(owner, (1000, 2000), (2000, 3000), (3000, 4000))
        good = next(entry for entry in index.entries.values() if entry.start == 2000)
        holds = [
            profile.codex.held.setdefault(("fetch", entry.location), asyncio.Event())
            for entry in index.entries.values()
            if entry is not good
        ]
        async with session() as login:
            await login.announce(cid)
            await login.signals.until("historyArchiveDownloaded")
            assert await login.archives.has_archive(world.COMMUNITY)
            assert login.downloaded() == [good.id]
        assert archive_signals(login).count("historyArchiveDownloaded") == 1
        assert "historyArchivesSeeding" not in archive_signals(login)
        for hold in holds:
            hold.set()
        async with session(enable=False) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login).count("historyArchiveDownloaded") == 2
            assert set(login.downloaded()) == set(index.entries)


class TestAnnouncements:
    async def test_a_stale_clock_is_ignored(self, world, owner, session):
        old, _ = await world.index_of(owner, (1000, 2000))
        new, _ = await world.index_of(owner, (1000, 2000), (2000, 3000))
        async with session() as login:
            await login.announce(new, 20)
            await login.signals.until("downloadingHistoryArchivesFinished")
            await login.announce(old, 10)
            login.archives.on_description_clock(world.COMMUNITY, 15)
            assert login.archives.index_cid_clock(world.COMMUNITY) == 20
            assert not login.session.db.one("SELECT 1 FROM communities_archive_info WHERE pending_link != ''")

    async def test_a_description_raises_the_clock(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        async with session() as login:
            login.archives.on_description_clock(world.COMMUNITY, 15)
            await login.announce(cid, 14)
            assert not profile.codex.calls
            await login.announce(cid, 15)
            await login.signals.until("downloadingHistoryArchivesFinished")

    async def test_the_same_index_again_does_not_disturb_its_download(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        hold = profile.codex.held["piece", cid] = asyncio.Event()
        async with session() as login:
            await login.announce(cid, 1)
            await profile.codex.until_called("piece", cid)
            await login.announce(cid, 2)
            hold.set()
            await login.signals.until("downloadingHistoryArchivesFinished")
            await login.announce(cid, 3)
            assert archive_signals(login) == WHOLE_STORY
            assert profile.codex.calls.count(("manifest", cid)) == 1

    async def test_a_newer_index_supersedes_the_one_being_downloaded(self, world, owner, profile, session):
        old, _ = await world.index_of(owner, (1000, 2000))
        new, index = await world.index_of(owner, (1000, 2000), (2000, 3000))
        profile.codex.held["piece", old] = asyncio.Event()
        async with session() as login:
            await login.announce(old, 1)
            await profile.codex.until_called("piece", old)
            await login.announce(new, 2)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login).count("historyArchivesSeeding") == 1
            assert set(login.downloaded()) == set(index.entries)

    @pytest.mark.parametrize("reason", ["joined", "support"])
    async def test_what_cannot_be_used_yet_is_used_later(self, world, owner, profile, session, reason):
        cid, _ = await world.index_of(owner, (1000, 2000))
        host = world.FakeHost(**{reason: False})
        async with session(host) as login:
            await login.announce(cid)
            assert not profile.codex.calls
            setattr(host, reason, True)
            take_up = login.archives.community_joined if reason == "joined" else login.archives.settings_changed
            await take_up(world.COMMUNITY)
            await login.signals.until("downloadingHistoryArchivesFinished")

    async def test_announced_before_archives_are_enabled(self, world, owner, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        async with session(enable=False) as login:
            await login.announce(cid)
            await login.archives.enable({})
            await login.signals.until("downloadingHistoryArchivesFinished")

    async def test_a_control_node_does_not_download(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        async with session(world.FakeHost(control_node=True)) as login:
            await login.announce(cid)
            assert not profile.codex.calls

    async def test_an_index_that_is_none_is_dropped(self, world, owner, session):
        bad = await owner.upload(b"\xff\xff\xff")
        good, _ = await world.index_of(owner, (1000, 2000))
        async with session() as login:
            await login.announce(bad, 1)
            await login.signals.until("manifestFetched")
            await login.announce(good, 2)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert login.signals.types.count("indexDownloadCompleted") == 1


async def test_an_index_announced_meanwhile_stays_pending(world):
    login = world.profile("p").open(world.FakeHost())
    store = ArchiveStore(login.db)
    store.announced(world.COMMUNITY, "zDvNew", 2)
    store.all_downloaded(world.COMMUNITY, "zDvOld")
    assert store.pending() == {world.COMMUNITY: "zDvNew"}
    store.all_downloaded(world.COMMUNITY, "zDvNew")
    assert store.pending() == {} and store.info(world.COMMUNITY).last_link == "zDvNew"
    await login.signals.close()
    login.db.close()


class TestPatience:
    async def test_pending_until_somebody_connected_has_it(self, world, owner):
        cid, _ = await world.index_of(owner, (1000, 2000))
        profile = world.profile("alone", timings=replace(world.FAST, index_timeout=0.02))
        async with profile.login(world.FakeHost()) as login:
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
            async with asyncio.timeout(world.DEADLINE):
                while profile.codex.calls.count(("manifest", cid)) < 3:  # attempts
                    profile.codex.called.clear()
                    await profile.codex.called.wait()
            assert archive_signals(login) == []
            profile.codex.link(owner)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY

    async def test_connecting_ends_the_wait_for_another_attempt(self, world, owner):
        cid, _ = await world.index_of(owner, (1000, 2000))
        never = replace(world.FAST, index_timeout=0.01, first_retry_after=3600)
        profile = world.profile("waiting", timings=never)
        profile.codex.reachable["16Uiu2"] = owner
        async with profile.login(world.FakeHost()) as login:
            profile.codex.faults["manifest", cid] = world.FakeCodexError("Error retries exhausted")
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
            await profile.codex.until_called("manifest", cid)
            profile.codex.faults.clear()
            await login.archives.connect("16Uiu2", [])
            await login.signals.until("downloadingHistoryArchivesFinished")

    async def test_an_archive_that_stalls_is_tried_again(self, world, owner):
        cid, index = await world.index_of(owner, (1000, 2000))
        (entry,) = index.entries.values()
        profile = world.profile("stalled", timings=replace(world.FAST, archives_timeout=0.05))
        profile.codex.link(owner)
        profile.codex.stalled.add(entry.location)
        async with profile.login(world.FakeHost()) as login:
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
            async with asyncio.timeout(world.DEADLINE):
                while profile.codex.calls.count(("fetch", entry.location)) < 2:
                    profile.codex.called.clear()
                    await profile.codex.called.wait()
            assert not login.archives.downloaded_ids(world.COMMUNITY)
            profile.codex.stalled.clear()
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY  # each step is told once, however many attempts it took


class TestImport:
    async def test_the_gate_opens_after_the_initial_delay(self, world, owner, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        async with session(importInitialDelay=3600) as login:
            await login.announce(cid)
            await login.signals.until("historyArchivesSeeding")
            assert len(login.to_import()) == 1
            assert archive_signals(login)[-1] == "historyArchivesSeeding" and not login.host.imported
        async with session(enable=False, importInitialDelay=0) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert archive_signals(login) == WHOLE_STORY[-2:] and not login.to_import()
            assert len(login.host.imported) == 1

    async def test_an_interrupted_import_begins_again(self, world, owner, profile, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        host, reached = world.FakeHost(), asyncio.Event()

        async def stuck():
            reached.set()
            await asyncio.Event().wait()

        host.before_import = stuck
        async with session(host) as login:
            await login.announce(cid)
            async with asyncio.timeout(world.DEADLINE):
                await reached.wait()
        async with session(enable=False) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert [m.payload for m in login.host.imported] == [b"said at 1000"]

    async def test_an_import_goes_on_while_a_newer_index_is_downloaded(self, world, owner, session):
        first, _ = await world.index_of(owner, (1000, 2000))
        second, _ = await world.index_of(owner, (1000, 2000), (2000, 3000))
        host, reached, go_on = world.FakeHost(), asyncio.Event(), asyncio.Event()

        async def slow():
            reached.set()
            await go_on.wait()

        host.before_import = slow
        async with session(host) as login:
            await login.announce(first, 1)
            async with asyncio.timeout(world.DEADLINE):
                await reached.wait()
            await login.announce(second, 2)
            await login.signals.until("historyArchivesSeeding", 2)
            go_on.set()
            await login.signals.until("downloadingHistoryArchivesFinished", 2)
            assert not login.to_import()
            assert [m.payload for m in host.imported] == [b"said at 1000", b"said at 2000"]

    async def test_a_lost_archive_does_not_stop_the_others(self, world, owner, profile, session):
        cid, index = await world.index_of(owner, (1000, 2000), (2000, 3000))
        lost = next(entry for entry in index.entries.values() if entry.start == 1000)
        async with session(importInitialDelay=3600) as login:
            await login.announce(cid)
            await login.signals.until("historyArchivesSeeding")
        del profile.codex.stored[lost.location]
        async with session(enable=False, importInitialDelay=0) as login:
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert [m.payload for m in login.host.imported] == [b"said at 2000"]
            assert login.to_import() == [lost.id]

    async def test_a_channel_that_is_described_later(self, world, owner, session):
        cid, _ = await world.index_of(owner, (1000, 2000))
        host = world.FakeHost()
        host.topics = []
        async with session(host) as login:
            await login.announce(cid)
            await login.signals.until("importingHistoryArchiveMessages")
            login.archives.on_description_clock(world.COMMUNITY, 2)  # of another channel
            assert not host.imported
            host.topics = [world.TOPIC]
            login.archives.on_description_clock(world.COMMUNITY, 3)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert len(host.imported) == 1

    async def test_a_channel_that_is_gone(self, world, owner):
        cid, _ = await world.index_of(owner, (1000, 2000))
        profile = world.profile("gone", timings=replace(world.FAST, description_timeout=0.01))
        profile.codex.link(owner)
        host = world.FakeHost()
        host.topics = []
        async with profile.login(host) as login:
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert login.archives.ids_to_import(world.COMMUNITY) == []

    async def test_speeding_up_takes_effect_at_once(self, world, owner):
        slow = replace(world.FAST, slow_chunks_per_second=0.001, fast_chunks_per_second=1000)
        profile = world.profile("slow", timings=slow)
        profile.codex.link(owner)
        cid, _ = await world.index_of(owner, (1000, 2000), (2000, 3000))
        async with profile.login(world.FakeHost()) as login:
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
            await login.signals.until("importingHistoryArchiveMessages", 2)  # and now waits 1000 s for its turn
            assert len(login.host.imported) == 1
            login.archives.import_fast(True)
            await login.signals.until("downloadingHistoryArchivesFinished")
            assert len(login.host.imported) == 2
