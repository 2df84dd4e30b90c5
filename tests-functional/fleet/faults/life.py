"""The life of a fault: set up, inject, prove that it took effect, heal, prove that it healed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from fleet.node import Node

INJECT, VERIFIED, HEAL, HEALED = "inject", "verified", "heal", "healed"

Tell = Callable[[Node, str, str, str], None]
"""Told of each phase: node, name of the fault, phase, and what is done or what proves it."""


class Fault(ABC):
    """`with fault:` injects it before the block and heals it after the block, however that ends.

    Both are proved. A fault that did nothing raises FaultNotVerified, one whose effects stay FaultNotHealed; one that
    cannot be had here raises FaultUnavailable before anything is touched.
    """

    def __init__(self, name: str, nodes: Sequence[Node], tell: Tell) -> None:
        self.name = name
        self.nodes = list(nodes)
        self.entered = False
        self._tell = tell
        self._life: AbstractContextManager[None] | None = None

    # What a kind of fault says

    def set_up(self) -> None:  # noqa: B027 - most kinds need none
        """Makes ready what the fault needs. Raises FaultUnavailable."""

    @abstractmethod
    def inject(self) -> None: ...

    @abstractmethod
    def prove(self) -> str:
        """What shows that it took effect. Raises FaultNotVerified."""

    def confirm(self) -> None:  # noqa: B027 - most kinds need none
        """At the end of the block, where that did not fail: is it in force still? Raises FaultNotVerified."""

    @abstractmethod
    def heal(self) -> None:
        """Also what was injected by half is healed."""

    @abstractmethod
    def prove_healed(self) -> str:
        """What shows that nothing is left of it. Raises FaultNotHealed."""

    def release(self) -> None:  # noqa: B027 - most kinds need none
        """Takes back what `set_up` did, also where that failed half way."""

    # What is the same for all

    def __enter__(self) -> Fault:
        if self.entered:
            raise RuntimeError(f"{self} has been used: a fault lives once")
        self.entered = True
        self._life = self._live()
        self._life.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._life.__exit__(kind, error, trace)

    @contextmanager
    def _live(self) -> Iterator[None]:
        try:
            self.set_up()
            try:
                self._say(INJECT)
                self.inject()
                self._say(VERIFIED, self.prove())
                yield
                self.confirm()
            finally:
                self._say(HEAL)
                self.heal()
                self._say(HEALED, self.prove_healed())
        finally:
            self.release()

    def _say(self, phase: str, text: str = "") -> None:
        for node in self.nodes:
            self._tell(node, self.name, phase, text)

    def __str__(self) -> str:
        return f"{self.name} of {', '.join(node.name for node in self.nodes)}"
