"""A storage network, a messenger and a session in memory, to drive the archives without a network or a clock's help."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import base58
import pytest

from status_backend.archives import Archives
from status_backend.archives.codec import ArchiveIndex, make_archives
from status_backend.archives.codex_client import CodexClient
from status_backend.archives.codex_distribution import CodexDistribution
from status_backend.archives.codex_node import open_codex
from status_backend.archives.interval import ArchiveInterval
from status_backend.archives.timings import Timings
from status_backend.db import Database
from status_backend.node_config import NodeConfig, initial
from status_backend.protocol.waku_archive_pb2 import WakuMessage
from status_backend.settings import Settings
from status_backend.signals import SignalHub

COMMUNITY = "0x02" + "ab" * 32
TOPIC = bytes.fromhex("01020304")
DEADLINE = 20  # seconds until a test that waits for something is a failed one

FAST = Timings(
    import_initial_delay=0,
    slow_chunks_per_second=1000,
    call_timeout=DEADLINE,
    polling_interval=0.005,
    first_retry_after=0.01,
    last_retry_after=0.05,
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class FakeCodexError(Exception):
    pass


class FakeCodex:
    """A storage node: content goes from peer to peer, wants stay outstanding until somebody connected has it.

    `faults[method, cid]` is raised by that call, `held[method, cid]` is an event that the call waits for first,
    `stalled` holds CIDs of which only the manifest arrives, `sizes` what manifests say against the truth.
    """

    def __init__(self, stored: dict[str, bytes] | None = None) -> None:
        self.stored: dict[str, bytes] = {} if stored is None else stored
        self.peers: list[FakeCodex] = []
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[tuple[str, str], Exception] = {}
        self.held: dict[tuple[str, str], asyncio.Event] = {}
        self.stalled: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.running = False
        self.reachable: dict[str, FakeCodex] = {}  # by peer id
        self.called = asyncio.Event()
        self._news = asyncio.Event()

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def debug(self) -> dict:
        return {"id": "fake", "addrs": ["/ip4/127.0.0.1/tcp/1"], "spr": "spr:fake"}

    async def connect(self, peer_id: str, addrs: list[str]) -> None:
        if peer_id not in self.reachable:
            raise FakeCodexError("Unable to find Peer!")
        self.link(self.reachable[peer_id])

    def link(self, peer: FakeCodex) -> None:
        """As if one of the two had connected to the other."""
        self.peers.append(peer)
        peer.peers.append(self)
        self._tell()
        peer._tell()

    async def upload(self, data: bytes, filename: str | None = None, mimetype: str | None = None) -> str:
        cid = "zDv" + base58.b58encode(hashlib.sha256(data + (filename or "").encode()).digest()).decode()
        await self._begin("upload", cid)
        self.stored[cid] = data
        for node in (self, *self.peers):
            node._tell()
        return cid

    async def download(self, cid: str, local: bool = False) -> AsyncGenerator[bytes, None]:
        await self._begin("local" if local else "download", cid)
        if not local:
            await self._obtain(cid)
        if cid not in self.stored:
            raise FakeCodexError("Block not found in local store")
        data = self.stored[cid]
        for begin in range(0, len(data), 64):
            await self._begin("piece", cid)
            yield data[begin : begin + 64]

    async def fetch(self, cid: str):
        await self._begin("fetch", cid)
        return await self._manifest(cid)

    async def manifest(self, cid: str, local: bool = False):
        await self._begin("manifest", cid)
        return await self._manifest(cid)

    async def exists(self, cid: str) -> bool:
        await self._begin("exists", cid)
        return cid in self.stored

    async def delete(self, cid: str) -> None:
        await self._begin("delete", cid)
        self.stored.pop(cid, None)

    async def until_called(self, method: str, cid: str) -> None:
        async with asyncio.timeout(DEADLINE):
            while (method, cid) not in self.calls:
                self.called.clear()
                await self.called.wait()

    async def _begin(self, method: str, cid: str) -> None:
        self.calls.append((method, cid))
        self.called.set()
        if event := self.held.get((method, cid)):
            await event.wait()
        if fault := self.faults.get((method, cid)):
            raise fault

    async def _manifest(self, cid: str):
        data = await self._find(cid)
        if cid not in self.stalled:
            self.stored[cid] = data
        return SimpleNamespace(cid=cid, dataset_size=self.sizes.get(cid, len(data)))

    async def _obtain(self, cid: str) -> None:
        self.stored[cid] = await self._find(cid)

    async def _find(self, cid: str) -> bytes:
        while not (holder := next((n for n in (self, *self.peers) if cid in n.stored), None)):
            self._news.clear()
            await self._news.wait()
        return holder.stored[cid]

    def _tell(self) -> None:
        self._news.set()


class FakeHost:
    """A messenger that knows one community. What the owner publishes goes to `on_announcement`."""

    def __init__(self, *, control_node: bool = False, joined: bool = True, support: bool = True) -> None:
        self.control_node = control_node
        self.joined = joined
        self.support = support
        self.topics = [TOPIC]
        self.imported: list[WakuMessage] = []
        self.announced: list[tuple[str, int]] = []
        self.republished = 0
        self.on_announcement: Callable[[str, str, int], Awaitable[None]] | None = None
        self.before_import: Callable[[], Awaitable[None]] | None = None

    def controlled_communities(self) -> list[str]:
        return [COMMUNITY] if self.control_node else []

    def is_control_node(self, community_id: str) -> bool:
        return self.control_node

    def is_joined(self, community_id: str) -> bool:
        return self.joined

    def archive_support_enabled(self, community_id: str) -> bool:
        return self.support

    def seal_archive(self, community_id: str, data: bytes) -> bytes:
        return data

    def open_archive(self, community_id: str, data: bytes) -> bytes:
        return data

    def archive_topics(self, community_id: str) -> list[bytes]:
        return self.topics

    async def publish_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        self.announced.append((cid, clock_ms))
        if self.on_announcement:
            await self.on_announcement(community_id, cid, clock_ms)

    async def publish_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        await self.publish_index_cid(community_id, magnet_link, clock_ms)

    async def republish(self, community_id: str) -> None:
        self.republished += 1

    async def handle_archived(self, community_id: str, messages: list[WakuMessage]) -> None:
        if self.before_import:
            await self.before_import()
        self.imported.extend(messages)


class Listener:
    """The archives' signals in order, as (type without "community.", event)."""

    def __init__(self, hub: SignalHub) -> None:
        self.seen: list[tuple[str, dict | None]] = []
        self._subscription = hub.subscribe()
        self._arrived = asyncio.Condition()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for frame in self._subscription:
            signal = json.loads(frame)
            async with self._arrived:
                self.seen.append((signal["type"].removeprefix("community."), signal["event"]))
                self._arrived.notify_all()

    @property
    def types(self) -> list[str]:
        return [kind for kind, _ in self.seen]

    async def until(self, kind: str, count: int = 1) -> dict | None:
        """The event of the `count`-th signal of this type."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            await self._arrived.wait_for(lambda: self.types.count(kind) >= count)
        return [event for seen, event in self.seen if seen == kind][count - 1]

    async def close(self) -> None:
        self._subscription.close()
        await self._task


@dataclass
class Profile:
    """One backend's logged-in profile: `async with profile.login(host) as login`, as often as wanted."""

    directory: Path
    codex: FakeCodex = field(default_factory=FakeCodex)
    timings: Timings = FAST
    interval: ArchiveInterval = field(default_factory=ArchiveInterval)
    real: bool = False  # a Codex node over libp2p instead of `codex`
    kind: str = "codex"  # of distribution, to be enabled at login; torrents are always real

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)

    def open(self, host: FakeHost, **options) -> SimpleNamespace:
        """The parts of a login, not started."""
        db = Database.open(self.directory / "profile.db")
        db.migrate("test messages", (MESSAGES_TABLE,))
        known = db.one("SELECT name FROM sqlite_master WHERE name = 'node_config'")
        config = NodeConfig(db, None if known else initial(self.directory, "0x01", "installation", {}))
        hub = SignalHub()
        session = SimpleNamespace(
            db=db,
            settings=Settings(db),
            node_config=config,
            signals=hub,
            options=options,
            key_uid="0x01",
            data_dir=self.directory,
            listen_host="127.0.0.1",
        )

        async def open_distribution(session, dialect, timings) -> CodexDistribution:
            client = CodexClient(self.codex, (FakeCodexError,), timings)
            return CodexDistribution(client, self.directory / "archivedata", timings)

        archives = Archives(
            session,
            host,
            timings=self.timings,
            interval=self.interval,
            open_distribution=open_codex if self.real else open_distribution,
        )
        return SimpleNamespace(db=db, session=session, archives=archives, host=host, signals=Listener(hub))

    @asynccontextmanager
    async def login(self, host: FakeHost, enable: bool = True, **options):
        login = self.open(host, **options)
        await login.archives.start()
        if enable:
            await login.archives.enable(kind_name=self.kind)
        try:
            yield login
        finally:
            await login.archives.stop()
            await login.signals.close()
            login.db.close()


