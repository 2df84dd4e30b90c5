"""The last resort of waiting: asking again, for what no signal tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pace import Wait

T = TypeVar("T")

POLL_INTERVAL = 0.1


def eventually(predicate: Callable[[], T], *, timeout: float, message: str) -> T:
    """The first truthy value of `predicate`, asked until then. `timeout` is in seconds, which
    stretch with the load of the host.

    `message` says what is awaited, as a statement that should become true. Raises TimeoutError with it and with what
    `predicate` gave last. What `predicate` raises ends the wait at once.
    """
    __tracebackhide__ = True
    with Wait(message, timeout) as wait:
        while True:
            value = predicate()
            if value:
                return value
            if wait.left() <= 0:
                raise TimeoutError(f"after {wait} it is still not true that {message}; the last answer was {value!r}")
            time.sleep(POLL_INTERVAL)
