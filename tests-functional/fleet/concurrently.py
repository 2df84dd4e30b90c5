"""The same for several nodes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Sequence, TypeVar

T = TypeVar("T")


def each(items: Sequence[T], action: Callable[[T], object]) -> None:
    """Does it for all of them, whatever happens to one; then raises the first error, the others as its notes."""
    if not items:
        return
    with ThreadPoolExecutor(max_workers=len(items)) as pool:
        futures = [pool.submit(action, item) for item in items]
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"and: {other}")
        raise errors[0]
