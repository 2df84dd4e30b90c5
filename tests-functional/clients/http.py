"""HTTP as every client needs it: a deadline on each call, each call in the journal, no proxy in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from journal.entry import HTTP
from journal.journal import Journal

DEFAULT_TIMEOUT = 30.0


class DeadlineExceeded(requests.exceptions.ReadTimeout):
    """The whole exchange took longer than its deadline, though bytes kept coming."""


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock."""

    at: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        if seconds <= 0:
            raise ValueError(f"a deadline needs a positive number of seconds, not {seconds!r}")
        return cls(time.monotonic() + seconds, seconds)

    def check(self, what: str) -> None:
        if time.monotonic() > self.at:
            raise DeadlineExceeded(f"{what} was not done within {self.seconds:g} s")


class Http:
    """A session with one server.

    `base_url` may be a function, because a node that was restarted can be at another port."""

    def __init__(self, base_url: str | Callable[[], str], *, node: str, journal: Journal) -> None:
        self._base_url = base_url if callable(base_url) else lambda: base_url
        self.node = node
        self.journal = journal
        self._session = requests.Session()
        self._session.trust_env = False  # nodes are on this machine: a proxy of the environment must not see them

    @property
    def base_url(self) -> str:
        return self._base_url().rstrip("/")

    def send(self, method: str, path: str, *, timeout: float = DEFAULT_TIMEOUT, **options: Any) -> requests.Response:
        """The complete response, whatever its status. `options` are those of `requests`.

        :raises requests.exceptions.RequestException: no complete response within `timeout` seconds. The deadline is
            looked at when bytes come and after each silence of that length, so it is noticed at most twice as late."""
        deadline = Deadline.after(timeout)
        with self.stream(method, path, deadline=deadline, **options) as response:
            body = b"".join(self.chunks(response, deadline))
        # What `requests` itself does when it is not streaming; the body is complete here.
        response._content, response._content_consumed = body, True
        return response

    @contextmanager
    def stream(self, method: str, path: str, *, deadline: Deadline, **options: Any) -> Iterator[requests.Response]:
        """The response with its body still to come; read it by `chunks`."""
        url = self.base_url + path
        with self._session.request(method, url, stream=True, timeout=deadline.seconds, **options) as response:
            yield response

    @staticmethod
    def chunks(response: requests.Response, deadline: Deadline, size: int = 65536) -> Iterator[bytes]:
        """The body as it comes. A body shorter than its Content-Length raises `requests.exceptions.ConnectionError`."""
        what = f"{response.request.method} {response.url}"
        try:
            while chunk := response.raw.read1(size, decode_content=True):
                deadline.check(what)
                yield chunk
        except urllib3.exceptions.ReadTimeoutError as error:
            raise DeadlineExceeded(f"{what} was not done within {deadline.seconds:g} s") from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ConnectionError(f"{what} broke off: {error}") from error

    @contextmanager
    def recorded(self, method: str, path: str, request: Any = None) -> Iterator[dict[str, Any]]:
        """Writes the exchange to the journal. The caller adds `status` and `response` to the dictionary it is given."""
        record: dict[str, Any] = {"method": method, "url": self.base_url + path, "request": request}
        try:
            with timed(record):
                yield record
        finally:
            self.journal.append(self.node, HTTP, record)

    def close(self) -> None:
        self._session.close()


@contextmanager
def timed(record: dict[str, Any]) -> Iterator[None]:
    """Adds `duration` in seconds to `record`, and `error` if it ends with one."""
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        record["duration"] = round(time.monotonic() - began, 6)
