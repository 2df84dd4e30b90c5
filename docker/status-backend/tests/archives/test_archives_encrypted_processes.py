"""An encrypted community of whole backends: its keys outlive kill -9, its torrents are of use only to who has them."""

from __future__ import annotations

import base64
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from backend_process import PASSWORD
from chain_process import CHAIN, TOKEN, Chain
from profile_process import FLEET, ProfileProcess, eventually
from waku_process import WakuProcess

from status_backend.messenger import encryption
from status_backend.protocol import application, ids, payload
from status_backend.protocol.hash_ratchet_pb2 import HashRatchetMessage

COMMUNITY = {"name": "c", "description": "d", "color": "#887af9", "membership": 1, "historyArchiveSupportEnabled": True}
TEN = {"contract_addresses": {str(CHAIN): TOKEN}, "type": 1, "symbol": "TKN", "amountInWei": "10"}
MEMBERS_ONLY = 2
ACCEPTED = 3


@pytest.fixture
def waku(tmp_path: Path) -> Iterator[WakuProcess]:
    process = WakuProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def chain() -> Iterator[Chain]:
    chain = Chain()
    yield chain
    chain.stop()


@pytest.fixture
def profile(tmp_path: Path, waku: WakuProcess, chain: Chain) -> Iterator[Callable[[str], ProfileProcess]]:
    """Makes profiles with torrents enabled, who can ask the chain."""
    made: list[ProfileProcess] = []
    fleets = waku.fleets_file(FLEET, "16Uiu2HAm", "/ip4/127.0.0.1/tcp/1")

    def make(name: str) -> ProfileProcess:
        made.append(ProfileProcess(tmp_path / name, fleets, "torrent", networksOverride=[chain.network]))
        return made[-1]

    yield make
    for each in made:
        each.process.stop(signal.SIGKILL)


def wallet(profile: ProfileProcess) -> str:
    accounts = profile.process.rpc("accounts_getAccounts")["result"]
    return next(account["address"] for account in accounts if account["wallet"])


def join(profile: ProfileProcess, community_id: str) -> None:
    """With a wallet account whose ownership is proven."""
    query = {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True}
    eventually(lambda: profile.tries("fetchCommunity", query), "the community's description")
    me, address = profile.process.rpc("settings_getSettings")["result"]["public-key"], wallet(profile)
    (asked,) = profile.rpc("generateJoiningCommunityRequestsForSigning", me, community_id, [address])
    signatures = profile.rpc("signData", [{**asked, "password": PASSWORD}])
    request = {"communityId": community_id, "addressesToReveal": [address], "airdropAddress": address}
    profile.rpc("requestToJoinCommunity", {**request, "signatures": signatures})

    def accepted() -> bool:
        return profile.rpc("latestRequestToJoinForCommunity", community_id)["state"] == ACCEPTED

    eventually(accepted, "the acceptance")


def say(profile: ProfileProcess, chat: str, text: str) -> None:
    profile.rpc("sendChatMessage", {"chatId": chat, "text": text, "contentType": 1})


def relayed(waku: WakuProcess, chat: str) -> list[HashRatchetMessage]:
    """What the store has of a channel, as it was sent: what is said is hidden, under which key it is not."""
    query = {"contentTopics": ids.content_topic(chat), "pubsubTopic": "/waku/2/rs/16/32", "includeData": "true"}
    url = f"{waku.fleet.nodes[0].rest_url}/store/v3/messages"
    entries = requests.get(url, params={**query, "ascending": "true"}, timeout=10).json()["messages"]
    sealed = (base64.b64decode(entry["message"]["payload"]) for entry in entries)
    opened = (payload.decode(payload.open_symmetric(each, payload.symmetric_key(chat))).payload for each in sealed)
    return [HashRatchetMessage.FromString(application.unwrap(each).payload) for each in opened]


def test_keys_outlive_kill_9_and_torrents_need_them(profile, waku, chain):
    owner, member = profile("owner"), profile("member")
    created = owner.rpc("createCommunity", COMMUNITY)
    community_id, chat = created["communities"][0]["id"], created["chats"][0]["id"]
    permission = {"communityId": community_id, "type": MEMBERS_ONLY, "tokenCriteria": [TEN]}
    owner.rpc("createCommunityTokenPermission", permission)
    chain.give(TOKEN, wallet(member), 10)
    join(member, community_id)
    member.killed_and_back()  # as soon as the answer is here, whether the key is or not
    say(owner, chat, "first")
    owner.killed_and_back()  # the message is perhaps not sent yet
    eventually(lambda: member.texts(chat) == ["first"], "a message from before the kill")
    say(owner, chat, "second")
    eventually(lambda: member.texts(chat) == ["second", "first"], "a message from after the kill")
    say(member, chat, "third")
    eventually(lambda: owner.texts(chat) == ["third", "second", "first"], "what the member says")
    sent = relayed(waku, chat)
    assert len({message.key_id for message in sent}) == 1, "all under the one key that there was"
    assert [message.seq_no for message in sent] == [1, 2, 1], "the owner went on counting, the member has its own count"

    # The store forgets: what a late member reads of before comes from the torrent.
    owner.rpc("updateMessageArchiveInterval", 1)
    owner.wait("historyArchivesSeeding")
    waku.stop()
    for path in waku.directory.glob("store.sqlite3*"):
        path.unlink()
    waku.start()
    late = profile("late")
    chain.give(TOKEN, wallet(late), 11)
    join(late, community_id)
    eventually(lambda: sorted(late.texts(chat)) == ["first", "second", "third"], "the import of the archive")
    assert "community.historyArchiveDownloaded" in late.process.types()

    (folder,) = owner.process.data_dir.glob("data/archivedata/0x*")
    assert encryption.parse((folder / "index").read_bytes()) is not None
    for name in ("data", "index"):
        content = (folder / name).read_bytes()
        assert not any(told in content for told in (b"first", b"second", b"third", ids.topic(chat)))
