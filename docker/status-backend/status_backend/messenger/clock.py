"""Lamport clocks in unix milliseconds."""

import time


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def now_s() -> int:
    return int(time.time())


def tick(last: int) -> int:
    """The next value after `last`: now, or one more where clocks run ahead of us."""
    return max(now_ms(), last + 1)
