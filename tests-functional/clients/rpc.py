"""JSON-RPC 2.0 to status-backend: `POST /statusgo/CallRPC`."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Sequence
from typing import Any

import jsonrpcclient
import tenacity

from clients.api import ApiDecodeError, ApiError, ApiHTTPError, ApiResponseError, decoded, error_text
from clients.http import DEFAULT_TIMEOUT, Http, timed
from journal.entry import RPC

__all__ = ["ApiDecodeError", "ApiError", "ApiHTTPError", "ApiResponseError", "RpcClient"]

METHOD_NOT_FOUND = -32601
UNAVAILABLE = "JSON-RPC client is unavailable"

log = logging.getLogger(__name__)


class RpcClient:
    """Calls return the `result` itself and raise `ApiResponseError` when the node answers with an error.

    While a node starts, and right after login, a namespace may not be there yet. `expect_startup` opens a window in
    which just that is retried; a namespace that has answered once is never retried again, so that a method which does
    not exist is reported at once."""

    startup_timeout = 10.0

    def __init__(self, http: Http, *, path: str = "/statusgo/CallRPC") -> None:
        self._http = http
        self._path = path
        self._ids = itertools.count(1)
        self._ready: set[str] = set()
        self._startup_ends = 0.0

    def rpc_request(
        self, method: str, params: Sequence[Any] | None = None, request_id: Any = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Any:
        """The `result` of `method` (with its namespace, "wakuext_chats").

        :raises ApiResponseError: the node answered with an error; `.code` and `.error` hold it
        :raises ApiHTTPError, ApiDecodeError: the answer is no JSON-RPC response
        :raises requests.exceptions.RequestException: no answer within `timeout` seconds"""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: self._is_startup_race(error, method)),
            wait=tenacity.wait_exponential(multiplier=0.05, max=0.5),
            before_sleep=tenacity.before_sleep_log(log, logging.DEBUG),
            reraise=True,
        )
        return attempts(self._call, method, list(params or []), request_id, timeout)

    def rpc_valid_request(
        self, method: str, params: Sequence[Any] | None = None, _id: Any = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Any:
        """The same: every request is checked."""
        return self.rpc_request(method, params, _id, timeout)

    def expect_startup(self) -> None:
        """Services are about to appear: for `startup_timeout` seconds their absence is retried."""
        self._ready.clear()
        self._startup_ends = time.monotonic() + self.startup_timeout

    def _call(self, method: str, params: list[Any], request_id: Any, timeout: float) -> Any:
        request = jsonrpcclient.request(method, tuple(params), id=next(self._ids) if request_id is None else request_id)
        record: dict[str, Any] = {"method": method, "params": params}
        try:
            with timed(record):
                result = self._exchange(request, timeout)
            record["result"] = result
        finally:
            self._http.journal.append(self._http.node, RPC, record)
        self._ready.add(_namespace(method))
        return result

    def _exchange(self, request: dict[str, Any], timeout: float) -> Any:
        what = f"{request['method']} on {self._http.node}"
        answer = decoded(self._http.send("POST", self._path, json=request, timeout=timeout), what)
        if isinstance(answer, dict) and "jsonrpc" not in answer and (error := error_text(answer)):
            raise ApiResponseError(
                f"{what}: {error}", error=error
            )  # status-backend's own, before there is an RPC client
        try:
            response = jsonrpcclient.parse(answer)
        except (KeyError, TypeError, AttributeError) as error:
            raise ApiDecodeError(f"{what}: this is no JSON-RPC response: {str(answer)[:200]}") from error
        if not isinstance(response, (jsonrpcclient.Ok, jsonrpcclient.Error)):
            raise ApiDecodeError(f"{what}: this is no JSON-RPC response: {str(answer)[:200]}")
        if response.id != request["id"]:
            raise ApiDecodeError(f"{what}: the response has id {response.id!r}, the request had {request['id']!r}")
        if isinstance(response, jsonrpcclient.Error):
            text = f"{what}: {response.message} ({response.code})"
            raise ApiResponseError(text, error=response.message, code=response.code, data=response.data)
        return response.result

    def _is_startup_race(self, error: BaseException, method: str) -> bool:
        if not isinstance(error, ApiResponseError) or time.monotonic() > self._startup_ends:
            return False
        return error.error == UNAVAILABLE or (error.code == METHOD_NOT_FOUND and _namespace(method) not in self._ready)


def _namespace(method: str) -> str:
    return method.partition("_")[0]
