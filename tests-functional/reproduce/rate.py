"""How often a test fails, how sure that is, and for which reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Z = 1.96  # 95 %


@dataclass(frozen=True)
class Round:
    """One time that a test ran. `reason`: empty where it passed. `evidence`: its folder, or ""."""

    number: int
    seed: int
    reason: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Rate:
    """Of one test."""

    test: str
    rounds: tuple[Round, ...]

    @property
    def failed(self) -> int:
        return sum(bool(one.reason) for one in self.rounds)

    @property
    def reasons(self) -> dict[str, list[Round]]:
        """The rounds that failed, by their reason, the most frequent first."""
        found: dict[str, list[Round]] = {}
        for one in self.rounds:
            if one.reason:
                found.setdefault(one.reason, []).append(one)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def __str__(self) -> str:
        return f"{self.test}: {said(self.failed, len(self.rounds))}"

    def to_json(self) -> dict[str, Any]:
        reasons = {reason: [vars(one) for one in rounds] for reason, rounds in self.reasons.items()}
        return {"test": self.test, "rounds": len(self.rounds), "failed": self.failed, "reasons": reasons,
                "said": said(self.failed, len(self.rounds))}  # fmt: skip


def of_rounds(rounds: Iterable[tuple[str, Round]]) -> list[Rate]:
    """One for each test, the one that failed most first."""
    by_test: dict[str, list[Round]] = {}
    for test, one in rounds:
        by_test.setdefault(test, []).append(one)
    rates = [Rate(test, tuple(sorted(of, key=lambda one: one.number))) for test, of in by_test.items()]
    return sorted(rates, key=lambda rate: -rate.failed / len(rate.rounds))


def said(failed: int, total: int) -> str:
    low, high = wilson(failed, total)
    return f"failed {failed} of {total} ({failed / total:.0%}; 95 % interval {low:.0%} to {high:.0%})"


def wilson(failed: int, total: int) -> tuple[float, float]:
    """Wilson's score interval: where the true rate is, with 95 % confidence. Good for few rounds, and for 0 of them."""
    share = failed / total
    spread = Z**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)
