"""Messengers in this process, joined by a Waku node that is a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from waku_process import WakuProcess

from status_backend.db import Database
from status_backend.fleets import WakuFleet
from status_backend.messenger import Messenger
from status_backend.node_config import NodeConfig
from status_backend.protocol import ids
from status_backend.protocol.waku_archive_pb2 import WakuMessage
from status_backend.rpc import Dispatcher
from status_backend.session import Session
from status_backend.settings import Settings
from status_backend.signals import SignalHub

DEADLINE = 20  # seconds until a test that waits for something is a failed one
COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 3}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_waku: this test stops, pauses or restarts its Waku node")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class FakeArchives:
    """Notes what the messenger tells it."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.news = asyncio.Event()
        self.index: tuple[str, int] = ("", 0)
        self.magnet: tuple[str, int] = ("", 0)

    async def community_created(self, community_id: str) -> None:
        self._note("created", community_id)

    async def community_left(self, community_id: str) -> None:
        self._note("left", community_id)

    async def community_joined(self, community_id: str) -> None:
        self._note("joined", community_id)

    async def keys_arrived(self, community_id: str) -> None:
        self._note("keys", community_id)

    async def settings_changed(self, community_id: str) -> None:
        self._note("settings", community_id)

    async def on_index_cid(self, community_id: str, cid: str, clock_ms: int) -> None:
        self._note("index", community_id, cid, clock_ms)

    async def on_magnet_link(self, community_id: str, magnet_link: str, clock_ms: int) -> None:
        self._note("magnet", community_id, magnet_link, clock_ms)

    def on_description_clock(self, community_id: str, index_cid_clock_ms: int, magnet_link_clock_ms: int) -> None:
        self._note("clock", community_id, index_cid_clock_ms)
        self._note("magnet clock", community_id, magnet_link_clock_ms)

    def last_index_cid(self, community_id: str) -> str | None:
        return self.index[0] or None

    def index_cid_clock(self, community_id: str) -> int:
        return self.index[1]

    def last_magnet_link(self, community_id: str) -> str | None:
        return self.magnet[0] or None

    def magnet_link_clock(self, community_id: str) -> int:
        return self.magnet[1]

    async def wait(self, *notice: Any) -> None:
        async with asyncio.timeout(DEADLINE):
            while notice not in [told[: len(notice)] for told in self.told]:
                self.news.clear()
                await self.news.wait()

    def _note(self, *notice: Any) -> None:
        self.told.append(notice)
        self.news.set()


