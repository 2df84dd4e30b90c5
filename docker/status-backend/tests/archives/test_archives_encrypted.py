"""Archives of an encrypted community: stored encrypted, read by who has the key, waited for by who has not yet."""

from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest

from status_backend.db import Database
from status_backend.messenger import encryption
from status_backend.messenger.encryption import Encryption
from status_backend.protocol.hash_ratchet import NotReadable

pytestmark = pytest.mark.anyio


@pytest.fixture
def encrypted_host(world, tmp_path):
    """Makes hosts with keys of their own."""
    group = encryption.community_group(world.COMMUNITY)
    databases = []

    class EncryptedHost(world.FakeHost):
        def __init__(self, **options):
            super().__init__(**options)
            databases.append(Database.open(tmp_path / f"keys-{len(databases)}.db", "a key", kdf_iterations=10))
            self.keys = Encryption(databases[-1])

        def seal_archive(self, community_id, data):
            return self.keys.seal(group, data)

        def open_archive(self, community_id, data):
            message = encryption.parse(data)
            return data if message is None else self.keys.open(message, (group,))

    yield EncryptedHost
    for database in databases:
        database.close()


async def published(world, host) -> tuple:
    """A storage node with an archive and an index of the owner's, and the index's CID."""
    profile = world.profile("owner")
    now = int(time.time())
    async with profile.login(host) as login:
        world.store_message(login.db, "a secret", now - 10)
        await login.archives._running["codex"].owner.tick(world.COMMUNITY)
        await login.signals.until("historyArchivesSeeding")
    return profile.codex, host.announced[-1][0]


async def announce(login, world, cid: str) -> None:
    await login.archives.on_index_cid(world.COMMUNITY, cid, 1_000_000)


async def test_nothing_is_stored_in_the_clear(world, encrypted_host):
    host = encrypted_host(control_node=True)
    host.keys.make_key(encryption.community_group(world.COMMUNITY))
    codex, _ = await published(world, host)
    assert len(codex.stored) == 2
    for data in codex.stored.values():
        assert b"a secret" not in data and encryption.parse(data) is not None


async def test_a_member_with_the_key_imports(world, encrypted_host):
    owner, member = encrypted_host(control_node=True), encrypted_host()
    member.keys.add_key(owner.keys.make_key(encryption.community_group(world.COMMUNITY)))
    codex, cid = await published(world, owner)
    profile = world.profile("member")
    profile.codex.link(codex)
    async with profile.login(member) as login:
        await announce(login, world, cid)
        await login.signals.until("downloadingHistoryArchivesFinished")
    assert [message.payload for message in member.imported] == [b"a secret"]


async def test_a_member_waits_for_the_key_and_goes_on_when_it_comes(world, encrypted_host):
    owner, member = encrypted_host(control_node=True), encrypted_host()
    key = owner.keys.make_key(encryption.community_group(world.COMMUNITY))
    codex, cid = await published(world, owner)
    profile = world.profile("member", timings=dataclasses.replace(world.FAST, key_timeout=3600))
    profile.codex.link(codex)
    async with profile.login(member) as login:
        await announce(login, world, cid)
        await login.signals.until("manifestFetched")
        async with asyncio.timeout(world.DEADLINE):
            while cid not in profile.codex.stored:
                await asyncio.sleep(0)
        assert member.imported == [] and "historyArchiveDownloaded" not in login.signals.types
        member.keys.add_key(key)
        await login.archives.keys_arrived(world.COMMUNITY)
        await login.signals.until("downloadingHistoryArchivesFinished")
    assert [message.payload for message in member.imported] == [b"a secret"]


async def test_an_import_waits_for_the_key_of_an_archive(world, encrypted_host):
    """The index is under a newer key than the archive."""
    owner, member = encrypted_host(control_node=True), encrypted_host()
    group = encryption.community_group(world.COMMUNITY)
    old = owner.keys.make_key(group)
    seal, made = owner.seal_archive, []

    def seal_under_a_newer_key(community_id, data):
        sealed = seal(community_id, data)
        made.append(owner.keys.make_key(group))
        return sealed

    owner.seal_archive = seal_under_a_newer_key
    codex, cid = await published(world, owner)
    member.keys.add_key(made[0])
    profile = world.profile("member")
    profile.codex.link(codex)
    async with profile.login(member) as login:
        await announce(login, world, cid)
        await login.signals.until("historyArchivesSeeding")
        assert member.imported == [] and login.archives.ids_to_import(world.COMMUNITY)
        member.keys.add_key(old)
        await login.archives.keys_arrived(world.COMMUNITY)
        await login.signals.until("downloadingHistoryArchivesFinished")
        assert login.archives.ids_to_import(world.COMMUNITY) == []
    assert [message.payload for message in member.imported] == [b"a secret"]


