"""Replays what was recorded of the original program: every request in its order, every answer and every signal.

It was recorded when archives travelled by torrent only, so that is the dialect that our nodes speak here.
Where ours differs on purpose the tables below say why; an entry that no longer holds is a failure as well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backend_process import BackendProcess
from replay import Replay, recording, shape
from waku_process import WakuProcess

from status_backend.archives.dialect import VARIABLE

# Different from profile to profile: keys and types are compared, of a list the first item.
VARIES = {
    "*.port": "the kernel chooses it",
    "*.mnemonic": "random",
    "*.signing-phrase": "random",
    "*.alias": "three words from lists of our own",
    "*.settings.name": "the alias",
    "settings_getSettings.result.name": "the alias",
    "*.emojiHash": "emoji from a list of our own; one code point each, where the original's may have several",
    "*.colorHash": "of the key; equal where the key is, see test_the_recorded_profile",
    "*.colorId": "of the key",
    "accounts_*.emoji": "random in the original",
    "wakuext_enr.result": "of the node's key, which is new at each login",
}

FLEET = "no public fleet is built in: a fleet is named by wakuFleetsConfigFilePath"
CHAIN = "there is no chain"
LATER = "sections for the storage nodes of later generations"
NO_WAKU = "this node is a client of the fleet's Waku nodes and listens to nobody"
IDENTICON = "no identicons are drawn"

SINGLE_NODE = {
    "Fleets.*": FLEET,
    "*essenger*.result.mailservers": FLEET,
    "GetNodeConfig*.ClusterConfig.*": FLEET,
    "GetNodeConfig*.Networks": CHAIN,
    "GetNodeConfig*.ShhextConfig.Verify*URL": CHAIN,
    "GetNodeConfig*.CodexConfig": LATER,
    "GetNodeConfig*.LogosStorageConfig": LATER,
    "wakuext_listenAddresses.result": NO_WAKU,
    "*.lastMessage.identicon": IDENTICON,
    "messages.new:51": "two publications of the next second in one signal; ours are told one by one",
}

BATCHED = "the original gathers what it received for up to a second into one signal; ours tells it at once"
STATUS = "a status is told when it is set, not every few minutes"
SYNCED = "marks of what was fetched from the store: ours are there once it was, the original tells them apart and later"
TWO_NODES = {
    "wakuext_listenAddresses.result": NO_WAKU,
    "*peers.result*": "what a peer speaks: libp2p protocols there, the Waku node's REST interface here",
    "messages.new:31": BATCHED,
    "messages.new:37": SYNCED,
    "messages.new:57.communities": BATCHED,
    "messages.new:57.statusUpdates": STATUS,
    "messages.new:57.updatedProfileShowcaseContactIDs": "no profile showcases",
    "messages.new:58.communities": BATCHED,
    "messages.new:60": STATUS,
    "messages.new:74": SYNCED,
    "messages.new:77": SYNCED,
    "*.syncedTo": SYNCED,
    "*.syncedFrom": SYNCED,
    "history.request.started:*.numBatches": "ours asks for all content topics at once",
    "*.revealedAccounts[[]0].chain_ids": CHAIN,
    "*.revealedAccounts[[]0].signature": "of an id that is not the recorded one",
    "*.activityCenterState.updatedAt": "the time of the notification, not 0",
    "*.lastMessage.identicon": IDENTICON,
    "wakuext_sendChatMessage.result.chats*.members": "all members, not those of before the join",
    "messages.new:70.chats*.members": "as above",
    "*.firstMessageTimestamp": "set with the first message, whoever wrote it",
    "wakuext_chatMessages.result.messages[[]0].outgoingStatus": "sent by then; the original waits for the next check",
}
# Signals of ours beyond the recorded ones.
OURS_ONLY = {
    "mediaserver.started": "told at each InitializeApplication, for who came to listen since",
    "envelope.sent": "recorded only where the original's node had peers to confirm it",
    "messages.new": BATCHED,
    "wakuv2.peerstats": "periodic, and left out of the recordings",
    "mailserver.available": "a store node is found anew after each login",
    "history.request.started": "the store is asked on subscription as well",
    "history.request.completed": "as above",
}

ENABLE = {"jsonrpc": "2.0", "id": 1, "method": "wakuext_enableCommunityHistoryArchiveProtocol", "params": []}
CRASH = {
    "wakuext_startMessenger.result.mailservers": FLEET,
    "wakuext_enableCommunityHistoryArchiveProtocol": "this is what ended the original",
}
HANG = {"wakuext_startMessenger.result.mailservers": FLEET}

Nodes = Callable[..., dict[str, BackendProcess]]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    """Start backends, each in a directory of its name."""
    started: dict[str, BackendProcess] = {}

    def start(*names: str, **env: str) -> dict[str, BackendProcess]:
        for name in names:
            (tmp_path / name).mkdir()
            started[name] = BackendProcess(tmp_path / name, {VARIABLE: "torrent", **env})
        return started

    yield start
    ended = [node.stop() for node in started.values()]
    assert ended == [0] * len(ended)


def test_one_node(nodes: Nodes):
    Replay(recording("single-node"), nodes("alice2"), SINGLE_NODE, VARIES, OURS_ONLY).run()


def test_two_nodes(nodes: Nodes, tmp_path: Path):
    waku = WakuProcess(tmp_path)
    waku.start()
    try:
        began = time.monotonic()
        both = nodes("alice3", "bob3")
        # All that is recorded from the community's creation to its last message has to come before the first archive.
        # It takes about half as long as two backends need to start, on this machine at this moment.
        interval = max(3, math.ceil(3 * (time.monotonic() - began)))
        fleet = "status.prod"
        address = "/ip4/127.0.0.1/tcp/60001/p2p/16Uiu2HAmBoM9XFDyryhxxSYUeUtbrt11159ENstGGzJdoABYbURp"
        added = {
            "InitializeApplication": {"wakuFleetsConfigFilePath": str(waku.fleets_file(fleet, "refstore", address))},
            # The recorded program was built with a short interval and without a delay.
            "CreateAccountAndLogin": {
                "wakuV2Fleet": fleet,
                "messageArchiveInterval": interval,
                "importInitialDelay": 0,
            },
        }
        replay = Replay(recording("two-nodes-torrent-archive"), both, TWO_NODES, VARIES, OURS_ONLY, added)
        replay.patience += 2 * interval
        replay.run()
        for name, node in both.items():  # and in this order
            recorded = [row["signal"]["type"] for row in replay.rows if "signal" in row and row["node"] == name]
            assert archive_types(node.types()) == archive_types(recorded)
    finally:
        waku.stop()


def archive_types(types: list[str]) -> list[str]:
    return [kind for kind in types if "istoryArchive" in kind]


def test_enabling_archives_without_a_store_node_does_not_end_the_process(nodes: Nodes):
    """The recorded program signalled that they are enabled and ended with code 2."""
    started = nodes("crash2")
    rows = [row for row in recording("crash-enable-without-store-node") if "note" not in row]
    rows[-1].update(request={"path": "/statusgo/CallRPC", "body": ENABLE}, response={}, http_status=200, ms=15)
    Replay(rows, started, CRASH, VARIES, OURS_ONLY).run()
    assert started["crash2"].rpc("wakuext_communities")["result"]


def test_logout_returns_after_a_second_start_of_the_messenger(nodes: Nodes):
    """The recorded program did not answer here."""
    started = nodes("hang2")
    Replay(recording("hang-logout-after-second-start-messenger"), started, HANG, VARIES, OURS_ONLY).run()
    assert started["hang2"].call("Logout").json() == {"error": ""}
    started["hang2"].wait("node.stopped")


def test_the_recorded_profile(nodes: Nodes):
    """Restored from its mnemonic, keys, addresses and colours are the recorded ones, not only alike."""
    (node,) = nodes("alice2").values()
    rows = recording("single-node")
    create = next(row["request"]["body"] for row in rows if row.get("step") == "CreateAccountAndLogin")
    expected = next(row["signal"]["event"] for row in rows if row.get("signal", {}).get("type") == "node.login")
    phrase = expected["settings"].pop("mnemonic")  # a restored profile does not keep it
    request = {**create, "rootDataDir": str(node.data_dir), "mnemonic": phrase}
    event = node.login("RestoreAccountAndLogin", request)
    assert list(event["settings"]) == list(expected["settings"])  # in the same order
    for key in ("name", "emojiHash", "installation-id", "signing-phrase", "last-backup"):
        assert shape(event["settings"].pop(key)) == shape(expected["settings"].pop(key)), key
    assert event["account"].pop("timestamp") > 0 and expected["account"].pop("timestamp") > 0
    assert event == expected
