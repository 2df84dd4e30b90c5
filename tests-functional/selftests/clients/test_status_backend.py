"""The life of an account, as requests to the backend."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests

from clients.api import ApiHTTPError, ApiResponseError
from clients.status_backend import StatusBackend
from resources.constants import user_1


def sent(server, function):
    return next(body for name, body in reversed(server.calls) if name == function)


def test_initialize_application(server, journal):
    options = {"waku_fleets_config_file_path": "/fleets.json"}
    with StatusBackend(server.url, journal, data_dir="/data", init_options=options) as backend:
        assert backend.init_status_backend(log_level="INFO")["accounts"] is None
    assert sent(server, "InitializeApplication") == {
        "dataDir": "/data", "logEnabled": True, "logLevel": "INFO", "apiLoggingEnabled": True,
        "wakuFleetsConfigFilePath": "/fleets.json",
    }  # fmt: skip


def test_create_account(server, journal):
    with StatusBackend(server.url, journal, data_dir="/data", account_options={"waku_fleet": "test.fleet"}) as backend:
        backend.create_account_and_login(
            display_name="alice", password="Strong12345", waku_light_client=True, import_initial_delay=5,
            message_archive_interval=10, codex_config_enabled=True, wakuV2Nameserver="127.0.0.11", log_to_stderr=None,
        )  # fmt: skip
    request = sent(server, "CreateAccountAndLogin")
    assert (
        request["rootDataDir"] == "/data" and request["displayName"] == "alice" and request["password"] == "Strong12345"
    )
    assert request["kdfIterations"] == 256000 and request["customizationColor"] == "primary"
    assert request["importInitialDelay"] == 5 and request["messageArchiveInterval"] == 10
    assert request["codexConfigEnabled"] and request["wakuV2LightClient"]
    assert request["wakuV2Fleet"] == "test.fleet" and request["wakuV2Nameserver"] == "127.0.0.11"
    assert "logToStderr" not in request


def test_a_refused_account_says_why(backend, server):
    server.functions["CreateAccountAndLogin"] = lambda body: {"error": "create-account: invalid display name"}
    with pytest.raises(ApiResponseError, match="CreateAccountAndLogin on alice: create-account: invalid display name"):
        backend.create_account_and_login(display_name="x")


def test_a_backend_that_is_not_there(journal):
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        StatusBackend("http://127.0.0.1:1", journal)


def test_one_without_a_node_belongs_into_a_test(monkeypatch):
    monkeypatch.setattr(StatusBackend, "new_node", None)
    with pytest.raises(TypeError, match="a StatusBackend without a node is made inside a test"):
        StatusBackend(["node.login"])


def test_what_a_bare_url_cannot_do(server, journal):
    with StatusBackend(server.url, journal, name="alice", data_dir="/data") as backend:
        with pytest.raises(RuntimeError, match="alice was given by its URL: the harness has no hold on its process"):
            backend.container_pause()
    with pytest.raises(NotImplementedError, match="IPv6"):
        StatusBackend(server.url, journal, ipv6=True)


def test_answers_and_signals_are_checked_against_schemas(backend):
    backend.verify_json_schema("16Uiu2HAm3vFYHkGRURyJ6F7bwDyzMLtPEuCg4DU89T7km2u8Fjyb", "wakuext_peerID")
    backend.verify_json_schema({"port": 1234}, "signal_mediaserver.started")
    with pytest.raises(AssertionError, match="wakuext_peerID does not fit .*replies/wakuext_peerID.json"):
        backend.verify_json_schema(7, "wakuext_peerID")
    with pytest.raises(KeyError, match="no schema 'eth_nothing'"):
        backend.verify_json_schema({}, "eth_nothing")


def test_restore_from_a_user_or_a_mnemonic(backend, server):
    words = "south goat upgrade thumb rebel tape resemble account arctic relief action vanish"
    backend.restore_account_and_login(user=SimpleNamespace(passphrase=words, password="secret-password"))
    assert sent(server, "RestoreAccountAndLogin")["mnemonic"] == words
    assert sent(server, "RestoreAccountAndLogin")["password"] == "secret-password"
    backend.restore_account_and_login(mnemonic=words)
    with pytest.raises(ValueError, match="needs its mnemonic"):
        backend.restore_account_and_login(user=None)
    backend.restore_account_and_login()
    assert sent(server, "RestoreAccountAndLogin")["mnemonic"] == user_1.passphrase


def test_login_uses_the_account_that_was_used_last(backend, server, login_event):
    backend.create_account_and_login(password="Strong12345")
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)
    backend.logout()
    backend.login()
    assert sent(server, "LoginAccount") == {
        "password": "Strong12345", "keyUid": login_event["account"]["key-uid"], "kdfIterations": 256000,
    }  # fmt: skip


def test_login_needs_an_account(backend):
    with pytest.raises(ValueError, match="needs a key uid"):
        backend.login()


def test_logging_out_when_nobody_is_logged_in_is_no_error(backend, server):
    server.functions["Logout"] = lambda body: {"error": "failed to stop: there is no running node"}
    backend.logout()
    server.functions["Logout"] = lambda body: {"error": "disk on fire"}
    with pytest.raises(ApiResponseError, match="disk on fire"):
        backend.logout()


def test_functions_return_responses_to_whoever_wants_them(backend, server):
    server.functions["GetNodeConfig"] = lambda body: {"TorrentConfig": {"Enabled": False}}
    assert backend.get_node_config() == {"TorrentConfig": {"Enabled": False}}
    assert backend.api_request("Nothing").status_code == 404
    assert backend.api_valid_request("Logout").json() == {"error": ""}
    with pytest.raises(ApiHTTPError, match="HTTP status 404"):
        backend.api_valid_request("Nothing")


def test_health_of_both_ages(backend, server):
    assert backend.wait_for_healthy()["version"] == "1.2.3"
    server.has_health = False
    assert backend.wait_for_healthy() == {"version": "unknown"}


def test_a_node_is_asked_for_its_address_each_time(server, journal, tmp_path):
    class Node:
        name, log_path, data_path, asked = "carol", tmp_path / "carol.log", "/usr/status-user", []

        def url(self, port):
            self.asked.append(port)
            return server.url

        def logs(self, tail=None):
            return ["line"]

    node = Node()
    with StatusBackend(node, journal) as backend:
        assert (backend.name, backend.data_dir) == ("carol", "/usr/status-user")
        asked = len(node.asked)
        backend.health()
        assert len(node.asked) > asked and set(node.asked) == {"http"}
        assert backend.ws_url == server.url.replace("http", "ws")
        assert backend.rpc_url == f"{server.url}/statusgo/CallRPC"
    assert backend.connection() == "not connected"


def test_the_chat_key_of_a_name(backend, server):
    accounts = [{"name": "alice", "chat": False}, {"name": "alice", "chat": True, "public-key": "0x04aa"}]
    server.methods["accounts_getAccounts"] = lambda: {"result": accounts}
    assert backend.get_pubkey("alice") == "0x04aa"
    with pytest.raises(ValueError, match="no chat account named 'bob' on alice"):
        backend.get_pubkey("bob")


def test_no_secret_reaches_the_journal_file(backend, server, journal, login_event):
    words = login_event["settings"]["mnemonic"]
    server.methods["accounts_verifyPassword"] = lambda password: {"result": True}
    server.methods["accounts_getRandomMnemonic"] = lambda: {"result": words}
    server.methods["wakuext_broken"] = lambda: {"error": {"code": -32000, "message": 'cannot open with pass"word-1'}}
    backend.create_account_and_login(password='pass"word-1')
    backend.accounts_service.verify_password('pass"word-1')
    backend.accounts_service.get_random_mnemonic()
    with pytest.raises(ApiResponseError):
        backend.rpc_request("wakuext_broken")
    server.emit("node.login", login_event)
    backend.wait_for_login(timeout=5)
    journal.note("alice", f"the words are {words}")
    text = journal.path.read_text()
    assert text.count("<redacted>") >= 5
    for secret in ("word-1", words, "south goat"):
        assert secret not in text
    assert backend.mnemonic == words
