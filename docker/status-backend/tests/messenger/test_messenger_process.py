"""The messenger in a backend that is a process of its own, and is killed."""

from __future__ import annotations

import json
import signal

import pytest
import requests

from status_backend.protocol import ids, signing

PASSWORD = "Strong12345"
COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 3}


def result(answer: dict) -> object:
    assert "error" not in answer, answer
    return answer["result"]


def is_sent(signals: list[dict], message_id: str) -> bool:
    return any(signal["event"]["ids"] == [message_id] for signal in signals if signal["type"] == "envelope.sent")


@pytest.mark.own_waku
def test_kill_9_loses_nothing_that_was_acknowledged(start_backend, waku, tmp_path):
    node = waku.fleet.nodes[0]
    store = {"id": node.peer_id, "enr": node.enr, "addr": node.addr, "fleet": "test", "restUrl": node.rest_url}
    config = tmp_path / "fleets.json"
    config.write_text(json.dumps({"test": {"clusterId": 16, "wakuNodes": [], "storeNodes": [store]}}))
    waku.stop()

    backend = start_backend()
    initialize = {"dataDir": str(backend.data_dir), "wakuFleetsConfigFilePath": str(config)}
    backend.call("InitializeApplication", initialize)
    account = {
        "rootDataDir": str(backend.data_dir),
        "displayName": "owner",
        "password": PASSWORD,
        "customizationColor": "primary",
        "kdfIterations": 10,
        "wakuV2Fleet": "test",
    }
    login = backend.login("CreateAccountAndLogin", account)
    created = result(backend.rpc("wakuext_createCommunity", COMMUNITY))
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    message = {"chatId": chat_id, "text": "acknowledged", "contentType": 1}
    message_id = result(backend.rpc("wakuext_sendChatMessage", message))["messages"][0]["id"]
    backend.stop(signal.SIGKILL)

    waku.start()
    backend = start_backend()
    backend.call("InitializeApplication", initialize)
    request = {"keyUid": login["account"]["key-uid"], "password": PASSWORD, "kdfIterations": 10}
    backend.login("LoginAccount", request)
    assert [c["id"] for c in result(backend.rpc("wakuext_joinedCommunities"))] == [community_id]
    history = result(backend.rpc("wakuext_chatMessages", chat_id, "", 10))["messages"]
    assert [(m["id"], m["text"]) for m in history] == [(message_id, "acknowledged")]
    with backend._arrived:
        assert backend._arrived.wait_for(lambda: is_sent(backend.signals, message_id), 20), backend.types()
    query = {"contentTopics": ids.content_topic(chat_id), "pubsubTopic": "/waku/2/rs/16/32"}
    assert len(requests.get(f"{node.rest_url}/store/v3/messages", params=query, timeout=10).json()["messages"]) == 1
    log = backend.log_path.read_text()
    assert PASSWORD not in log
    assert backend.stop() == 0


def test_sign_a_request_to_join(backend):
    """As recorded: the wallet account signs what is generated for it."""
    event = backend.create()
    me = event["settings"]["public-key"]
    wallet = next(a for a in result(backend.rpc("accounts_getAccounts")) if a["wallet"])
    community_id = "0x02b3db4c143d34ce427f6075183900a700246fee6b1575da9ea343728ecaeb95e7"
    generate = "wakuext_generateJoiningCommunityRequestsForSigning"
    (asked,) = result(backend.rpc(generate, me, community_id, [wallet["address"]]))
    assert asked["account"] == wallet["mixedcase-address"]
    (signature,) = result(backend.rpc("wakuext_signData", [{**asked, "password": PASSWORD}]))
    signer = signing.recover_personal(ids.from_hex(signature), ids.from_hex(asked["data"]))
    assert ids.address(signer) == wallet["address"]
    wrong = backend.rpc("wakuext_signData", [{**asked, "password": "wrong"}])
    assert wrong["error"] == {"code": -32000, "message": "could not decrypt key with given password"}
