"""Keypairs, accounts, settings and profiles beyond the first, as clients manage them by RPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from status_backend.accounts import derivation, keystore
from status_backend.accounts.derivation import ExtendedKey
from status_backend.accounts.keypairs import Keypairs
from status_backend.accounts.keystore import Keystore
from status_backend.api.accounts import AccountsService
from status_backend.api.settings import SettingsService
from status_backend.db import Database
from status_backend.node_config import NodeConfig
from status_backend.rpc import Dispatcher
from status_backend.settings import Settings

PHRASE = "test test test test test test test test test test test junk"
FIRST_ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"  # of this well-known phrase
PRIVATE_KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ITS_ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
PASSWORD = "Strong12345"
PROFILE = ExtendedKey.from_mnemonic("abandon " * 11 + "about")
WATCHED = {"type": "watch", "name": "watched"}


class Rpc:
    """The services over the databases of a fresh profile."""

    def __init__(self, directory: Path) -> None:
        db = Database.open(directory / "profile.db")
        keys = Keystore(directory / "keystore")
        keypairs = Keypairs(db)
        self.key_uid = derivation.key_uid(PROFILE.key)
        keypairs.add_profile(self.key_uid, "alice", PROFILE, "primary")
        paths = (derivation.PATH_MASTER, derivation.PATH_CHAT, derivation.PATH_DEFAULT_WALLET)
        keys.store([PROFILE.derive(path) for path in paths], PASSWORD)
        self.settings = Settings(db)
        self.keystore = keys
        self._dispatcher = Dispatcher()
        self._dispatcher.register(AccountsService(keypairs, keys))
        self._dispatcher.register(SettingsService(self.settings, NodeConfig(db, {})))
        self.close = db.close

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = asyncio.run(self._dispatcher.handle(json.dumps(request)))
        assert answer is not None
        return json.loads(answer)

    def __call__(self, method: str, *params: Any) -> Any:
        answer = self.ask(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, *params: Any) -> str:
        error = self.ask(method, *params)["error"]
        assert error["code"] == -32000, error
        return error["message"]

    def derived(self, index: int, master: ExtendedKey = PROFILE, key_uid: str = "") -> dict[str, Any]:
        path = f"{derivation.PATH_WALLET_ROOT}/{index}"
        address = derivation.address(master.derive(path).key)
        return {"address": address, "key-uid": key_uid or self.key_uid, "path": path, "name": f"account {index}"}


@pytest.fixture
def rpc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rpc]:
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)  # these tests are not about how long a guess takes
    made = Rpc(tmp_path)
    yield made
    made.close()


def seed_keypair(rpc: Rpc) -> dict[str, Any]:
    """Imported by its phrase, with the account that everybody knows."""
    rpc("accounts_importMnemonic", PHRASE, PASSWORD)
    master = ExtendedKey.from_mnemonic(PHRASE)
    key_uid = derivation.key_uid(master.key)
    account = {**rpc.derived(0, master, key_uid), "type": "seed", "emoji": "🦊", "colorId": "blue"}
    origin = derivation.address(master.key)
    return {"key-uid": key_uid, "name": "seed", "type": "seed", "derived-from": origin, "accounts": [account]}


def test_a_keypair_from_a_phrase(rpc):
    keypair = seed_keypair(rpc)
    rpc("accounts_addKeypair", PASSWORD, keypair)
    shown = rpc("accounts_getKeypairByKeyUID", keypair["key-uid"])
    (account,) = shown["accounts"]
    assert (account["address"], account["operable"], account["colorId"]) == (FIRST_ADDRESS, "fully", "blue")
    assert rpc("accounts_verifyKeystoreFileForAccount", FIRST_ADDRESS, PASSWORD) is True
    assert rpc("accounts_verifyKeystoreFileForAccount", FIRST_ADDRESS, "wrong") is False
    assert rpc("accounts_getAccountsByKeyUID", keypair["key-uid"]) == shown["accounts"]
    assert rpc.refusal("accounts_addKeypair", PASSWORD, keypair) == "accounts: keypair already added"

    rpc("accounts_updateKeypairName", keypair["key-uid"], "renamed")
    assert [pair["name"] for pair in rpc("accounts_getKeypairs")] == ["alice", "renamed"]
    assert "could not decrypt" in rpc.refusal("accounts_deleteKeypair", keypair["key-uid"], "wrong")
    rpc("accounts_deleteKeypair", keypair["key-uid"], PASSWORD)
    assert len(rpc("accounts_getKeypairs")) == 1
    assert not rpc.keystore.has(FIRST_ADDRESS) and not rpc.keystore.has(keypair["derived-from"])


def test_a_keypair_from_a_private_key(rpc):
    rpc("accounts_importPrivateKey", PRIVATE_KEY, PASSWORD)
    key_uid = derivation.key_uid(rpc.keystore.load(ITS_ADDRESS, PASSWORD))
    account = {"address": ITS_ADDRESS, "key-uid": key_uid, "path": "m"}
    keypair = {"key-uid": key_uid, "name": "one key", "type": "key", "derived-from": ITS_ADDRESS, "accounts": [account]}
    rpc("accounts_addKeypair", PASSWORD, keypair)
    assert rpc("accounts_getAccountByAddress", ITS_ADDRESS)["type"] == "key"
    rpc("accounts_deleteAccount", ITS_ADDRESS, PASSWORD)
    assert len(rpc("accounts_getKeypairs")) == 1 and not rpc.keystore.has(ITS_ADDRESS)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"accounts": []}, "cannot store keypair without accounts"),
        ({"type": "profile"}, "a keypair is of type seed or key"),
        ({"name": ""}, "needs a name"),
        ({"key-uid": "0x00"}, "different accounts' key uid"),
        ({"derived-from": "0x" + "11" * 20}, "no key for given address"),
    ],
)
def test_keypairs_in_disorder_are_refused(rpc, change, refusal):
    assert refusal in rpc.refusal("accounts_addKeypair", PASSWORD, {**seed_keypair(rpc), **change})
    assert len(rpc("accounts_getKeypairs")) == 1


@pytest.mark.parametrize("accounts", [["x"], [5], "x", [{"hidden": "x"}], [[]]])
def test_accounts_of_the_wrong_type(rpc, accounts):
    answer = rpc.ask("accounts_addKeypair", PASSWORD, {**seed_keypair(rpc), "accounts": accounts})
    assert answer["error"]["code"] == -32602
    assert answer["error"]["message"].startswith("invalid argument 1: json: cannot unmarshal ")


def test_accounts_of_the_profile(rpc):
    path = rpc("accounts_resolveSuggestedPathForKeypair", rpc.key_uid)
    assert path == f"{derivation.PATH_WALLET_ROOT}/1"
    rpc("accounts_addAccount", PASSWORD, rpc.derived(1))
    account = rpc("accounts_getAccountByAddress", rpc.derived(1)["address"].upper().replace("0X", "0x"))
    assert [account[key] for key in ("name", "type", "position", "wallet")] == ["account 1", "generated", 1, False]
    assert rpc("accounts_resolveSuggestedPathForKeypair", rpc.key_uid) == f"{derivation.PATH_WALLET_ROOT}/2"
    wrong = {**rpc.derived(2), "path": f"{derivation.PATH_WALLET_ROOT}/3"}
    assert rpc.refusal("accounts_addAccount", PASSWORD, wrong) == "accounts: the address is not that of the path"
    assert "no derivation path" in rpc.refusal("accounts_addAccount", PASSWORD, {**wrong, "path": "m/../x"})
    assert rpc.refusal("accounts_addAccount", PASSWORD, rpc.derived(1)) == "accounts: account already added"

    rpc("accounts_saveAccount", {**account, "name": "new name", "colorId": "red"})
    rpc("accounts_moveWalletAccount", 1, 0)
    wallets = [entry for entry in rpc("accounts_getAccounts") if not entry["chat"]]
    assert [(entry["name"], entry["position"]) for entry in wallets] == [("new name", 0), ("Account 1", 1)]
    assert "wrong position" in rpc.refusal("accounts_moveWalletAccount", 0, 7)
    for entry in rpc("accounts_getAccounts"):
        if entry["chat"] or entry["wallet"]:
            assert "cannot be removed" in rpc.refusal("accounts_deleteAccount", entry["address"], PASSWORD)
    assert "decrypt" in rpc.refusal("accounts_deleteAccount", account["address"], "wrong")
    rpc("accounts_deleteAccount", account["address"], PASSWORD)
    assert "not found" in rpc.refusal("accounts_getAccountByAddress", account["address"])


def test_capacities(rpc):
    assert rpc("accounts_remainingAccountCapacity") == 19
    assert rpc("accounts_remainingKeypairCapacity") == 4
    for number in range(3):
        assert rpc("accounts_remainingWatchOnlyAccountCapacity") == 3 - number
        rpc("accounts_addAccount", "", {**WATCHED, "address": "0x" + f"{number:040x}"})
    assert "no more" in rpc.refusal("accounts_remainingWatchOnlyAccountCapacity")
    assert "no more" in rpc.refusal("accounts_addAccount", "", {**WATCHED, "address": "0x" + "ab" * 20})
    watched = rpc("accounts_getWatchOnlyAccounts")
    assert [(account["operable"], account["key-uid"]) for account in watched] == [("no", "")] * 3
    rpc("accounts_deleteAccount", watched[0]["address"])
    assert rpc("accounts_remainingWatchOnlyAccountCapacity") == 1


def test_settings(rpc):
    for key, value in (("bio", "hello"), ("test-networks-enabled?", True), ("usernames", ["a"]), ("usernames", None)):
        assert rpc("settings_saveSetting", key, value) is None
        assert rpc("settings_getSettings")[key] == value
    for key, value in (("bio", 1), ("test-networks-enabled?", "yes"), ("test-networks-enabled?", None), ("nope", 1)):
        assert key in rpc.refusal("settings_saveSetting", key, value)


def test_a_mnemonic_is_only_ever_removed(rpc):
    rpc.settings.set("mnemonic", PHRASE)
    assert "cannot be changed" in rpc.refusal("settings_saveSetting", "mnemonic", PHRASE)
    rpc("settings_saveSetting", "mnemonic", "")
    assert "mnemonic" not in rpc("settings_getSettings")
    rpc("settings_saveSetting", "mnemonic-removed?", True)


def test_notification_settings(rpc):
    assert rpc("settings_notificationsGetAllowNotifications") is True
    assert rpc("settings_notificationsGetVolume") == 50
    rpc("settings_notificationsSetOneToOneChats", "TurnOff")
    assert rpc("settings_notificationsGetOneToOneChats") == "TurnOff"
    assert "DeliverQuietly" in rpc.refusal("settings_notificationsSetGroupChats", "Shout")
    assert "0 to 100" in rpc.refusal("settings_notificationsSetVolume", 101)
    assert rpc.ask("settings_notificationsSetVolume", "loud")["error"]["code"] == -32602
    assert not any("otification" in key for key in rpc("settings_getSettings"))
