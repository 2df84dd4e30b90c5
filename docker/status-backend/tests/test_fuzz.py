"""Whatever an RPC method is given, it answers by JSON-RPC, the process lives on and the profile stays whole."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import requests
from backend_process import DEADLINE, PASSWORD, BackendProcess
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import rpc_table

COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 3}
# A valid argument may undo what the test looks for in the end, which is what these are for.
DESTRUCTIVE = (
    "leaveCommunity",
    "deleteMessage",
    "deleteMessageAndSend",
    "clearHistory",
    "deactivateChat",
    "editMessage",
)
EXAMPLES = 5
CODES = {-32000, -32600, -32601, -32602}

HUGE = "x" * 100_000
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "0x", "0x00", "nope", "\0", "\ud800", "🐰", "' OR 1=1 --", "../..", HUGE, "0x" + "ff" * 33]
    ),
    st.text(max_size=20),
)
NUMBERS = st.one_of(st.sampled_from([0, -1, 2**31, 2**63 - 1, 2**63, -(2**63), 10**400]), st.floats(allow_nan=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)

FIELDS = sorted(
    """id message chatId chat_id message_id messageId communityId categoryId categoryName chatIds text contentType
    responseTo name description color membership tags identity permissions display_name access addressesToReveal
    airdropAddress signatures communityKey tryDatabase waitForResponse preference user role mutedType cursor limit
    address key-uid type path public-key derived-from accounts data account password emoji pinned nickname displayName
    CodexNodeConfig.DiscoveryPort CodexNodeConfig.DataDir activityTypes readType position""".split()
)


class Fuzzed:
    """A backend with a profile that has something to lose."""

    def __init__(self, backend: BackendProcess) -> None:
        self.backend = backend
        self.me = backend.create()["settings"]["public-key"]
        created = self.result("wakuext_createCommunity", COMMUNITY)
        self.community, self.chat = created["communities"][0]["id"], created["chats"][0]["id"]
        message = {"chatId": self.chat, "text": "to be kept", "contentType": 1}
        self.message = self.result("wakuext_sendChatMessage", message)["messages"][0]["id"]
        self.before = self.kept()

    def result(self, method: str, *params: Any) -> Any:
        answer = self.backend.rpc(method, *params)
        assert "result" in answer, answer
        return answer["result"]

    def ask(self, method: str, params: Any) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = requests.post(f"{self.backend.url}/statusgo/CallRPC", data=body, timeout=DEADLINE)
        assert answer.status_code == 200, f"{method} {body[:200]}: HTTP {answer.status_code}"
        return answer.json()

    def ids(self) -> list[str]:
        """Of what there is, and nearly so."""
        return [self.me, self.me.upper(), self.community, self.community[:-1], self.chat, self.chat + "x", self.message]

    def kept(self) -> list[Any]:
        """What no bad request may change."""
        settings = self.result("settings_getSettings")
        keys = self.result("accounts_getKeypairs")[0]
        return [
            {key: settings[key] for key in ("public-key", "mnemonic", "key-uid", "address", "installation-id")},
            [account["address"] for account in keys["accounts"]][:2],
            [community["id"] for community in self.result("wakuext_joinedCommunities")][:1],
            self.result("wakuext_messageByMessageID", self.message)["text"],
            self.result("accounts_verifyPassword", PASSWORD),
        ]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    backend = BackendProcess(tmp_path_factory.mktemp("fuzzed"))
    yield Fuzzed(backend)
    assert backend.stop() == 0


def served(fuzzed: Fuzzed) -> list[str]:
    """Without the methods of the dialects that this backend does not speak."""
    unknown = "does not exist/is not available"
    return [name for name in rpc_table.methods() if unknown not in json.dumps(fuzzed.ask(name, "none"))]


def anything(fuzzed: Fuzzed) -> st.SearchStrategy[Any]:
    """Scalars, ids that nearly exist, and objects with fields of the names that requests have."""
    leaves, names = st.one_of(SCALARS, st.sampled_from(fuzzed.ids())), st.sampled_from(FIELDS)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
        max_leaves=6,
    )


def mostly(usual: st.SearchStrategy[Any], else_: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(range(8)).flatmap(lambda number: else_ if number == 7 else usual)


def parameters(fuzzed: Fuzzed, function: Any) -> st.SearchStrategy[list[Any]]:
    """A list of arguments, most of them of the right type."""
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)[1:]
    wild = anything(fuzzed)
    typed = [mostly(_of_type(fuzzed, hints.get(name, Any), wild), wild) for name in names]
    return st.tuples(*typed).map(list)


def _of_type(fuzzed: Fuzzed, kind: Any, wild: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is str:
        return st.one_of(TEXTS, st.sampled_from(fuzzed.ids()))
    if origin in (int, float):
        return st.one_of(NUMBERS, st.integers(-3, 20))
    if origin is bool:
        return st.booleans()
    if origin is list:
        return st.lists(_of_type(fuzzed, arguments[0], wild) if arguments else wild, max_size=3)
    if origin is dict:
        return st.dictionaries(st.sampled_from(FIELDS), wild, max_size=8)
    return wild


def test_every_method_refuses_in_order(fuzzed: Fuzzed):
    names = served(fuzzed)
    assert len(names) > 100
    for name in names:
        _fuzz(fuzzed, name, rpc_table.methods()[name][1])
    assert fuzzed.kept() == fuzzed.before
    log = fuzzed.backend.log_path.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 300 :][:4000]


def _fuzz(fuzzed: Fuzzed, name: str, function: Any) -> None:
    # Derandomized: what fails here fails everywhere and every time.
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mostly(parameters(fuzzed, function), st.one_of(SCALARS, st.lists(anything(fuzzed), max_size=4))))
    def run(params: Any) -> None:
        if name.endswith(DESTRUCTIVE) and any(id in json.dumps(params) for id in (fuzzed.community, fuzzed.message)):
            return
        answer = fuzzed.ask(name, params)
        assert answer.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"}), (name, params)
        if "error" in answer:
            assert answer["error"]["code"] in CODES, (name, params, answer)
            assert answer["error"]["message"], (name, params)

    run()
