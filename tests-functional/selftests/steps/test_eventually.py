"""The last-resort wait."""

from __future__ import annotations

import pytest

from steps.eventually import eventually


def test_returns_the_first_truthy_answer() -> None:
    answers = iter([None, 0, [], "there", "later"])
    assert eventually(lambda: next(answers), timeout=5, message="an answer is there") == "there"


def test_says_what_was_awaited_and_what_came_last() -> None:
    with pytest.raises(
        TimeoutError, match=r"after 0\.01 s it is still not true that the chat is empty; the last answer was \[\]"
    ):
        eventually(lambda: [], timeout=0.01, message="the chat is empty")


def test_asks_once_even_without_time() -> None:
    assert eventually(lambda: 7, timeout=0, message="seven") == 7


def test_an_error_is_not_swallowed() -> None:
    def broken() -> None:
        raise ZeroDivisionError("the predicate's own fault")

    with pytest.raises(ZeroDivisionError):
        eventually(broken, timeout=5, message="never")


def test_a_message_is_required() -> None:
    with pytest.raises(TypeError):
        eventually(lambda: True, timeout=1)  # type: ignore[call-arg]
