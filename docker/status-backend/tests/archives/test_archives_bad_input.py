"""Archives and indexes that are not what they should be: said in the log, no harm done, nothing else lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from status_backend.archives.codec import MAX_STORED_SIZE, make_archives

pytestmark = pytest.mark.anyio


async def index_with(world, owner, *stored: tuple[int, bytes | None, str]) -> tuple[str, list[str]]:
    """An index of archives of ten seconds each, of which this was really stored. Its CID, and those of the archives.

    None: the archive itself. The text is a CID where it is not that of what was stored.
    """
    entries = []
    for start, data, cid in stored:
        (archive,) = make_archives(
            [world.waku_message(f"said at {start}", start)], [world.TOPIC], start, start + 10, 10
        )
        data = archive.SerializeToString() if data is None else data
        entries.append((archive, cid or await owner.upload(data, "archive-data.bin")))
    index = world.ArchiveIndex().extended(entries)
    return await owner.upload(index.to_bytes(), "index-data.bin"), [cid for _, cid in entries]


@pytest.fixture
def owner(world):
    return world.FakeCodex()


async def logged(world, caplog, text: str) -> None:
    """A log line is no event."""
    async with asyncio.timeout(world.DEADLINE):
        while text not in caplog.text:
            await asyncio.sleep(0.01)


async def test_an_archive_that_nobody_has_holds_up_no_other(world, owner, caplog):
    nobodys = "zDvNobodyHasThis"
    cid, (here, _) = await index_with(world, owner, (1000, None, ""), (2000, None, nobodys))
    profile = world.profile("member", timings=replace(world.FAST, trigger_timeout=0.05))
    profile.codex.link(owner)
    async with profile.login(world.FakeHost()) as login:
        await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in login.host.imported] == [b"said at 1000"]
        assert len(login.archives.downloaded_ids(world.COMMUNITY)) == 1
        assert f"cannot fetch the manifest {nobodys}" in caplog.text
        # It is asked for on and on, and when somebody has it after all it is imported as well.
        (archive,) = make_archives([world.waku_message("said at 2000", 2000)], [world.TOPIC], 2000, 2010, 10)
        owner.stored[nobodys] = archive.SerializeToString()
        await login.signals.until("downloadingHistoryArchivesFinished", 2)
        assert [m.payload for m in login.host.imported] == [b"said at 1000", b"said at 2000"]
        assert login.signals.types.count("historyArchivesSeeding") == 1


def other_community(world) -> bytes:
    (archive,) = make_archives([world.waku_message("elsewhere", 5000)], [b"\xff" * 4], 5000, 5010, 10)
    return archive.SerializeToString()


@pytest.mark.parametrize("bad", ["truncated", "garbage", "empty", "another one"])
async def test_an_archive_that_is_none_stops_no_other(world, owner, caplog, bad):
    (whole,) = make_archives([world.waku_message("said at 2000", 2000)], [world.TOPIC], 2000, 2010, 10)
    data = {
        "truncated": whole.SerializeToString()[:-3],
        "garbage": b"\xff" * 100,
        "empty": b"",
        "another one": other_community(world),
    }[bad]
    cid, _ = await index_with(world, owner, (1000, None, ""), (2000, data, ""), (3000, None, ""))
    profile = world.profile("member")
    profile.codex.link(owner)
    async with profile.login(world.FakeHost()) as login:
        await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert sorted(m.payload for m in login.host.imported) == [b"said at 1000", b"said at 3000"]
        assert caplog.text.count("is not imported") == 1
        assert len(login.archives.ids_to_import(world.COMMUNITY)) == 1


async def test_an_archive_that_is_too_large_is_not_fetched(world, owner, caplog):
    cid, (_, large) = await index_with(world, owner, (1000, None, ""), (2000, None, ""))
    profile = world.profile("member")
    profile.codex.link(owner)
    profile.codex.sizes[large] = MAX_STORED_SIZE + 1
    async with profile.login(world.FakeHost()) as login:
        await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in login.host.imported] == [b"said at 1000"]
        assert ("fetch", large) not in profile.codex.calls and f"{large} has {MAX_STORED_SIZE + 1} bytes" in caplog.text


async def test_an_index_that_is_too_large_is_given_up(world, owner, caplog):
    large, _ = await world.index_of(owner, (1000, 1010))
    good, _ = await world.index_of(owner, (2000, 2010))
    profile = world.profile("member")
    profile.codex.link(owner)
    profile.codex.sizes[large] = MAX_STORED_SIZE + 1
    async with profile.login(world.FakeHost()) as login:
        await login.archives.on_index_cid(world.COMMUNITY, large, 1)
        await logged(world, caplog, "which is of no use")
        assert ("download", large) not in profile.codex.calls
        await login.archives.on_index_cid(world.COMMUNITY, good, 2)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in login.host.imported] == [b"said at 2000"]


@pytest.mark.parametrize("cid", ["nonsense", "zDv" + "1" * 10_000, "zDv\x00\n", "../secrets", "zDvÄ"])
async def test_an_index_cid_that_is_none(world, cid):
    """It names no file of ours either, and the next one is what counts."""
    owner = world.FakeCodex()
    good, _ = await world.index_of(owner, (1000, 1010))
    profile = world.profile("member", timings=replace(world.FAST, index_timeout=0.05))
    profile.codex.link(owner)
    (profile.directory / "archivedata").mkdir()
    files = [profile.directory / "archivedata" / name for name in ("secrets", "more secrets")]
    for file in files:
        file.touch()  # nothing at all is an index without archives
    async with profile.login(world.FakeHost()) as login:
        await login.archives.on_index_cid(world.COMMUNITY, cid, 1)
        if not cid.isalnum() or not cid.isascii() or len(cid) > 100:
            async with asyncio.timeout(world.DEADLINE):
                while login.archives._stores["codex"].pending():
                    await asyncio.sleep(0.01)
        await login.archives.on_index_cid(world.COMMUNITY, good, 2)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert [m.payload for m in login.host.imported] == [b"said at 1000"]
    assert all(file.exists() for file in files)
