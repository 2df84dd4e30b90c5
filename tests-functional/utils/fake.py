"""Names and texts for tests that draw them for themselves; those that the harness draws follow from `--seed`."""

from __future__ import annotations

import random
import string

_random = random.SystemRandom()


def profile_name() -> str:
    """A display name: letters and digits."""
    return f"user{_word(8)}"


def profile_password() -> str:
    return _word(16)


def community_name() -> str:
    return f"community {_word(8)}"


def community_description() -> str:
    return f"about {_word(8)}"


def _word(length: int) -> str:
    return "".join(_random.choices(string.ascii_lowercase + string.digits, k=length))
