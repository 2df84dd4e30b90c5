"""What the clients of the REST nodes (Codex, Waku) have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from clients.api import ApiDecodeError, ApiHTTPError
from clients.http import DEFAULT_TIMEOUT, Http
from journal.journal import Journal


class RestError(ApiHTTPError):
    """The node refused: `status` is the HTTP status, `error` the text it gave."""

    def __init__(self, message: str, *, status: int, error: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class RestClient:
    """One REST node at `base_url`, which may be a function where the node moves when it restarts."""

    def __init__(self, base_url: str | Callable[[], str], *, node: str, journal: Journal | None = None) -> None:
        self.http = Http(base_url, node=node, journal=journal if journal is not None else Journal())

    @property
    def node(self) -> str:
        return self.http.node

    @property
    def journal(self) -> Journal:
        return self.http.journal

    def close(self) -> None:
        self.http.close()

    def request(
        self, method: str, path: str, *, timeout: float = DEFAULT_TIMEOUT, recorded: Any = None, **options: Any
    ) -> requests.Response:
        """A response with a status of success. `recorded` stands for the request in the journal; `options` are those of
        `requests`.

        :raises RestError: any other status
        :raises requests.exceptions.RequestException: no complete response within `timeout` seconds"""
        shown = recorded if recorded is not None else options.get("json", options.get("params"))
        with self.http.recorded(method, path, shown) as record:
            response = self.http.send(method, path, timeout=timeout, **options)
            record["status"] = response.status_code
            record["response"] = _shown(response)
            self.check(response, method, path)
        return response

    def request_json(self, method: str, path: str, **options: Any) -> Any:
        """:raises ApiDecodeError: the body is no JSON"""
        response = self.request(method, path, **options)
        try:
            return response.json()
        except requests.exceptions.JSONDecodeError as error:
            raise ApiDecodeError(
                f"{method} {path} on {self.node}: the body is no JSON: {response.text[:200]!r}"
            ) from error

    def check(self, response: requests.Response, method: str, path: str) -> None:
        if not response.ok:
            text = response.text.strip()
            message = f"{method} {path} on {self.node}: HTTP status {response.status_code}" + (
                f": {text[:300]}" if text else ""
            )
            raise RestError(message, status=response.status_code, error=text)


def _shown(response: requests.Response) -> Any:
    """The body as the journal keeps it: JSON, text, or the number of bytes."""
    kind = response.headers.get("Content-Type", "")
    try:
        if "json" in kind:
            return response.json()
        return response.content.decode() if not kind or kind.startswith("text/") else response.content
    except ValueError:
        return response.content
