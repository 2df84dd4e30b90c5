import asyncio
import json
from typing import Annotated, Any

import pytest

from status_backend.rpc import Dispatcher, Service, ServiceError, rpc


class Example(Service):
    namespace = "example"

    @rpc()
    async def join_words(self, first: str, second: str = "end") -> str:
        return f"{first} {second}"

    @rpc("getIDs")
    async def get_ids(self, count: int, names: dict[str, str], tags: list[str]) -> list[Any]:
        return [count, names, tags]

    @rpc()
    async def create(self, request: Annotated[dict, "requests.Create"]) -> str:
        return request["name"]

    @rpc()
    async def refuse(self) -> None:
        raise ServiceError("community not found")

    async def not_offered(self) -> None: ...


class Other(Service):
    namespace = "example"

    @rpc()
    async def extra(self) -> int:
        return 7


@pytest.fixture
def dispatcher() -> Dispatcher:
    dispatcher = Dispatcher()
    dispatcher.register(Example())
    return dispatcher


def ask(dispatcher: Dispatcher, body: Any) -> Any:
    answer = asyncio.run(dispatcher.handle(body if isinstance(body, str) else json.dumps(body)))
    return answer and json.loads(answer)


def request(method: str, *params: Any, id: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": list(params)}


@pytest.mark.parametrize("id", [1, "text", None, 0])
def test_result_and_id_come_back(dispatcher, id):
    assert ask(dispatcher, request("example_joinWords", "a", "b", id=id)) == {
        "jsonrpc": "2.0",
        "id": id,
        "result": "a b",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a": "x', "unexpected end of JSON input"),
        ("not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("'a'", r"invalid character '\'' looking for beginning of value"),
        ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": [1, 2}', "invalid character '}' after array element"),
        ('{"a": "[" "b"}', "invalid character '\"' after object key:value pair"),
        ('{"a": "\n"}', r"invalid character '\n' in string literal"),
        (r'"\x"', "invalid character 'x' in string escape code"),
        (r'"\u12G4"', r"invalid character 'G' in \u hexadecimal character escape"),
        ("{} {}", "invalid character '{' after top-level value"),
    ],
)
def test_what_is_no_json_is_told_in_gos_words(dispatcher, body, said):
    assert ask(dispatcher, body)["error"] == {"code": -32700, "message": said}


def test_trailing_parameters_may_be_left_out(dispatcher):
    assert ask(dispatcher, request("example_joinWords", "a"))["result"] == "a end"


def test_params_may_be_absent(dispatcher):
    assert ask(dispatcher, {"jsonrpc": "2.0", "id": 1, "method": "example_refuse"})["error"]["code"] == -32000


def test_null_is_the_zero_value(dispatcher):
    assert ask(dispatcher, request("example_getIDs", None, None, None))["result"] == [0, {}, []]


@pytest.mark.parametrize(
    ("method", "params", "code", "message"),
    [
        ("example_nope", [], -32601, "the method example_nope does not exist/is not available"),
        ("example_notOffered", [], -32601, "the method example_notOffered does not exist/is not available"),
        ("example_joinwords", ["a"], -32601, "the method example_joinwords does not exist/is not available"),
        ("example_joinWords", [], -32602, "missing value for required argument 0"),
        ("example_joinWords", ["a", "b", "c"], -32602, "too many arguments, want at most 2"),
        (
            "example_joinWords",
            [1],
            -32602,
            "invalid argument 0: json: cannot unmarshal number into Go value of type string",
        ),
        (
            "example_getIDs",
            ["1", {}, []],
            -32602,
            "invalid argument 0: json: cannot unmarshal string into Go value of type int",
        ),
        (
            "example_getIDs",
            [1, {"a": 5}, []],
            -32602,
            "invalid argument 1: json: cannot unmarshal number into Go value of type string",
        ),
        (
            "example_getIDs",
            [1, [], []],
            -32602,
            "invalid argument 1: json: cannot unmarshal array into Go value of type map[string]string",
        ),
        (
            "example_create",
            ["x"],
            -32602,
            "invalid argument 0: json: cannot unmarshal string into Go value of type requests.Create",
        ),
        ("example_refuse", [], -32000, "community not found"),
        ("example_create", [{}], -32000, "'name'"),
    ],
)
def test_errors(dispatcher, method, params, code, message):
    answer = ask(dispatcher, request(method, *params))
    assert answer == {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", -32700),
        ("", -32700),
        ("[NaN]", -32700),
        ('{"jsonrpc": "2.0", "id": 1e400, "method": "example_getIDs"}', -32700),
        ("[" * 100_000, -32700),
        ("9" * 5000, -32700),
        ("[]", -32600),
        ("3", -32600),
        ('{"id": 1}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        ('{"jsonrpc": "1.0", "id": 1, "method": "example_refuse"}', -32600),
        ('{"id": 1, "method": "example_refuse"}', -32600),
        ('{"jsonrpc": "2.0", "id": {}, "method": "example_refuse"}', -32600),
    ],
)
def test_what_is_no_request(dispatcher, body, code):
    assert ask(dispatcher, body)["error"]["code"] == code


def test_numbers_beyond_64_bits_are_no_int(dispatcher):
    answer = ask(dispatcher, request("example_getIDs", 2**63, {}, []))
    message = f"invalid argument 0: json: cannot unmarshal number {2**63} into Go value of type int"
    assert answer["error"] == {"code": -32602, "message": message}


def test_half_a_surrogate_pair_is_replaced(dispatcher):
    body = '{"jsonrpc": "2.0", "id": 1, "method": "example_joinWords", "params": ["\\ud800"]}'
    assert ask(dispatcher, body)["result"] == "\ufffd end"


def test_a_batch_may_hold_what_is_no_request(dispatcher):
    answers = ask(dispatcher, [1, {}, request("example_joinWords", "a", id=7)])
    assert [answer.get("error", {}).get("code") for answer in answers] == [-32600, -32600, None]
    assert [answer["id"] for answer in answers] == [None, None, 7]


def test_params_by_name_are_refused(dispatcher):
    answer = ask(dispatcher, {"jsonrpc": "2.0", "id": 1, "method": "example_joinWords", "params": {"first": "a"}})
    assert answer["error"] == {"code": -32602, "message": "non-array args"}


def test_batch_is_answered_in_order_without_notifications(dispatcher):
    notification = {"jsonrpc": "2.0", "method": "example_joinWords", "params": ["a"]}
    batch = [request("example_joinWords", "a", id=1), notification, request("example_nope", id=2)]
    answers = ask(dispatcher, batch)
    assert [(answer["id"], "error" in answer) for answer in answers] == [(1, False), (2, True)]
    assert ask(dispatcher, [notification]) is None
    assert ask(dispatcher, notification) is None


def test_services_share_a_namespace_and_leave_alone(dispatcher):
    other = Other()
    dispatcher.register(other)
    assert ask(dispatcher, request("example_extra"))["result"] == 7
    with pytest.raises(ValueError, match="example_extra"):
        dispatcher.register(Other())
    dispatcher.unregister(other)
    assert ask(dispatcher, request("example_extra"))["error"]["code"] == -32601
    assert ask(dispatcher, request("example_joinWords", "a"))["result"] == "a end"


def test_a_batch_has_a_limit(dispatcher):
    calls = [request("example_joinWords", "a", id=number) for number in range(1000)]
    assert [answer["id"] for answer in ask(dispatcher, calls)] == list(range(1000))
    assert ask(dispatcher, [*calls, {}])["error"] == {"code": -32600, "message": "batch too large"}
