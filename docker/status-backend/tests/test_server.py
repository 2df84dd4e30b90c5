"""The process as a whole: command line, HTTP, signals, ends, and what it leaves on disk."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import signal
import subprocess
import sys

import aiohttp
import pytest
import requests
import websocket
from backend_process import NODE, PASSWORD

from status_backend import server
from status_backend.__main__ import parser
from status_backend.api import statusgo
from status_backend.backend import Backend


def wait_rpc(backend, method: str, *params):
    answer = backend.rpc(method, *params)
    assert "result" in answer, answer
    return answer["result"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nope"], "--nope"),
        (["--address", "nowhere"], "HOST:PORT was expected, not 'nowhere'"),
        (["--address", "127.0.0.1:99999"], "HOST:PORT"),
        (["--log-level", "loud"], "unknown level 'loud'"),
    ],
)
def test_bad_options_are_named(capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_port_in_use_is_said(idle_backend):
    address = idle_backend.url.removeprefix("http://")
    command = [sys.executable, "-m", "status_backend", "--address", address, "--pprof", "true"]
    done = subprocess.run(command, cwd=NODE, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"cannot serve on {address}" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(backend, number):
    backend.create()
    backend.process.send_signal(number)
    backend.wait("node.stopped")  # listeners hear of it
    assert backend.stop(number) == 0
    log = backend.log_path.read_text()
    assert "logged out" in log and "Traceback" not in log


def test_health(idle_backend):
    for method in ("GET", "POST"):
        answer = requests.request(method, idle_backend.url + "/health", data="[]", timeout=10)
        assert answer.json().keys() == {"version"}


def test_functions_with_several_arguments_are_not_served(idle_backend):
    answer = idle_backend.call("VerifyAccountPassword")
    assert (answer.status_code, answer.content) == (501, b"")


def test_functions_that_are_not_served_say_so_and_the_readme_lists_them(idle_backend):
    readme = (NODE / "README.md").read_text()
    for name, reason in statusgo.UNSERVED.items():
        answer = idle_backend.call(name, "{}")
        assert (answer.status_code, answer.json()) == (200, {"error": f"{name} {reason}"})
        row = next(line for line in readme.splitlines() if f"`{name}`" in line)
        assert row.endswith(f"| `{reason}` |")
    for name in statusgo.NOT_IMPLEMENTED:
        assert f"`{name}`" in readme


def test_every_function_that_is_served_is_in_the_readme():
    readme = (NODE / "README.md").read_text()
    served = statusgo.functions(Backend("127.0.0.1")).keys() - statusgo.UNSERVED
    assert [name for name in served if f"`{name}`" not in readme] == []


def test_signals_wants_a_websocket(idle_backend):
    assert requests.get(idle_backend.url + "/signals", timeout=10).status_code == 400


def test_signals_reach_every_listener_and_are_not_replayed(backend):
    backend.create()
    late = websocket.create_connection(backend.url.replace("http", "ws") + "/signals", timeout=10)
    backend.call("Logout")
    backend.wait("node.stopped")
    assert json.loads(late.recv()) == {"type": "node.stopped", "event": None}
    late.close()


def test_a_listener_that_does_not_read_is_dropped_alone(monkeypatch):
    monkeypatch.setattr(server, "SIGNAL_WRITE_SECONDS", 0.5)

    async def scenario() -> None:
        backend = Backend("127.0.0.1")
        serving = server.Server(backend)
        await serving.start("127.0.0.1", 0)
        deaf_reader, deaf_writer = await asyncio.open_connection("127.0.0.1", serving.port, limit=1024)
        deaf_writer.write(
            b"GET /signals HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b"101" in await deaf_reader.readline()
        async with aiohttp.ClientSession() as client:
            async with client.ws_connect(f"http://127.0.0.1:{serving.port}/signals", max_msg_size=0) as good:
                for number in range(40):
                    backend.signals.emit("test", {"number": number, "padding": "x" * 500_000})
                for number in range(40):
                    assert (await good.receive_json())["event"]["number"] == number
                async with asyncio.timeout(10):
                    while serving.listeners > 1:
                        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionError):
            while True:  # drained now: what was sent in time comes, then the connection is found broken
                if not await deaf_reader.read(2**20):
                    raise ConnectionResetError
        deaf_writer.close()
        await backend.close()
        await serving.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("function", "body", "error"),
    [
        ("InitializeApplication", "", "unexpected end of JSON input"),
        (
            "InitializeApplication",
            "[]",
            "json: cannot unmarshal array into Go value of type requests.InitializeApplication",
        ),
        ("InitializeApplication", {"dataDir": "x", "logLevel": "loud"}, "invalid log level: loud"),
        (
            "CreateAccountAndLogin",
            {"displayName": 5},
            "json: cannot unmarshal number into Go struct field CreateAccount.displayName",
        ),
        ("CreateAccountAndLogin", {"displayName": "alice_node"}, "create-account: invalid password"),
        ("CreateAccountAndLogin", {"displayName": "al"}, "create-account: invalid display name"),
        ("CreateAccountAndLogin", {"displayName": "alice_eth"}, "create-account: invalid display name"),
        ("CreateAccountAndLogin", {"displayName": "   "}, "create-account: invalid display name"),
        ("CreateAccountAndLogin", "null", "create-account: invalid display name"),
        ("CreateAccountAndLogin", "{nope", "invalid character 'n' looking for beginning of object key string"),
        ("InitializeApplication", "null", "initialize-centralized-metric: no dataDir"),
        ("RestoreAccountAndLogin", {"mnemonic": "a b", "displayName": "al"}, "create-account: invalid display name"),
        ("RestoreAccountAndLogin", {"mnemonic": "a b"}, "create-account: invalid password"),
        ("RestoreAccountAndLogin", {"displayName": "alice_node"}, "restore-account: invalid mnemonic"),
        ("LoginAccount", {"password": "x"}, "login: invalid key uid"),
        ("Logout", None, "there is no running node"),
        ("GetNodeConfig", None, "there is no running node"),
        ("OpenAccounts", "", "open-accounts: no data dir"),
        ("CompressPublicKey", "0x04", "failed to decode public key"),
        ("DecompressPublicKey", "0x04", "key is not 33 bytes long"),
        ("ChangeDatabasePasswordV2", {"keyUID": "0x"}, "change-database-password: invalid oldPassword"),
    ],
)
def test_bad_input_is_refused_with_a_reason(idle_backend, function, body, error):
    answer = idle_backend.call(function, body)
    assert answer.status_code == 200
    assert answer.json()["error"].startswith(error)


def test_body_that_is_no_text(idle_backend):
    assert idle_backend.call("CallRPC", b"\xff").json()["error"].startswith("body is not UTF-8")


def test_rpc_before_a_login(backend):
    backend.call("InitializeApplication", {"dataDir": str(backend.data_dir)})
    assert backend.rpc("wakuext_chats")["error"] == {
        "code": -32601,
        "message": "the method wakuext_chats does not exist/is not available",
    }


def test_helpers(backend):
    phrase = backend.call("GetRandomMnemonic").text
    assert backend.call("ValidateMnemonic", phrase).json()["error"] == ""
    assert backend.call("ValidateMnemonic", phrase + " zoo").json()["error"] != ""
    public_key = backend.create()["settings"]["public-key"]
    compressed = backend.call("CompressPublicKey", public_key).text
    assert compressed[:4] in ("0x02", "0x03")
    assert backend.call("DecompressPublicKey", compressed).text == public_key
    assert (
        backend.call("SerializeLegacyKey", public_key).text
        == wait_rpc(backend, "settings_getSettings")["compressedKey"]
    )
    request = {"key": "0xe701" + compressed[2:], "outBase": "z"}
    assert backend.call("MultiformatSerializePublicKey", request).text.startswith("zQ3")


def test_several_accounts_in_one_directory(backend):
    first = backend.create(displayName="first_name")
    assert backend.login("LoginAccount", {"keyUid": first["account"]["key-uid"], "password": PASSWORD}) == {
        "error": "node is already running"
    }
    backend.call("Logout")
    second = backend.create(displayName="second_name", password="another")
    assert first["settings"]["public-key"] != second["settings"]["public-key"]
    backend.call("Logout")
    listed = backend.call("InitializeApplication", {"dataDir": str(backend.data_dir)}).json()["accounts"]
    assert {account["name"] for account in listed} == {"first_name", "second_name"}
    assert backend.call("OpenAccounts", str(backend.data_dir)).json() == listed
    for account, password in ((first, PASSWORD), (second, "another")):
        event = backend.login("LoginAccount", {"keyUid": account["account"]["key-uid"], "password": password})
        assert event["settings"] == account["settings"]
        assert wait_rpc(backend, "accounts_getKeypairs")[0]["name"] == account["account"]["name"]
        backend.call("Logout")
    assert "account not found" in backend.login("LoginAccount", {"keyUid": "0x00", "password": "x"})["error"]


def test_one_of_several_accounts_is_deleted(backend):
    first, second = backend.create(displayName="first_name"), None
    key_uid = first["account"]["key-uid"]
    assert "is logged in" in backend.call("DeleteMultiaccountV2", {"keyUID": key_uid}).json()["error"]
    backend.call("Logout")
    second = backend.create(displayName="second_name", password="another")
    for named in ({"keyUID": key_uid}, {"address": first["settings"]["dapps-address"]}):
        for function in ("VerifyAccountPasswordV2", "VerifyDatabasePasswordV2"):
            assert backend.call(function, {**named, "password": PASSWORD}).json() == {"error": ""}
            assert "could not decrypt" in backend.call(function, {**named, "password": "another"}).json()["error"]
    assert backend.call("DeleteMultiaccountV2", {"keyUID": key_uid}).json() == {"error": ""}
    assert backend.call("OpenAccounts", str(backend.data_dir)).json() == [second["account"]]
    assert not [path for path in backend.data_dir.rglob("*") if key_uid in path.name]
    assert wait_rpc(backend, "settings_getSettings") == second["settings"]


def test_an_account_is_restored_once(backend):
    phrase = backend.call("GetRandomMnemonic").text
    request = {
        "rootDataDir": str(backend.data_dir),
        "password": PASSWORD,
        "customizationColor": "blue",
        "mnemonic": phrase,
    }
    event = backend.login("RestoreAccountAndLogin", request)
    assert "mnemonic" not in event["settings"]
    assert event["account"]["name"] == event["settings"]["name"]  # the alias, without a display name
    backend.call("Logout")
    assert backend.login("RestoreAccountAndLogin", request) == {"error": "account already exists"}
    assert "error" not in backend.login("LoginAccount", {"keyUid": event["account"]["key-uid"], "password": PASSWORD})


def test_password_change(backend):
    account = backend.create()["account"]
    change = {"keyUID": account["key-uid"], "oldPassword": "wrong", "newPassword": "new one"}
    assert backend.call("ChangeDatabasePasswordV2", change).json() == {
        "error": "could not decrypt key with given password"
    }
    assert wait_rpc(backend, "accounts_verifyPassword", PASSWORD) is True  # still logged in
    change["oldPassword"] = PASSWORD
    assert backend.call("ChangeDatabasePasswordV2", change).json() == {"error": ""}
    login = {"keyUid": account["key-uid"], "password": PASSWORD}
    assert "file is not a database" in backend.login("LoginAccount", login)["error"]
    assert "error" not in backend.login("LoginAccount", {**login, "password": "new one"})
    assert wait_rpc(backend, "accounts_verifyPassword", PASSWORD) is False
    assert sorted(path.name for path in backend.data_dir.iterdir() if "rekey" in path.name) == []


def test_settings(backend):
    backend.create()
    assert wait_rpc(backend, "settings_saveSetting", "currency", "eur") is None
    assert wait_rpc(backend, "settings_getSettings")["currency"] == "eur"
    for key, value in (("nope", 1), ("public-key", "0x04"), ("currency", 1)):
        assert backend.rpc("settings_saveSetting", key, value)["error"]["code"] == -32000
    assert wait_rpc(backend, "settings_nodeConfig") == backend.call("GetNodeConfig").json()


def test_what_a_profile_says_of_itself(backend):
    key_uid = backend.create()["account"]["key-uid"]
    for method, value in (("setDisplayName", " new name "), ("setBio", "born today")):
        assert wait_rpc(backend, f"wakuext_{method}", value) is None
    color = {"customizationColor": "army", "keyUid": key_uid}
    assert wait_rpc(backend, "wakuext_setCustomizationColor", color) is None
    for method, value, error in (
        ("setDisplayName", "ab", "only letters, numbers, underscores and hyphens allowed"),
        ("setDisplayName", "alice_eth", 'usernames ending with "eth" are not allowed'),
        ("setBio", "x" * 241, "invalid bio"),
        ("setCustomizationColor", {**color, "keyUid": "0x1"}, "account not found"),
    ):
        assert backend.rpc(f"wakuext_{method}", value)["error"] == {"code": -32000, "message": error}
    settings = wait_rpc(backend, "settings_getSettings")
    assert (settings["display-name"], settings["bio"]) == ("new name", "born today")
    (listed,) = backend.call("OpenAccounts", str(backend.data_dir)).json()
    assert (listed["name"], listed["customizationColor"]) == ("new name", "army")


def test_the_missing_fleet_is_told(backend):
    config = str(backend.data_dir / "fleets.json")
    backend.call("InitializeApplication", {"dataDir": str(backend.data_dir), "wakuFleetsConfigFilePath": config})
    event = backend.create(wakuV2Fleet="status-go.test")
    assert event["error"].startswith(f"waku fleets config {config}: ")
    assert backend.call("Logout").json() == {"error": "there is no running node"}
    assert backend.call("OpenAccounts", str(backend.data_dir)).json() is None  # no half-made profile


def test_killed_right_after_login_it_starts_again(start_backend):
    backend = start_backend()
    account = backend.create()
    backend.process.kill()
    backend.process.wait()
    again = start_backend()
    assert again.call("InitializeApplication", {"dataDir": str(again.data_dir)}).json()["accounts"] == [
        account["account"]
    ]
    event = again.login("LoginAccount", {"keyUid": account["account"]["key-uid"], "password": PASSWORD})
    assert event["settings"] == account["settings"]


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_secret_is_readable_on_disk(backend, killed):
    """Only what a login screen shows is readable, and only in accounts.sql; the logs tell no secret either."""
    event = backend.create(logEnabled=True, logLevel="DEBUG", logDir=str(backend.data_dir))
    settings = event["settings"]
    wait_rpc(backend, "accounts_verifyPassword", PASSWORD)
    imported = [wait_rpc(backend, "accounts_getRandomMnemonic"), "4c0883a69102937d6231471b5dbb6204" * 2]
    wait_rpc(backend, "accounts_importMnemonic", imported[0], PASSWORD)
    wait_rpc(backend, "accounts_importPrivateKey", imported[1], PASSWORD)
    for method in ("accounts_importMnemonic", "accounts_importPrivateKey", "settings_saveSetting"):
        assert "error" in backend.rpc(method, imported[1][1:], "another secret")
    backend.call("RestoreAccountAndLogin", {"mnemonic": imported[0], "password": "another secret"})
    backend.call("VerifyAccountPasswordV2", {"keyUID": event["account"]["key-uid"], "password": "another secret"})
    if killed:
        backend.process.kill()
    backend.stop()
    secrets = [PASSWORD, settings["mnemonic"], settings["installation-id"], settings["signing-phrase"]]
    secrets += [*imported, imported[1][1:], "another secret"]
    hidden = [settings["public-key"], settings["compressedKey"], "display-name", "dapps-address", "SQLite format 3"]
    files = [path for path in backend.directory.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    key_uid = event["account"]["key-uid"]
    assert names >= {"accounts.sql", f"{key_uid}-v4.db", f"{key_uid}-wallet.db", "geth.log"}
    for path in files:
        data = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in data, f"{secret!r} is readable in {path.name}"
        if path.suffix == ".db" or path.name.endswith("-wal") and "accounts" not in path.name:
            for text in hidden:
                assert text.encode() not in data, f"{text!r} is readable in {path.name}"
    readable = [path.name for path in files if b"alice_node" in path.read_bytes()]
    assert all(name.startswith("accounts.sql") for name in readable) and readable


def test_many_callers_at_once(backend):
    backend.create()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: backend.rpc("accounts_getAccounts"), range(100)))
    assert all(answer == answers[0] and answer["result"] for answer in answers)


def test_import_is_light():
    """The libraries of messenger and archives are loaded at login, and those of keys with the first key."""
    late = ("trio", "libp2p", "codex", "libtorrent", "google", "httpx", "Crypto", "cryptography", "eth_hash")
    script = f"import sys, status_backend.__main__; print([m for m in {late} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=NODE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_archive_options_of_the_request_reach_the_node_config_and_stay(backend):
    account = backend.create(codexConfigBootstrapNode="spr:abc", torrentConfigPort=9025, messageArchiveInterval=60)[
        "account"
    ]
    before = backend.call("GetNodeConfig").json()
    assert before["CodexConfig"]["CodexNodeConfig"]["BootstrapNodes"] == ["spr:abc"]
    assert before["TorrentConfig"]["Port"] == 9025
    assert wait_rpc(backend, "wakuext_getMessageArchiveInterval") == 60 * 10**9
    backend.call("Logout")
    backend.login("LoginAccount", {"keyUid": account["key-uid"], "password": PASSWORD})
    assert backend.call("GetNodeConfig").json() == before
    assert wait_rpc(backend, "wakuext_getMessageArchiveInterval") == 60 * 10**9
