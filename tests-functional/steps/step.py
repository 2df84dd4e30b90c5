"""A step says what it does, in words: in the log, and in the journal, from where it gets into the timeline."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

from journal.journal import Journal

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


def step(text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a step. `text` may name its parameters, `"{member} joins"`; a node is shown by its name, ids are cut.

    It is written to the journal of the first client among the arguments that has one."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            said = text.format_map({name: _shown(value) for name, value in bound.arguments.items()})
            logger.info(said)
            journal = next(_journals(bound.arguments), None)
            if journal is None:
                return function(*args, **kwargs)
            with journal.step(said):
                return function(*args, **kwargs)

        return run

    return decorate


def _journals(arguments: Mapping[str, Any]) -> Iterator[Journal]:
    for value in arguments.values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(journal := getattr(one, "journal", None), Journal):
                yield journal


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    text = str(getattr(value, "name", None) or getattr(value, "node", None) or value)
    return text if len(text) <= 60 else f"{text[:12]}…{text[-6:]}"
