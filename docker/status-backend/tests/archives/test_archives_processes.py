"""Whole backends as processes, killed and started again, with a real Waku node and real Codex nodes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from profile_process import FLEET, ProfileProcess, eventually
from waku_process import WakuProcess


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[Path]:
    """The fleets file of one Waku node."""
    waku = WakuProcess(tmp_path)
    waku.start()
    yield waku.fleets_file(FLEET, "16Uiu2HAm", "/ip4/127.0.0.1/tcp/1")
    waku.stop()


@pytest.fixture(params=["codex", "torrent"])
def backends(request: pytest.FixtureRequest, tmp_path: Path, fleets: Path) -> Iterator[list[ProfileProcess]]:
    made = [ProfileProcess(tmp_path / name, fleets, request.param) for name in ("alice", "bobby")]
    yield made
    for backend in made:
        backend.process.stop(signal.SIGKILL)


def joined_community(owner: ProfileProcess, member: ProfileProcess) -> tuple[str, str]:
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


def test_killed_at_the_worst_moments(backends: list[ProfileProcess]) -> None:
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
