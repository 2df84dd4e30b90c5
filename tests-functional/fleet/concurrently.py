"""The same for several nodes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

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


def all_or_none(items: Sequence[T], action: Callable[[T], object], undo: Callable[[T], object]) -> None:
    """Does it for all of them. At the first error, or at Ctrl-C, undoes all at once, also those still under way.

    `undo` must make an `action` under way in another thread fail soon.
    """
    if not items:
        return
    pool = ThreadPoolExecutor(max_workers=len(items))
    try:
        futures = [pool.submit(action, item) for item in items]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for error in (future.exception() for future in futures if future in done):
            if error:
                raise error
    except BaseException:
        each(items, undo)
        raise
    finally:
        pool.shutdown()
