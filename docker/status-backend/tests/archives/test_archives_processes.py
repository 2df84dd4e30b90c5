"""Whole backends as processes, killed and started again, with a real Waku node and real Codex nodes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from backend_process import DEADLINE, NODE, PASSWORD, BackendProcess

FLEET = "status-go.test"


def eventually(attempt: Callable[[], Any], what: str) -> Any:
    """For answers that no signal announces."""
    end = time.monotonic() + DEADLINE
    while not (result := attempt()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE} s"
        time.sleep(0.02)
    return result


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[Path]:
    """The fleets file of one Waku node."""
    ready = tmp_path / "waku.json"
    options = "--rest --rest-port=0 --tcp-port=0 --cluster-id=16 --shard=32 --shard=64 --relay --store"
    with (tmp_path / "waku.log").open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "wakunode",
                *options.split(),
                f"--store-message-db-url=sqlite://{tmp_path}/store.db",
            ],
            env={**os.environ, "PYTHONPATH": str(NODE.parent / "waku"), "NODE_READY_FILE": str(ready)},
            stdout=output,
            stderr=output,
        )
    try:
        eventually(ready.exists, "the Waku node's ready file")
        url = f"http://127.0.0.1:{json.loads(ready.read_text())['ports']['rest']}"
        node = {"id": "16Uiu2HAm", "enr": "enr:-", "addr": "/ip4/127.0.0.1/tcp/1", "fleet": FLEET, "restUrl": url}
        enrs = {"wakuNodes": [], "discV5BootstrapNodes": []}
        fleet = {"clusterId": 16, **enrs, "storeNodes": [node], "relayNodes": [node]}
        path = tmp_path / "fleets.json"
        path.write_text(json.dumps({FLEET: fleet}))
        yield path
    finally:
        process.terminate()
        process.wait(DEADLINE)


class Backend:
    """A profile with archives enabled, that may die and come back."""

    def __init__(self, directory: Path, fleets: Path, kind: str) -> None:
        directory.mkdir()
        self.directory, self.fleets, self.kind = directory, fleets, kind
        self.process = self._start()
        self.key_uid = self.process.login(
            "CreateAccountAndLogin",
            {
                "rootDataDir": str(self.process.data_dir),
                "displayName": f"{directory.name}_node",
                "password": PASSWORD,
                "customizationColor": "primary",
                "kdfIterations": 10,
                "wakuV2Fleet": FLEET,
                "importInitialDelay": 0,
            },
        )["account"]["key-uid"]
        if kind == "codex":
            self.rpc("enableCodexCommunityHistoryArchiveProtocol", {"CodexNodeConfig.DiscoveryPort": "8091"})
        else:
            self.rpc("enableCommunityHistoryArchiveProtocol")

    def _start(self) -> BackendProcess:
        process = BackendProcess(self.directory)
        request = {"dataDir": str(process.data_dir), "wakuFleetsConfigFilePath": str(self.fleets)}
        process.call("InitializeApplication", request)
        return process

    def killed_and_back(self) -> None:
        assert self.process.stop(signal.SIGKILL) == -signal.SIGKILL
        self.process = self._start()
        login = {"password": PASSWORD, "keyUid": self.key_uid, "kdfIterations": 10, "importInitialDelay": 0}
        assert not self.process.login("LoginAccount", login).get("error")

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.process.rpc(f"wakuext_{method}", *params)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def tries(self, method: str, *params: Any) -> Any:
        """The result, or None for an error."""
        return self.process.rpc(f"wakuext_{method}", *params).get("result")

    def wait(self, kind: str) -> dict[str, Any]:
        return self.process.wait(f"community.{kind}")

    def connect_to(self, other: Backend) -> None:
        """A magnet link says itself where to connect to."""
        if self.kind == "torrent":
            return
        node = other.rpc("debug")
        self.rpc("connect", node["id"], node["addrs"])

    def texts(self, chat: str) -> list[str]:
        return [message["text"] for message in self.rpc("chatMessages", chat, "", 10)["messages"] or []]


@pytest.fixture(params=["codex", "torrent"])
def backends(request: pytest.FixtureRequest, tmp_path: Path, fleets: Path) -> Iterator[list[Backend]]:
    made = [Backend(tmp_path / name, fleets, request.param) for name in ("alice", "bobby")]
    yield made
    for backend in made:
        backend.process.stop(signal.SIGKILL)


def joined_community(owner: Backend, member: Backend) -> tuple[str, str]:
    """The ids of a community and its channel."""
    looks = {"name": "c", "description": "d", "color": "#887af9"}
    created = owner.rpc("createCommunity", {**looks, "membership": 3, "historyArchiveSupportEnabled": True})
    community_id, chat = created["communities"][0]["id"], created["chats"][0]["id"]
    query = {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True}
    eventually(lambda: member.tries("fetchCommunity", query), "the community's description")
    member.rpc("spectateCommunity", community_id)
    ask = {"communityId": community_id, "addressesToReveal": ["fakeaddress"], "airdropAddress": "fakeaddress"}
    request = member.rpc("requestToJoinCommunity", ask)["requestsToJoinCommunity"][0]["id"]
    eventually(lambda: owner.tries("acceptRequestToJoinCommunity", {"id": request}), "the request to join")
    eventually(lambda: community_id in [c["id"] for c in member.rpc("joinedCommunities") or []], "the membership")
    return community_id, chat


def test_killed_at_the_worst_moments(backends: list[Backend]) -> None:
    owner, member = backends
    owner.rpc("updateMessageArchiveInterval", 1)
    community, chat = joined_community(owner, member)
    owner.rpc("sendChatMessage", {"chatId": chat, "text": "first", "contentType": 1})

    # The owner dies as soon as it says that there is an archive.
    owner.wait("historyArchivesCreated")
    owner.killed_and_back()
    assert owner.rpc("hasCommunityArchive", community) is True

    # The member dies: with Codex while it waits for somebody who has it, with torrents at any moment of the download.
    if member.kind == "codex":
        assert member.rpc("getDownloadedMessageArchiveIDs", community) == []
    member.killed_and_back()
    if member.kind == "codex":
        assert member.rpc("hasCommunityArchive", community) is False
    member.connect_to(owner)
    eventually(lambda: len(member.rpc("getDownloadedMessageArchiveIDs", community)) == 1, "the first archive")
    eventually(lambda: member.rpc("getMessageArchiveIDsToImport", community) == [], "its import")
    assert member.texts(chat) == ["first"]

    # A round later there is one more, and only one.
    owner.rpc("sendChatMessage", {"chatId": chat, "text": "second", "contentType": 1})
    owner.rpc("updateMessageArchiveInterval", 1)
    owner.wait("historyArchivesCreated")
    downloaded = partial(member.rpc, "getDownloadedMessageArchiveIDs", community)
    eventually(lambda: len(downloaded()) == 2, "the second archive")
    ids = downloaded()
    member.killed_and_back()
    assert downloaded() == ids
    eventually(lambda: member.texts(chat) == ["second", "first"], "the import of what was downloaded")
