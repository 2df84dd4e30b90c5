"""Waits until a node answers its health check."""

from __future__ import annotations

from collections.abc import Callable

import requests
from tenacity import Retrying, retry_if_exception_type, wait_exponential

from fleet.spec import HealthCheck
from pace import Wait

REQUEST_TIMEOUT = 5.0  # seconds for one try


class Unhealthy(Exception):
    """What came instead of a healthy answer."""


class Ended(Exception):
    """The node ended while its health was awaited."""


def describe(check: HealthCheck, url: str, wait: Wait) -> str:
    return f"{check.method} {url}{check.path} -> 200 within {wait}"


def waiting(check: HealthCheck, node: str) -> Wait:
    """Begins when the node is started."""
    return Wait("it to start and be healthy", check.timeout, of=node)


def await_healthy(check: HealthCheck, url: Callable[[], str], ensure_alive: Callable[[], None], wait: Wait) -> None:
    """Asks until the answer is 200. `ensure_alive` raises Ended where asking on is useless; `url` may raise Unhealthy.

    Raises Unhealthy with the last answer when `wait` is over.
    """

    def ask() -> None:
        ensure_alive()
        try:
            answer = requests.request(check.method, url() + check.path, data=check.body, timeout=REQUEST_TIMEOUT)
        except requests.RequestException as error:
            raise Unhealthy(f"there was no answer: {error}") from error
        if answer.status_code != 200:
            raise Unhealthy(f"the answer was {answer.status_code} {answer.text[:200]!r}")

    Retrying(
        retry=retry_if_exception_type(Unhealthy),
        stop=lambda _: wait.left() <= 0,
        wait=wait_exponential(multiplier=0.02, max=0.2),
        reraise=True,
    )(ask)