class Node:
    """A logged-in messenger, driven by RPC. `stop` and `start` are logout and login; `options` of the latter."""

    def __init__(self, name: str, directory: Path, fleet: WakuFleet | None, **options: Any) -> None:
        self.name = name
        self.options = options
        self.key = PrivateKey()
        self.public_key = ids.public_key_id(self.key.public_key)
        self.signals: list[dict[str, Any]] = []
        self._path = directory / f"{name}.db"
        self._fleet = fleet
        self._arrived = asyncio.Condition()

    async def start(self) -> None:
        db = Database.open(self._path, "a key", kdf_iterations=10)
        hub = SignalHub()
        settings = Settings(db)
        settings.set("display-name", self.name)
        session = Session(
            key_uid="0x01",
            name=self.name,
            data_dir=self._path.parent,
            listen_host="127.0.0.1",
            chat_key=self.key,
            public_key=self.public_key,
            db=db,
            settings=settings,
            node_config=NodeConfig(db),
            signals=hub,
            fleet=self._fleet,
            account={"customizationColor": "primary"},
            options=self.options,
        )
        self.session = session
        self.messenger = Messenger(session)
        self.archives = FakeArchives()
        self.messenger.attach_archives(self.archives)
        self.dispatcher = Dispatcher()
        for service in self.messenger.services:
            self.dispatcher.register(service)
        self._listener = asyncio.create_task(self._listen(hub.subscribe()))
        await self.messenger.start()
        if self._fleet is not None:
            await self.in_step()

    async def stop(self) -> None:
        await self.messenger.stop()
        self._listener.cancel()
        self.session.db.close()

    async def in_step(self) -> None:
        """Until everything sent is published, all filters are live and their history is here."""
        async with asyncio.timeout(DEADLINE):
            await self.messenger.transport.flushed()
            await self.messenger.transport.caught_up(list(self.messenger.transport._filters))

    async def ask(self, method: str, *params: Any) -> dict[str, Any]:
        """The whole answer."""
        request = {"jsonrpc": "2.0", "id": 1, "method": f"wakuext_{method}", "params": list(params)}
        answer = await self.dispatcher.handle(json.dumps(request))
        assert answer is not None
        return json.loads(answer)

    async def rpc(self, method: str, *params: Any) -> Any:
        answer = await self.ask(method, *params)
        assert "error" not in answer, f"{self.name}: {method}: {answer['error']}"
        return answer["result"]

    async def wait(self, kind: str, accept: Callable[[Any], Any] = lambda event: True) -> Any:
        """The event of the first signal of this type, since the start of the test, that is accepted."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            await self._arrived.wait_for(lambda: self.find(kind, accept) is not None)
        return self.find(kind, accept)

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Looks again whenever there is a signal."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            while not await reached():
                await self._arrived.wait()

    def find(self, kind: str, accept: Callable[[Any], Any] = lambda event: True) -> Any:
        return next((s["event"] for s in self.signals if s["type"] == kind and accept(s["event"])), None)

    async def message(self, text: str) -> dict[str, Any]:
        """The message with this text, once it has come."""
        event = await self.wait("messages.new", lambda event: _texts(event, text))
        return _texts(event, text)[0]

    async def history(self, chat_id: str) -> list[str] | None:
        messages = (await self.rpc("chatMessages", chat_id, "", 100))["messages"]
        return [message["text"] for message in messages] if messages else messages

    def raw(self) -> list[WakuMessage]:
        """What is kept to make archives of."""
        rows = self.session.db.query("SELECT * FROM waku_messages ORDER BY timestamp, hash")
        columns = ("sig", "timestamp", "topic", "payload", "hash")
        return [WakuMessage(**{column: row[column] for column in columns}) for row in rows]

    async def _listen(self, subscription: Any) -> None:
        async for frame in subscription:
            async with self._arrived:
                self.signals.append(json.loads(frame))
                self._arrived.notify_all()


def _texts(event: dict[str, Any], text: str) -> list[dict[str, Any]]:
    return [message for message in event.get("messages", []) if message["text"] == text]


@pytest.fixture(scope="session")
def shared_waku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WakuProcess]:
    process = WakuProcess(tmp_path_factory.mktemp("waku"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def waku(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WakuProcess]:
    """One for all tests, but a test marked `own_waku` gets its own, to do with as it likes."""
    if request.node.get_closest_marker("own_waku") is None:
        yield request.getfixturevalue("shared_waku")
        return
    process = WakuProcess(tmp_path)
    process.start()
    yield process
    process.resume()
    process.stop()


NewNode = Callable[..., Awaitable[Node]]


@pytest.fixture
async def new_node_on(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Node]]]:
    """Makes and starts nodes in fleets of the test's own."""
    nodes: list[Node] = []

    async def make(name: str, fleet: WakuFleet, **options: Any) -> Node:
        nodes.append(Node(name, tmp_path, fleet, **options))
        await nodes[-1].start()
        return nodes[-1]

    yield make
    for node in nodes:
        await node.stop()


@pytest.fixture
def new_node(new_node_on: Callable[..., Awaitable[Node]], waku: WakuProcess) -> NewNode:
    return lambda name, **options: new_node_on(name, waku.fleet, **options)


@pytest.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[Node]:
    """A node without a fleet."""
    node = Node("lonely", tmp_path, None)
    await node.start()
    yield node
    await node.stop()


async def join(owner: Node, member: Node, community_id: str) -> None:
    await member.rpc("fetchCommunity", {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True})
    params = {"communityId": community_id, "addressesToReveal": ["fakeaddress"], "airdropAddress": "fakeaddress"}
    answer = await member.rpc("requestToJoinCommunity", params)
    request_id = answer["requestsToJoinCommunity"][0]["id"]
    await owner.wait("messages.new", lambda e: any(r["id"] == request_id for r in e.get("requestsToJoinCommunity", [])))
    await owner.rpc("acceptRequestToJoinCommunity", {"id": request_id})
    await member.wait("messages.new", lambda e: any(r["state"] == 3 for r in e.get("requestsToJoinCommunity", [])))
    await member.in_step()


@pytest.fixture
def join_community() -> Callable[[Node, Node, str], Awaitable[None]]:
    return join


@pytest.fixture
async def owner_and_member(new_node: NewNode) -> tuple[Node, Node, str, str]:
    """Owner, member, the community's id and the id of its first chat."""
    owner, member = await new_node("owner"), await new_node("member")
    created = await owner.rpc("createCommunity", COMMUNITY)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    await owner.in_step()
    await join(owner, member, community_id)
    return owner, member, community_id, chat_id
