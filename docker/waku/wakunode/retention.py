"""How long the store keeps a message: nwaku's `--store-message-retention-policy`."""

from __future__ import annotations

import re
from dataclasses import dataclass


class RetentionError(ValueError):
    """A policy that is malformed or not served."""


@dataclass(frozen=True)
class Retention:
    """Keep messages younger than `seconds`, and of those the youngest `messages`; None sets no bound."""

    seconds: int | None = None
    messages: int | None = None

    @classmethod
    def parse(cls, text: str) -> Retention:
        """`time:SECONDS`, `capacity:MESSAGES` or `none`."""
        if text in ("", "none"):
            return cls()
        match = re.fullmatch(r"(time|capacity):([1-9][0-9]*)", text, re.ASCII)
        if not match:
            raise RetentionError(
                f"retention policy {text!r} is not served: use time:SECONDS, capacity:MESSAGES or none"
            )
        number = int(match[2])
        return cls(seconds=number) if match[1] == "time" else cls(messages=number)
