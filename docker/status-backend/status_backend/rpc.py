"""JSON-RPC 2.0 as go-ethereum's RPC server speaks it: error codes and texts are its, so that a client cannot tell.

A service is a class with a `namespace` and coroutine methods marked `@rpc()`; `wakuext_createCommunity` reaches the
method `create_community` of a service in the namespace `wakuext`. Parameters are positional and checked against the
annotations.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

from .go_json import UnmarshalError, loads, unmarshal, zero

log = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
SERVER_ERROR = -32000

MAX_BATCH = 1000  # as go-ethereum's server; an error each for a million of nothings would fill the memory

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


class RpcError(Exception):
    """An error with a JSON-RPC code of its own."""

    def __init__(self, message: str, code: int = SERVER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ServiceError(Exception):
    """What a method raises to refuse: answered with code -32000 and this text, and not worth a traceback."""


def rpc(name: str | None = None) -> Callable[[Method], Method]:
    """Offer a coroutine method by RPC, under `name` or its own in lowerCamel (`create_chat` → `createChat`)."""

    def mark(method: Method) -> Method:
        method.__rpc_name__ = name or lower_camel(method.__name__)  # type: ignore[attr-defined]
        return method

    return mark


def lower_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class Service:
    """Base of all services. Several services may share one namespace."""

    namespace: str = ""


@dataclass(frozen=True)
class _Parameter:
    annotation: Any
    default: Any
    required: bool


@cache
def _parameters(function: Callable[..., Awaitable[Any]]) -> list[_Parameter]:
    """Those of a method after `self`. A login registers two hundred methods: each is read once."""
    hints = get_type_hints(function, include_extras=True)
    return [
        _Parameter(hints.get(p.name, Any), p.default, p.default is inspect.Parameter.empty)
        for p in list(inspect.signature(function).parameters.values())[1:]
    ]


class _Endpoint:
    """One method of one service with what its parameters must be."""

    def __init__(self, function: Callable[..., Awaitable[Any]], service: Service) -> None:
        self._function = function
        self._service = service
        self._parameters = _parameters(function)

    async def call(self, params: list[Any]) -> Any:
        return await self._function(self._service, *self._arguments(params))

    def _arguments(self, params: list[Any]) -> list[Any]:
        if len(params) > len(self._parameters):
            raise RpcError(f"too many arguments, want at most {len(self._parameters)}", INVALID_PARAMS)
        arguments = []
        for index, parameter in enumerate(self._parameters):
            if index >= len(params):
                if parameter.required:
                    raise RpcError(f"missing value for required argument {index}", INVALID_PARAMS)
                arguments.append(parameter.default)
            elif params[index] is None:
                arguments.append(zero(parameter.annotation) if parameter.required else parameter.default)
            else:
                try:
                    arguments.append(unmarshal(params[index], parameter.annotation))
                except UnmarshalError as error:
                    raise RpcError(f"invalid argument {index}: {error}", INVALID_PARAMS) from None
        return arguments


class Dispatcher:
    """Routes requests to the services registered at this moment."""

    def __init__(self) -> None:
        self._services: dict[Service, dict[str, _Endpoint]] = {}
        self._endpoints: dict[str, _Endpoint] = {}

    def register(self, service: Service) -> None:
        """Offer the methods of `service`. Two services offering the same method is a mistake: ValueError."""
        endpoints = {
            f"{service.namespace}_{function.__rpc_name__}": _Endpoint(function, service)
            for attribute, function in inspect.getmembers(type(service), inspect.isfunction)
            if hasattr(function, "__rpc_name__")
        }
        taken = endpoints.keys() & self._endpoints.keys()
        if taken:
            raise ValueError(f"{type(service).__name__}: already registered: {', '.join(sorted(taken))}")
        self._services[service] = endpoints
        self._endpoints.update(endpoints)

    def unregister(self, service: Service) -> None:
        for name in self._services.pop(service, {}):
            del self._endpoints[name]

    def methods(self) -> list[str]:
        return sorted(self._endpoints)

    async def handle(self, raw: bytes | str) -> str | None:
        """Answer one request or one batch; None where there is nothing to answer (notifications only)."""
        try:
            request = loads(raw)
        except ValueError as error:
            return json.dumps(_failure(None, PARSE_ERROR, str(error)))
        if not isinstance(request, list):
            answer = await self._handle_one(request)
            return None if answer is None else _encode(answer)
        if not request:
            return json.dumps(_failure(None, INVALID_REQUEST, "empty batch"))
        if len(request) > MAX_BATCH:
            return json.dumps(_failure(None, INVALID_REQUEST, "batch too large"))
        # In turn, as the original does: a later call may depend on what an earlier one did.
        answers = [answer for item in request if (answer := await self._handle_one(item)) is not None]
        return _encode(answers) if answers else None

    async def _handle_one(self, request: Any) -> dict[str, Any] | None:
        request_id = request.get("id") if isinstance(request, dict) else None
        if isinstance(request_id, (dict, list, bool)):
            return _failure(None, INVALID_REQUEST, "invalid request")
        if not _is_call(request):
            return _failure(request_id, INVALID_REQUEST, "invalid request")
        try:
            result = await self._call(request["method"], request.get("params"))
            answer = {"jsonrpc": "2.0", "id": request_id, "result": result}
        except RpcError as error:
            answer = _failure(request_id, error.code, error.message)
        return answer if "id" in request else None

    async def _call(self, method: str, params: Any) -> Any:
        endpoint = self._endpoints.get(method)
        if endpoint is None:
            raise RpcError(f"the method {method} does not exist/is not available", METHOD_NOT_FOUND)
        if params is None:
            params = []
        if not isinstance(params, list):
            raise RpcError("non-array args", INVALID_PARAMS)
        try:
            return await endpoint.call(params)
        except (RpcError, asyncio.CancelledError):
            raise
        except ServiceError as error:
            raise RpcError(str(error)) from error
        except Exception as error:
            log.exception("%s failed", method)
            raise RpcError(str(error) or type(error).__name__) from error


def _is_call(request: Any) -> bool:
    return isinstance(request, dict) and request.get("jsonrpc") == "2.0" and isinstance(request.get("method"), str)


def _encode(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _failure(request_id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
