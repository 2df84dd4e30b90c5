"""The original's TorrentManager: what it serves, what it fetches, where it listens. Real torrents on loopback."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from status_backend.archives import torrent_files
from status_backend.archives.codec import InvalidArchive, make_archives
from status_backend.archives.distribution import AwaitsKey, DistributionError
from status_backend.archives.torrent_files import Torrent, TorrentFiles
from status_backend.archives.torrent_index import PIECE
from status_backend.archives.torrent_link import MagnetLink
from status_backend.archives.torrent_manager import TorrentManager
from status_backend.archives.torrent_session import TorrentSession
from status_backend.protocol.hash_ratchet import KeyMissing

pytestmark = pytest.mark.anyio


class Listener:
    def __init__(self):
        self.told = []

    def manifest_fetched(self):
        self.told.append("manifest")

    def index_downloaded(self):
        self.told.append("index")

    def archives_started(self):
        self.told.append("started")

    def archive_downloaded(self, entry):
        self.told.append(entry)


class SlowDisk:
    """What is written stays on its way until `go_on` is set."""

    def __init__(self):
        self.go_on = threading.Event()
        self._begun = threading.Event()

    def fsync(self, number):
        self._begun.set()
        assert self.go_on.wait(20)

    async def writing(self):
        assert await asyncio.to_thread(self._begun.wait, 20)


@pytest.fixture
def slow_disk(monkeypatch):
    disk = SlowDisk()
    monkeypatch.setattr(torrent_files.os, "fsync", disk.fsync)
    yield disk
    disk.go_on.set()


@pytest.fixture
async def given(world, tmp_path):
    """`await given(name)` starts one; the same name again has the same folders."""
    async with AsyncExitStack() as stack:

        async def start(name, port=0, host="127.0.0.1", timings=world.FAST):
            unseeded = []
            folder = tmp_path / name
            session = TorrentSession(host, port)
            made = TorrentManager(session, folder / "archivedata", folder / "torrents", timings, unseeded.append)
            made.unseeded, made.folder = unseeded, folder
            await made.start()
            stack.push_async_callback(made.stop)
            return made

        yield start


def archives(world, *starts, size=10):
    return [
        archive
        for at in starts
        for archive in make_archives([world.waku_message(f"said at {at}", at, size)], [world.TOPIC], at, at + 10, 10)
    ]


async def fetch(manager, world, link, existing=()):
    listener = Listener()
    async with asyncio.timeout(world.DEADLINE):
        await manager.download(world.COMMUNITY, link, existing, listener)
    return listener.told


class TestTorrentManager:
    async def test_from_the_owner_to_a_member(self, given, world):
        owner, member = await given("owner"), await given("member")
        made = archives(world, 1000, 1010)
        link = await owner.publish(world.COMMUNITY, "", made)
        told = await fetch(member, world, link)
        assert told[:2] == ["index", "started"] and len(told) == 4
        loaded = [await member.load(world.COMMUNITY, entry) for entry in told[2:]]
        assert sorted(a.SerializeToString() for a in loaded) == sorted(a.SerializeToString() for a in made)
        assert await member.holds(world.COMMUNITY, link) and owner.unseeded == member.unseeded == []
        for name in ("data", "index"):
            path = f"archivedata/{world.COMMUNITY}/{name}"
            assert (member.folder / path).read_bytes() == (owner.folder / path).read_bytes()

    async def test_only_what_is_missing_is_fetched(self, given, world):
        owner, member = await given("owner"), await given("member")
        first = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        (entry,) = (await fetch(member, world, first))[2:]
        second = await owner.publish(world.COMMUNITY, first, archives(world, 1010, size=2 * PIECE))
        assert owner.unseeded == [world.COMMUNITY] and not owner.same(first, second)
        told = await fetch(member, world, second, [entry.id])
        assert member.unseeded == [world.COMMUNITY]
        assert [item.start for item in told[2:]] == [1010]

        late = await given("late")  # which, for a reason of its own, wants the first archive only
        told = await fetch(late, world, second, [told[2].id])
        assert [item.start for item in told[2:]] == [1000]
        data = (late.folder / "archivedata" / world.COMMUNITY / "data").read_bytes()
        assert data[:PIECE] == (owner.folder / "archivedata" / world.COMMUNITY / "data").read_bytes()[:PIECE]
        assert not any(data[PIECE:])

    async def test_nobody_without_the_key_reads_it(self, given, world):
        """Archives and index of an encrypted community; a member that gets the key later reads them then."""

        class Cipher:
            key_is_here = True

            def seal_archive(self, community_id, data):
                return bytes(byte ^ 0x5A for byte in data)

            def open_archive(self, community_id, data):
                if not self.key_is_here:
                    raise KeyMissing(b"group", b"key")
                return self.seal_archive(community_id, data)

        owner, member = await given("owner"), await given("member")
        owner.cipher, member.cipher = Cipher(), Cipher()
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        link = await owner.publish(world.COMMUNITY, link, archives(world, 1010))
        for name in ("data", "index"):
            stored = (owner.folder / "archivedata" / world.COMMUNITY / name).read_bytes()
            assert b"said at" not in stored and world.TOPIC not in stored
        member.cipher.key_is_here = False
        with pytest.raises(AwaitsKey):
            await fetch(member, world, link)
        member.cipher.key_is_here = True
        told = await fetch(member, world, link)
        loaded = [await member.load(world.COMMUNITY, entry) for entry in told[2:]]
        assert {archive.messages[0].timestamp for archive in loaded} == {1000, 1010}, "in whatever order they came"
        assert len(loaded) == 2
        await owner.withdraw(world.COMMUNITY)
        await owner.offer(world.COMMUNITY, link)

    async def test_nothing_missing(self, given, world):
        owner, member = await given("owner"), await given("member")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        (entry,) = (await fetch(member, world, link))[2:]
        assert await fetch(member, world, link, [entry.id]) == ["index"]

    async def test_a_member_serves_others(self, given, world):
        owner, member = await given("owner"), await given("member")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        await fetch(member, world, link)
        await owner.stop()
        assert len(await fetch(await given("late"), world, member.current(link))) == 3

    async def test_both_come_back(self, given, world):
        """With other ports: the link leads to the same, its addresses are new."""
        owner, member = await given("owner"), await given("member")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        (entry,) = (await fetch(member, world, link))[2:]
        await owner.stop()
        await member.stop()
        for name in ("owner", "member"):
            back = await given(name)
            assert await back.holds(world.COMMUNITY, link)
            await back.offer(world.COMMUNITY, link)
            current = back.current(link)
            assert back.same(link, current) and MagnetLink.parse(current).peers == back.session.endpoints
            assert len(await fetch(await given(f"late for {name}"), world, current)) == 3
            await back.withdraw(world.COMMUNITY)
            assert back.unseeded == [world.COMMUNITY]
        assert (await back.load(world.COMMUNITY, entry)).metadata == archives(world, 1000)[0].metadata

    async def test_nobody_has_it(self, given, world):
        member = await given("member", timings=replace(world.FAST, index_timeout=0.3))
        link = str(MagnetLink("ab" * 20, world.COMMUNITY, (("127.0.0.1", 1),)))
        with pytest.raises(DistributionError, match="no peer had all of torrent abab"):
            await fetch(member, world, link)
        assert not await member.holds(world.COMMUNITY, link)
        with pytest.raises(DistributionError):
            await member.offer(world.COMMUNITY, link)

    async def test_cancelled_and_begun_again(self, given, world):
        owner, member = await given("owner"), await given("member")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        away = str(MagnetLink.parse(link).at(()))
        for turns in (0, 1, 2, 5, 50):  # of the event loop, until it is cancelled
            task = asyncio.create_task(fetch(member, world, away))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert len(await fetch(member, world, link)) == 3

    async def test_the_torrent_of_another_community(self, given, world):
        owner, member = await given("owner"), await given("member")
        other = "0x03" + "cd" * 32
        link = await owner.publish(other, "", archives(world, 1000))
        with pytest.raises(InvalidArchive, match=f"is one of {other}"):
            await fetch(member, world, link)
        assert not (member.folder / "archivedata").exists()

    async def test_an_index_that_is_none(self, given, world):
        owner, member = await given("owner"), await given("member")
        torrent = Torrent.describe(world.COMMUNITY, PIECE, b"\xff" * 5, [bytes(20)])
        files = TorrentFiles(owner.folder / "archivedata", owner.folder / "torrents", world.COMMUNITY)
        (owner.folder / "archivedata" / world.COMMUNITY).mkdir(parents=True)
        (owner.folder / "archivedata" / world.COMMUNITY / "index").write_bytes(b"\xff" * 5)
        files.keep(torrent)
        await owner._offer(world.COMMUNITY, torrent)
        link = owner.current(str(MagnetLink(torrent.info_hash, world.COMMUNITY)))
        with pytest.raises(InvalidArchive, match="not an archive index"):
            await fetch(member, world, link)

    async def test_a_slow_disk_holds_nothing_up(self, given, world, slow_disk):
        owner = await given("owner")
        publishing = asyncio.create_task(owner.publish(world.COMMUNITY, "", archives(world, 1000)))
        await slow_disk.writing()  # while this test goes on
        slow_disk.go_on.set()
        assert await publishing

    async def test_who_gives_up_waits_until_the_disk_has_it(self, given, world, slow_disk):
        """So that nobody reads what is still being written."""
        owner = await given("owner")
        publishing = asyncio.create_task(owner.publish(world.COMMUNITY, "", archives(world, 1000)))
        await slow_disk.writing()
        publishing.cancel()
        await asyncio.sleep(0)
        assert not publishing.done()
        slow_disk.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await publishing
        assert (owner.folder / "torrents" / f"{world.COMMUNITY}.torrent").exists()

    async def test_a_full_disk_is_told(self, given, world):
        owner, member = await given("owner"), await given("member")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        (member.folder / "archivedata").mkdir(parents=True)
        (member.folder / "archivedata" / world.COMMUNITY).write_text("in the way")  # as far as libtorrent can tell
        with pytest.raises(DistributionError, match=world.COMMUNITY):
            await fetch(member, world, link)

    async def test_a_link_that_is_none(self, given, world):
        with pytest.raises(InvalidArchive, match="no magnet link"):
            await fetch(await given("member"), world, "zDvIndex")


class TestListening:
    async def test_the_port_that_was_asked_for(self, given):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        assert (await given("one", port)).session.endpoints == (("127.0.0.1", port),)

    async def test_a_taken_port_gives_way_to_one_of_the_kernels_choice(self, given):
        one = await given("one")
        ((_, port),) = one.session.endpoints
        ((host, other),) = (await given("two", port)).session.endpoints
        assert host == "127.0.0.1" and other not in (0, port)

    async def test_all_interfaces(self, given):
        endpoints = (await given("one", host="0.0.0.0")).session.endpoints
        assert endpoints and all(host != "0.0.0.0" and port for host, port in endpoints)
        outside = [host for host, _ in endpoints if not host.startswith("127.")]
        assert outside == [host for host, _ in endpoints] or not outside  # loopback only where there is nothing else

    async def test_by_name(self, given):
        assert [host for host, _ in (await given("one", host="localhost")).session.endpoints] == ["127.0.0.1"]

    @pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
    async def test_ipv6(self, given, world):
        owner, member = await given("owner", host="::1"), await given("member", host="::1")
        link = await owner.publish(world.COMMUNITY, "", archives(world, 1000))
        assert "&x.pe=[::1]:" in link and len(await fetch(member, world, link)) == 3

    @pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid"])
    async def test_an_address_that_is_not_ours(self, given, host):
        with pytest.raises(DistributionError, match=f"cannot listen on {host}"):
            await given("one", host=host)

    async def test_nobody_else_hears_of_it(self, given):
        """No DHT, no local discovery, no mapping of ports: nothing but the sockets on the host."""
        settings = (await given("one")).session._session.get_settings()
        assert not any(settings[f"enable_{name}"] for name in ("dht", "lsd", "upnp", "natpmp"))
        assert settings["listen_interfaces"] == "127.0.0.1:0"

    async def test_stopping_twice(self, given):
        one = await given("one")
        await one.stop()
        await one.stop()
