"""Replays the recorded exchanges with the original program, as far as they concern start, accounts and settings.

The recorded profile is restored from its mnemonic: keys, addresses and identities must be equal, not only alike.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

CONTRACT = Path(__file__).parent / "contract"

# What differs from run to run, or is ours by intent (see README): only its type counts.
VOLATILE = {
    "timestamp",
    "createdAt",
    "installation-id",
    "InstallationID",
    "last-backup",
    "signing-phrase",
    "port",
    # no chain, no public fleet, paths
    "Networks",
    "ClusterConfig",
    "DataDir",
    "TorrentDir",
    "LogDir",
    "VerifyTransactionURL",
    "VerifyENSURL",
}
# Sections that later versions added.
ADDED = {"CodexConfig", "LogosStorageConfig"}


def recording(name: str = "single-node") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CONTRACT / f"{name}.jsonl").open()]


def step(name: str) -> dict[str, Any]:
    return next(row for row in recording() if row.get("step") == name)


def login_events() -> list[dict[str, Any]]:
    return [row["signal"]["event"] for row in recording() if row.get("signal", {}).get("type") == "node.login"]


def assert_like(actual: Any, expected: Any, path: str = "", volatile: bool = False) -> None:
    """Same keys, same types, same order of lists; same values except below a volatile key."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), f"{path}: {actual!r}"
        if not volatile:
            assert actual.keys() - ADDED == expected.keys() - ADDED, path
        for key in expected.keys() & actual.keys():
            assert_like(actual[key], expected[key], f"{path}.{key}", volatile or key in VOLATILE)
    elif volatile:
        assert actual is None or expected is None or type(actual) is type(expected), f"{path}: {actual!r}"
    elif isinstance(expected, list):
        assert isinstance(actual, list) and len(actual) == len(expected), f"{path}: {actual!r}"
        for index, item in enumerate(expected):
            assert_like(actual[index], item, f"{path}[{index}]")
    else:
        assert (type(actual), actual) == (type(expected), expected), path


def replay(backend, name: str) -> Any:
    """Send the recorded request and compare the answer; $DATA stands for the data directory."""
    row = step(name)
    body = row["request"].get("body")
    text = json.dumps(body).replace("$DATA/alice2", str(backend.data_dir)) if body is not None else None
    answer = backend.call(row["request"]["path"].removeprefix("/statusgo/"), text)
    assert answer.status_code == row["http_status"]
    assert answer.headers["Content-Type"] == row.get("content_type", "application/json")
    assert_like(answer.json(), row["response"], name)
    return answer.json()


def restore(backend) -> dict[str, Any]:
    request = {
        **step("CreateAccountAndLogin")["request"]["body"],
        "rootDataDir": str(backend.data_dir),
        "logFilePath": str(backend.data_dir),
        "mnemonic": login_events()[0]["settings"]["mnemonic"],
    }
    return backend.login("RestoreAccountAndLogin", request)


def test_before_a_login(backend):
    replay(backend, "rpc-before-init")
    replay(backend, "CreateAccountAndLogin-invalid(no display name)")
    replay(backend, "InitializeApplication")
    assert_like(backend.wait("mediaserver.started"), recording()[5]["signal"])
    replay(backend, "InitializeApplication-invalid")
    fleets = backend.call("Fleets").json()
    assert fleets.keys() == step("Fleets")["response"].keys()


def test_unknown_endpoint(backend):
    row = step("unknown-endpoint")
    answer = requests.post(backend.url + row["request"]["path"], timeout=10)
    assert (answer.status_code, answer.text) == (row["http_status"], row["response"])


def test_a_new_account(backend):
    replay(backend, "InitializeApplication")
    recorded = step("CreateAccountAndLogin")["request"]["body"]
    event = backend.login("CreateAccountAndLogin", {**recorded, "rootDataDir": str(backend.data_dir)})
    expected = login_events()[0]
    assert event["settings"].keys() == expected["settings"].keys()
    assert event["account"].keys() == expected["account"].keys()
    assert len(event["settings"]["mnemonic"].split()) == 12
    types = backend.types()
    assert types.index("node.started") < types.index("node.ready") < types.index("node.login")
    assert types[: types.index("node.started")].count("mediaserver.started") == 2


def as_recorded(settings: dict[str, Any]) -> dict[str, Any]:
    """With the recorded alias and emoji, whose lists are not ours, and the mnemonic that a restored profile drops."""
    recorded = login_events()[0]["settings"]
    assert "mnemonic" not in settings
    ours = {key: settings[key] for key in ("name", "emojiHash")}
    assert [type(value) for value in ours.values()] == [str, list]
    return {**settings, **{key: recorded[key] for key in ("mnemonic", *ours)}}


def test_the_recorded_profile(backend):
    replay(backend, "InitializeApplication")
    event = restore(backend)
    assert_like({**event, "settings": as_recorded(event["settings"])}, login_events()[0])
    shown = [key for key in login_events()[0]["settings"] if key != "mnemonic"]
    assert list(event["settings"]) == shown  # in the same order

    for name in ("wallet_startWallet", "accounts_getAccounts", "accounts_getKeypairs", "GetNodeConfig", "unknown"):
        replay(backend, name)
    answer = backend.rpc("settings_getSettings")
    assert_like({**answer, "result": as_recorded(answer["result"])}, step("settings_getSettings")["response"])

    mark = len(backend.signals)
    replay(backend, "Logout")
    assert_like(backend.wait("node.stopped", after=mark), {"type": "node.stopped", "event": None})
    replay(backend, "rpc-after-logout")
    replay(backend, "InitializeApplication-after")

    mark = len(backend.signals)
    replay(backend, "LoginAccount-wrong-password")
    assert_like(backend.wait("node.login", after=mark)["event"], login_events()[1])

    mark = len(backend.signals)
    replay(backend, "LoginAccount")
    event = backend.wait("node.login", after=mark)["event"]
    assert_like({**event, "settings": as_recorded(event["settings"])}, login_events()[2])
    assert [kind for kind in backend.types(mark) if kind.startswith("node.")] == [
        "node.started",
        "node.ready",
        "node.login",
    ]
    replay(backend, "Logout-2")


def test_logout_returns_after_a_second_start_of_the_messenger(backend):
    """The recorded program hung here; all before that is as recorded."""
    again = next(
        r for r in recording("hang-logout-after-second-start-messenger") if r.get("step") == "startMessenger-again"
    )
    backend.create()
    assert "result" in backend.rpc("wakuext_startMessenger")
    assert_like(backend.rpc("wakuext_startMessenger"), again["response"])
    assert backend.call("Logout").json() == {"error": ""}
