"""The control node: when archives are made, of what, and what is told about it."""

from __future__ import annotations

import pytest

from status_backend import signal_types
from status_backend.archives.codec import ArchiveIndex, parse_archive
from status_backend.archives.codex_client import CodexClient
from status_backend.archives.codex_distribution import CodexDistribution
from status_backend.archives.dialect import CODEX
from status_backend.archives.interval import ArchiveInterval
from status_backend.archives.owner import ArchiveOwner
from status_backend.archives.store import ArchiveStore

pytestmark = pytest.mark.anyio


class Given:
    """An owner whose clock the test sets, at an interval of 10 s."""

    def __init__(self, world, tmp_path):
        self.world = world
        self.codex = world.FakeCodex()
        self.host = world.FakeHost(control_node=True)
        self.login = world.profile("owner").open(self.host)
        self.db = self.login.db
        self.store = ArchiveStore(self.db)
        self.clock = 1000.0
        client = CodexClient(self.codex, (world.FakeCodexError,), world.FAST)
        self.distribution = CodexDistribution(client, tmp_path / "indexes", world.FAST)
        self.owner = self.make_owner()

    def make_owner(self, **kw):
        return ArchiveOwner(
            self.host,
            self.store,
            self.distribution,
            self.login.session.signals,
            ArchiveInterval(10),
            CODEX.kinds[0],
            clock=lambda: self.clock,
            **kw,
        )

    def say(self, text, at):
        self.world.store_message(self.db, text, at)

    async def tick(self, at):
        self.clock = at
        await self.owner.tick(self.world.COMMUNITY)

    @property
    def info(self):
        return self.store.info(self.world.COMMUNITY)

    def archives(self):
        """(from, to, texts) of every archive in the last index, oldest first."""
        index = ArchiveIndex.parse(self.codex.stored[self.info.last_link])
        archives = [parse_archive(self.codex.stored[entry.location]) for entry in reversed(index.newest_first())]
        return [
            (getattr(a.metadata, "from"), a.metadata.to, [m.payload.decode() for m in a.messages]) for a in archives
        ]

    async def signals(self):
        """Those of the archives so far."""
        self.login.session.signals.emit("mark")
        await self.login.signals.until("mark", self.login.signals.types.count("mark") + 1)
        return [s for s in self.login.signals.seen if s[0] != "mark"]


@pytest.fixture
async def given(world, tmp_path):
    given = Given(world, tmp_path)
    yield given
    await given.owner.close()
    await given.login.signals.close()
    given.db.close()


async def test_without_messages_nothing_is_made_or_said(given):
    await given.tick(1010)
    assert await given.signals() == [] and not given.codex.calls and not given.host.announced
    assert given.host.republished == 1 and given.info.last_message_archive_end_date == 0


async def test_the_first_archive_begins_with_the_oldest_message(given, world):
    given.say("one", 1002)
    given.say("two", 1009)
    await given.tick(1010.7)
    community = {"communityId": world.COMMUNITY}
    assert await given.signals() == [
        ("creatingHistoryArchives", community),
        ("historyArchivesCreated", {**community, "from": 1002, "to": 1010}),
        ("historyArchivesSeeding", {**community, "magnetLink": False, "indexCid": True}),
    ]
    assert given.archives() == [(1002, 1010, ["one", "two"])]
    assert given.host.announced == [(given.info.last_link, 1010700)]
    assert given.info.link_clock == 1010700 and given.info.last_message_archive_end_date == 1010


async def test_has_archive_is_true_before_the_created_signal(given, world):
    given.say("one", 1002)
    known = []
    hub = given.login.session.signals
    emit = hub.emit
    hub.emit = lambda kind, event=None: (known.append((kind, bool(given.info.index_link))), emit(kind, event))
    await given.tick(1010)
    assert (signal_types.HISTORY_ARCHIVES_CREATED, True) in known


async def test_each_round_adds_one_archive_to_the_index(given):
    given.say("one", 1002)
    await given.tick(1010)
    first = given.info.last_link
    given.say("two", 1013)
    given.say("three", 1019)
    await given.tick(1020)
    assert given.archives() == [(1002, 1010, ["one"]), (1010, 1020, ["two", "three"])]
    assert [cid for cid, _ in given.host.announced] == [first, given.info.last_link]


async def test_a_quiet_round_makes_none_and_announces_the_last_index_again(given, world):
    given.say("one", 1002)
    await given.tick(1010)
    cid = given.info.last_link
    before = len(await given.signals())
    await given.tick(1020)
    assert (await given.signals())[before:] == [
        ("creatingHistoryArchives", {"communityId": world.COMMUNITY}),
        ("noHistoryArchivesCreated", {"communityId": world.COMMUNITY, "from": 1010, "to": 1020}),
    ]
    assert given.host.announced == [(cid, 1010000), (cid, 1020000)]
    assert given.info.last_message_archive_end_date == 1020