async def test_archives_from_before_the_encryption_stay_readable(world, encrypted_host):
    member = encrypted_host()
    profile = world.profile("member")
    cid, _ = await world.index_of(profile.codex, (1000, 1010))
    async with profile.login(member) as login:
        await announce(login, world, cid)
        await login.signals.until("downloadingHistoryArchivesFinished")
    assert [message.payload for message in member.imported] == [b"said at 1000"]


async def test_an_index_that_is_forged_is_given_up(world, encrypted_host, caplog):
    owner, member = encrypted_host(control_node=True), encrypted_host()
    member.keys.add_key(owner.keys.make_key(encryption.community_group(world.COMMUNITY)))
    sealed = owner.seal_archive(world.COMMUNITY, b"an index")
    with pytest.raises(NotReadable):
        member.open_archive(world.COMMUNITY, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    profile = world.profile("member")
    cid = await profile.codex.upload(sealed[:-1] + bytes([sealed[-1] ^ 1]), "index-data.bin")
    async with profile.login(member) as login:
        await announce(login, world, cid)
        await login.signals.until("manifestFetched")
        async with asyncio.timeout(world.DEADLINE):
            while "of no use" not in caplog.text:
                await asyncio.sleep(0.01)
    assert member.imported == []


async def test_over_torrents(world, encrypted_host):
    """A member with the key imports; one without has the same bytes and cannot, until the key comes."""
    group = encryption.community_group(world.COMMUNITY)
    control, member, keyless = encrypted_host(control_node=True), encrypted_host(), encrypted_host()
    key = control.keys.make_key(group)
    member.keys.add_key(key)
    slow = dataclasses.replace(world.FAST, key_timeout=3600)
    async with (
        world.profile("owner", kind="torrent").login(control) as alice,
        world.profile("member", kind="torrent").login(member) as bob,
        world.profile("keyless", kind="torrent", timings=slow).login(keyless) as carol,
    ):
        world.store_message(alice.db, "a secret", 1000)
        await alice.archives._running["torrent"].owner.tick(world.COMMUNITY)
        await alice.signals.until("historyArchivesSeeding")
        link = alice.archives.last_magnet_link(world.COMMUNITY)
        for login in (bob, carol):
            await login.archives.on_magnet_link(world.COMMUNITY, link, 1)
        await bob.signals.until("downloadingHistoryArchivesFinished")
        assert [message.payload for message in member.imported] == [b"a secret"]
        folder = carol.session.data_dir / "data" / "archivedata" / world.COMMUNITY
        async with asyncio.timeout(world.DEADLINE):
            while not (folder / "index").is_file() or encryption.parse((folder / "index").read_bytes()) is None:
                await asyncio.sleep(0.01)
        assert keyless.imported == [] and carol.archives.ids_to_import(world.COMMUNITY) == []
        keyless.keys.add_key(key)
        await carol.archives.keys_arrived(world.COMMUNITY)
        await carol.signals.until("downloadingHistoryArchivesFinished")
        assert [message.payload for message in keyless.imported] == [b"a secret"]


async def test_an_owner_that_died_with_a_torrent_half_told(world, encrypted_host, caplog):
    """Its files are ahead of what it knows, and cannot be brought back: all is archived anew, and nothing is lost."""
    group = encryption.community_group(world.COMMUNITY)
    control, member = encrypted_host(control_node=True), encrypted_host()
    member.keys.add_key(control.keys.make_key(group))
    profile = world.profile("owner", kind="torrent")
    async with profile.login(control) as alice:
        owner = alice.archives._running["torrent"].owner
        world.store_message(alice.db, "first", 1000)
        await owner.tick(world.COMMUNITY)
        world.store_message(alice.db, "second", 2000)
        owner._store = Dying(owner._store)
        with pytest.raises(Dying.Death):
            await owner.tick(world.COMMUNITY)
    async with profile.login(control) as alice, world.profile("member", kind="torrent").login(member) as bob:
        owner = alice.archives._running["torrent"].owner
        for _ in range(2):
            await owner.tick(world.COMMUNITY)
        assert "Everything is archived again" in caplog.text
        await bob.archives.on_magnet_link(world.COMMUNITY, alice.archives.last_magnet_link(world.COMMUNITY), 1)
        await bob.signals.until("downloadingHistoryArchivesFinished")
        assert sorted(message.payload for message in member.imported) == [b"first", b"second"]


class Dying:
    """A store that is not reached any more when something was archived."""

    class Death(BaseException):
        pass

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def archived(self, *args):
        raise self.Death