MESSAGES_TABLE = """
CREATE TABLE IF NOT EXISTS waku_messages (
    sig BLOB NOT NULL,
    timestamp INT NOT NULL,
    topic BLOB NOT NULL,
    payload BLOB NOT NULL,
    padding BLOB,
    hash BLOB PRIMARY KEY NOT NULL,
    third_party_id TEXT
);
"""


def waku_message(text: str, timestamp: int, size: int = 0) -> WakuMessage:
    payload = text.encode().ljust(size, b".")
    digest = hashlib.sha256(payload + timestamp.to_bytes(8, "big")).digest()
    return WakuMessage(sig=b"\x04" * 65, timestamp=timestamp, topic=TOPIC, payload=payload, hash=digest)


def store_message(db: Database, text: str, timestamp: int) -> None:
    """As the messenger does it."""
    m = waku_message(text, timestamp)
    values = (m.sig, m.timestamp, m.topic, m.payload, b"", m.hash, "")
    db.execute("INSERT INTO waku_messages VALUES (?, ?, ?, ?, ?, ?, ?)", values)


async def index_of(node: FakeCodex, *spans: tuple[int, int]) -> tuple[str, ArchiveIndex]:
    """Archives with one message for each span, and their index, put into the node. The index's CID and the index."""
    stored = []
    for start, end in spans:
        (archive,) = make_archives([waku_message(f"said at {start}", start)], [TOPIC], start, end, end - start)
        stored.append((archive, await node.upload(archive.SerializeToString(), "archive-data.bin")))
    index = ArchiveIndex().extended(stored)
    return await node.upload(index.to_bytes(), "index-data.bin"), index


@pytest.fixture
def world(tmp_path: Path) -> SimpleNamespace:
    """All of this module for the tests, which cannot import it."""
    names = globals()
    chosen = ("COMMUNITY", "TOPIC", "FAST", "DEADLINE", "FakeCodex", "FakeCodexError", "FakeHost", "Profile")
    tools = {name: names[name] for name in (*chosen, "waku_message", "store_message", "index_of", "ArchiveIndex")}
    return SimpleNamespace(**tools, profile=lambda name, **kw: Profile(tmp_path / name, **kw))
