"""What can be awaited, and the two ways in which waiting fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from journal.conditions import Anything, Condition, Miss
from journal.entry import SIGNAL, Entry


@dataclass(frozen=True)
class AwaitedSignal:
    """A signal of one of `types` from `node` (None: from any node) that meets the condition."""

    node: str | None
    types: tuple[str, ...]
    condition: Condition = field(default_factory=Anything)

    def accepts(self, entry: Entry) -> bool:
        return self.concerns(entry) and self.condition.miss(entry.data) is None

    def concerns(self, entry: Entry) -> bool:
        """Right node and right type, whatever the condition says."""
        return self.is_from(entry) and entry.data["type"] in self.types

    def is_from(self, entry: Entry) -> bool:
        return entry.kind == SIGNAL and self.node in (None, entry.node)

    def miss(self, entry: Entry) -> Miss | None:
        return self.condition.miss(entry.data)

    def __str__(self) -> str:
        return " ".join(part for part in (" or ".join(self.types), str(self.condition)) if part)


class WaitTimeout(TimeoutError):
    """The deadline passed; the message is the diagnosis."""


class UnexpectedSignal(AssertionError):
    """A signal arrived that must not; the message is the diagnosis."""