async def test_a_message_of_this_second_waits_for_the_next_archive(given):
    given.say("now", 1010)
    await given.tick(1010.9)
    assert not given.info.last_link
    await given.tick(1020)
    assert given.archives() == [(1010, 1020, ["now"])]


async def test_a_message_that_comes_after_the_archive_of_its_time_is_not_lost(given):
    given.say("one", 1002)
    await given.tick(1010)
    given.say("late", 1009)
    given.say("two", 1012)
    await given.tick(1020)
    assert given.archives() == [(1002, 1010, ["one"]), (1009, 1020, ["late", "two"])]


async def test_a_storage_failure_loses_nothing(given, world):
    given.say("one", 1002)
    upload = given.codex.upload

    async def full(*args, **kw):
        raise world.FakeCodexError("Unable to store block")

    given.codex.upload = full
    await given.tick(1010)
    assert not given.info.last_link and given.info.last_message_archive_end_date == 0
    given.codex.upload = upload
    await given.tick(1020)
    assert [texts for _, _, texts in given.archives()] == [["one"]]


async def test_a_failed_announcement_is_made_up_for_at_the_next_tick(given, world):
    given.say("one", 1002)

    async def offline(*args):
        raise ConnectionError("no relay node")

    given.host.on_announcement = offline
    given.clock = 1010
    await given.owner._attempt(world.COMMUNITY, given.owner.tick)
    given.host.on_announcement = None
    await given.tick(1020)
    assert given.host.announced[-1] == (given.info.last_link, 1020000)


async def test_a_lost_index_is_made_again_with_everything(given, world):
    given.say("one", 1002)
    await given.tick(1010)
    given.codex.stored.clear()
    given.distribution._timings = world.FAST.__class__(index_timeout=0.02)
    given.say("two", 1012)
    await given.tick(1020)
    assert not given.info.last_link
    await given.tick(1030)
    assert [text for _, _, texts in given.archives() for text in texts] == ["one", "two"]


async def test_messages_too_large_are_left_out_once_and_for_all(given, world):
    given.owner = given.make_owner(max_archive_size=200)
    given.say("x" * 500, 1002)
    await given.tick(1010)
    assert [kind for kind, _ in await given.signals()] == ["creatingHistoryArchives", "noHistoryArchivesCreated"]
    given.say("small", 1012)
    await given.tick(1020)
    assert given.archives() == [(1010, 1020, ["small"])]


class TestLoop:
    """When the ticks come: `InitHistoryArchiveTasks`."""

    @pytest.fixture
    async def login(self, world):
        """Real time, with an interval that never passes by itself."""
        host = world.FakeHost(control_node=True)
        profile = world.profile("loop")
        async with profile.login(host) as login:
            login.profile = profile
            yield login

    async def test_a_change_of_the_interval_reaches_running_loops(self, world, login):
        world.store_message(login.db, "one", 1000)
        login.archives.change_interval(0.01)
        await login.signals.until("historyArchivesCreated")

    async def test_a_created_community_gets_a_loop(self, world):
        host = world.FakeHost(control_node=True, support=False)
        async with world.profile("created").login(host) as login:
            world.store_message(login.db, "one", 1000)
            login.archives.change_interval(0.01)
            host.support = True
            await login.archives.community_created(world.COMMUNITY)
            await login.signals.until("historyArchivesCreated")

    async def test_an_old_archive_makes_for_a_tick_at_once(self, world, login):
        await self.relogin(world, login.profile, end_date=1000)

    async def test_a_young_archive_makes_for_a_tick_after_the_rest_of_the_interval(self, world):
        owner = Given(world, world.profile("young").directory)
        delays = []

        async def note(community_id, delay, changes):
            delays.append(delay)

        owner.owner._run = note
        owner.store.archived(world.COMMUNITY, [], 993)
        owner.owner.start(world.COMMUNITY)
        await owner.owner._loops[world.COMMUNITY]
        assert delays == [3]
        await owner.login.signals.close()

    async def relogin(self, world, profile, end_date):
        setup = profile.open(world.FakeHost(control_node=True))
        ArchiveStore(setup.db).archived(world.COMMUNITY, [], end_date)
        world.store_message(setup.db, "one", end_date)
        setup.db.close()
        await setup.signals.close()
        async with profile.login(world.FakeHost(control_node=True)) as login:
            await login.signals.until("historyArchivesCreated")
