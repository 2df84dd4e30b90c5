"""JSON-RPC calls: results, errors, and what is retried while a node starts."""

from __future__ import annotations

import asyncio

import pytest
import requests

from clients.rpc import ApiDecodeError, ApiHTTPError, ApiResponseError


def test_a_call_returns_its_result(backend, server):
    server.methods["wakuext_chatMessages"] = lambda chat, cursor, limit: {"result": {"messages": None, "cursor": ""}}
    assert backend.wakuext_service.chat_messages("chat") == {"messages": None, "cursor": ""}
    assert backend.rpc_valid_request("wakuext_chatMessages", ["chat", "", 10])["messages"] is None
    assert server.calls == [("wakuext_chatMessages", ["chat", "", 10])] * 2


def test_an_error_has_code_text_and_node(backend, server):
    server.methods["wakuext_sendChatMessage"] = lambda message: {"error": {"code": -32000, "message": "Chat not found"}}
    with pytest.raises(
        ApiResponseError, match=r"wakuext_sendChatMessage on alice: Chat not found \(-32000\)"
    ) as raised:
        backend.wakuext_service.send_chat_message("nope", "x")
    assert (raised.value.code, raised.value.error) == (-32000, "Chat not found")


def test_a_missing_method_is_reported_at_once(backend, server):
    with pytest.raises(ApiResponseError) as raised:
        backend.rpc_request("wakuext_nope")
    assert raised.value.code == -32601
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "absent", [{"error": "JSON-RPC client is unavailable"}, {"error": {"code": -32601, "message": "not available"}}]
)
def test_after_login_a_namespace_may_be_late(backend, server, absent):
    answers = iter([absent, absent, {"result": []}])
    server.methods["wakuext_chats"] = lambda: next(answers)
    backend.create_account_and_login()
    assert backend.wakuext_service.chats() == []
    assert [name for name, _ in server.calls] == ["CreateAccountAndLogin"] + ["wakuext_chats"] * 3


def test_a_namespace_that_has_answered_is_not_late(backend, server):
    server.methods["wakuext_chats"] = lambda: {"result": []}
    backend.create_account_and_login()
    backend.wakuext_service.chats()
    with pytest.raises(ApiResponseError, match="does not exist"):
        backend.rpc_request("wakuext_nope")
    assert [name for name, _ in server.calls].count("wakuext_nope") == 1


def test_retries_end(backend, server):
    server.methods["wakuext_chats"] = lambda: {"error": "JSON-RPC client is unavailable"}
    backend.startup_timeout = 1.0
    backend.create_account_and_login()
    with pytest.raises(ApiResponseError, match="JSON-RPC client is unavailable"):
        backend.wakuext_service.chats()
    assert [name for name, _ in server.calls].count("wakuext_chats") > 1


def test_no_other_error_is_retried(backend, server):
    server.methods["wakuext_chats"] = lambda: {"error": {"code": -32000, "message": "boom"}}
    backend.create_account_and_login()
    with pytest.raises(ApiResponseError, match="boom"):
        backend.wakuext_service.chats()
    assert [name for name, _ in server.calls].count("wakuext_chats") == 1


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ("", ApiHTTPError, "the body is empty"),
        ("oops", ApiDecodeError, "the body is no JSON: 'oops'"),
        ("[]", ApiDecodeError, "this is no JSON-RPC response"),
        ('{"jsonrpc": "2.0", "id": 1}', ApiDecodeError, "this is no JSON-RPC response"),
        ('{"jsonrpc": "2.0", "id": 99, "result": 1}', ApiDecodeError, "the response has id 99, the request had 1"),
    ],
)
def test_an_answer_that_is_none(backend, server, body, error, text):
    server.functions["Odd"] = lambda request: body
    backend._path = "/statusgo/Odd"
    with pytest.raises(error, match=text):
        backend.rpc_request("wakuext_chats")


def test_another_status_is_an_http_error(backend):
    backend._path = "/nowhere"
    with pytest.raises(ApiHTTPError, match="HTTP status 404"):
        backend.rpc_request("wakuext_chats")


def test_every_call_has_a_deadline(backend, server):
    server.functions["Logout"] = lambda body: asyncio.sleep(5, {"error": ""})
    with pytest.raises(requests.exceptions.ReadTimeout):
        backend.logout(timeout=0.1)


def test_calls_are_in_the_journal(backend, server, journal):
    server.methods["wakuext_chats"] = lambda: {"result": [1]}
    backend.wakuext_service.chats()
    with pytest.raises(ApiResponseError):
        backend.rpc_request("wakuext_nope", ["x"])
    good, bad = (dict(entry.data) for entry in journal.entries(kind="rpc"))
    assert good.pop("duration") > 0 and bad.pop("duration") > 0
    assert good == {"method": "wakuext_chats", "params": [], "result": [1]}
    assert bad["params"] == ["x"] and bad["error"].startswith("ApiResponseError: wakuext_nope on alice: the method")
