"""status-backend's plain HTTP functions: `POST /statusgo/<Function>` with a JSON body."""

from __future__ import annotations

from typing import Any

import requests

from clients.http import DEFAULT_TIMEOUT, Http


class ApiError(Exception):
    """A node did not answer a call as it should."""


class ApiHTTPError(ApiError):
    """The HTTP exchange itself failed: a status other than 200, or an empty body."""


class ApiDecodeError(ApiError):
    """The body is not what the interface promises, for instance no JSON."""


class ApiResponseError(ApiError):
    """The node answered with an error. `error` is its text; `code` and `data` are set for JSON-RPC errors."""

    def __init__(self, message: str, *, error: str = "", code: int | None = None, data: Any = None) -> None:
        super().__init__(message)
        self.error = error or message
        self.code = code
        self.data = data


class ApiClient:
    """`http` leads to the backend; functions live under /statusgo."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def api_request(
        self, method: str, data: Any = None, timeout: float = DEFAULT_TIMEOUT, *, prefix: str = "/statusgo"
    ) -> requests.Response:
        """The response of the function `method`, whatever it says. `data` is sent as JSON; None sends no body.

        :raises requests.exceptions.RequestException: no complete response within `timeout` seconds"""
        path = f"{prefix}/{method}"
        body = {} if data is None else {"json": data}
        with self.http.recorded("POST", path, data) as record:
            response = self.http.send("POST", path, timeout=timeout, **body)
            record["status"] = response.status_code
            record["response"] = _json_or_text(response)
        return response

    def api_valid_request(self, method: str, data: Any = None, timeout: float = DEFAULT_TIMEOUT) -> requests.Response:
        """As `api_request`, and checks the answer.

        :raises ApiHTTPError, ApiDecodeError, ApiResponseError: see there"""
        response = self.api_request(method, data, timeout)
        self.verify_is_valid_api_response(response, method)
        return response

    def api_request_json(self, method: str, data: Any = None, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """The checked answer as JSON."""
        return self.api_valid_request(method, data, timeout).json()

    def verify_is_valid_api_response(self, response: requests.Response, method: str = "") -> None:
        what = f"{method or response.url} on {self.http.node}"
        error = error_text(decoded(response, what))
        if error:
            raise ApiResponseError(f"{what}: {error}", error=error)


def decoded(response: requests.Response, what: str) -> Any:
    """The JSON of a response with status 200.

    :raises ApiHTTPError: another status, or an empty body
    :raises ApiDecodeError: the body is no JSON"""
    if response.status_code != 200:
        raise ApiHTTPError(f"{what}: HTTP status {response.status_code}: {response.text[:200]!r}")
    if not response.content:
        raise ApiHTTPError(f"{what}: the body is empty")
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError as error:
        raise ApiDecodeError(f"{what}: the body is no JSON: {response.text[:200]!r}") from error


def error_text(answer: Any) -> str:
    """The text under "error": a string, or {"code", "message"} in the crypto helpers and in JSON-RPC; "" if none."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        return str(error.get("message", error))
    return str(error) if error else ""


def _json_or_text(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError:
        return response.text
