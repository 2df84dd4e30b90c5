"""Waits until a node answers its health check."""

from __future__ import annotations

from collections.abc import Callable

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from fleet.spec import HealthCheck

REQUEST_TIMEOUT = 5.0  # seconds for one try


class Unhealthy(Exception):
    """What came instead of a healthy answer."""


class Ended(Exception):
    """The node ended while its health was awaited."""


def describe(check: HealthCheck, url: str) -> str:
    return f"{check.method} {url}{check.path} -> 200 within {check.timeout:g} s"


def await_healthy(check: HealthCheck, url: Callable[[], str], ensure_alive: Callable[[], None], timeout: float) -> None:
    """Asks until the answer is 200. `ensure_alive` raises Ended where asking on is useless; `url` may raise Unhealthy.

    Raises Unhealthy with the last answer after `timeout` seconds.
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
        stop=stop_after_delay(timeout),
        wait=wait_exponential(multiplier=0.02, max=0.2),
        reraise=True,
    )(ask)
