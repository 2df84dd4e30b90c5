"""Killed at any point: the process ends before its n-th access to disk or storage node, for every n, and starts again.

What was committed is there, what was not is rolled back, as after kill -9.
"""

from __future__ import annotations

import asyncio
import shutil
from functools import partial
from pathlib import Path

import pytest

from status_backend.archives.codec import ArchiveIndex, parse_archive

pytestmark = pytest.mark.anyio


class Killed(BaseException):
    """Not an Exception: no handler of the program may survive it."""


class Life:
    """How many accesses are left; with none left every access fails, as nothing runs in a dead process."""

    def __init__(self, accesses: int) -> None:
        self.left = accesses
        self.over = asyncio.Event()

    def access(self) -> None:
        if self.left == 0:
            self.over.set()
            raise Killed
        self.left -= 1

    def limit(self, login, codex) -> None:
        execute, begin = login.db.execute, codex._begin

        def limited_execute(*args):
            self.access()
            return execute(*args)

        async def limited_begin(*args):
            self.access()
            await begin(*args)

        login.db.execute, codex._begin = limited_execute, limited_begin

    async def first(self, *awaited) -> None:
        """Until one of these is done, or life is over."""
        tasks = [asyncio.ensure_future(each) for each in (*awaited, self.over.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def bury(login, codex) -> None:
    await login.archives.stop()
    await login.signals.close()
    login.db.close()
    codex.__dict__.pop("_begin", None)


async def born(world, host) -> Path:
    """The directory of a profile that has enabled archives."""
    profile = world.profile("template")
    async with profile.login(host):
        return profile.directory


def reborn(world, template: Path, name: str):
    profile = world.profile(name)
    shutil.copytree(template, profile.directory, dirs_exist_ok=True)
    return profile


async def member_lives(world, profile, host, cid: str, accesses: int) -> bool:
    """Whether it was finished before it was killed."""
    login = profile.open(host)
    life = Life(accesses)
    await login.archives.start()
    life.limit(login, profile.codex)
    try:
        await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
        await life.first(login.signals.until("downloadingHistoryArchivesFinished"))
    except Killed:
        pass
    await bury(login, profile.codex)
    return not life.over.is_set()


async def test_a_member_killed_at_any_point(world):
    owner = world.FakeCodex()
    cid, index = await world.index_of(owner, (1000, 2000), (2000, 3000))
    template = await born(world, world.FakeHost())
    accesses, finished = 0, False
    while not finished:
        profile, host = reborn(world, template, f"member {accesses}"), world.FakeHost()
        profile.codex.link(owner)
        finished = await member_lives(world, profile, host, cid, accesses)
        async with profile.login(host, enable=False) as login:
            downloaded = partial(login.archives.downloaded_ids, world.COMMUNITY)
            to_import = partial(login.archives.ids_to_import, world.COMMUNITY)
            assert all(index.entries[archive].location in profile.codex.stored for archive in downloaded()), accesses
            await login.archives.on_index_cid(world.COMMUNITY, cid, 1)  # its store node still has it
            rounds = 0  # what was downloaded before is imported at once, the rest in a second round
            while len(downloaded()) < 2 or to_import():
                rounds += 1
                await login.signals.until("downloadingHistoryArchivesFinished", rounds)
            assert set(downloaded()) == set(index.entries), accesses
        assert {m.payload for m in host.imported} == {b"said at 1000", b"said at 2000"}, accesses
        accesses += 1
    assert accesses > 20  # there were that many points


async def test_an_owner_killed_at_any_point(world):
    template = await born(world, world.FakeHost(control_node=True))
    accesses, finished = 0, False
    while not finished:
        profile = reborn(world, template, f"owner {accesses}")
        login = profile.open(world.FakeHost(control_node=True))
        await login.archives.start()
        for number in range(3):
            world.store_message(login.db, f"message {number}", 1000 + number)
        tick = login.archives._running["codex"].owner.tick
        await tick(world.COMMUNITY)
        world.store_message(login.db, "the last one", 2000)
        life = Life(accesses)
        life.limit(login, profile.codex)
        try:
            await tick(world.COMMUNITY)
        except Killed:
            pass
        await bury(login, profile.codex)

        async with profile.login(world.FakeHost(control_node=True), enable=False) as login:
            await login.archives._running["codex"].owner.tick(world.COMMUNITY)
            cid = login.archives.last_index_cid(world.COMMUNITY)
            entries = ArchiveIndex.parse(profile.codex.stored[cid]).entries.values()
            archives = [parse_archive(profile.codex.stored[entry.location]) for entry in entries]
            said = sorted(m.payload.decode() for archive in archives for m in archive.messages)
            assert said == ["message 0", "message 1", "message 2", "the last one"], accesses
        finished = not life.over.is_set()
        accesses += 1
    assert accesses > 10
