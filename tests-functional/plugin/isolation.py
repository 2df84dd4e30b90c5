"""What a run may use, and what it may leave: limits of nodes (--node-memory, --node-cpus), kept nodes (--keep)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from fleet.engine import connect
from fleet.limits import Limits, missing_for_processes, missing_in_engine, parse_cpus, parse_memory
from plugin import groups

T = TypeVar("T")
KEEP_DEFAULT = "1h"
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.ISOLATION)
    group.addoption("--keep", action="store_true",
                    help="leave the nodes of failed tests up after the run, and tell how to reach and remove them "
                    "(default: everything is removed)")  # fmt: skip
    group.addoption("--keep-for", type=_checked(parse_seconds), metavar="TIME",
                    help=f"--keep, and for how long: 90s, 45m, 2h (default: {KEEP_DEFAULT})")  # fmt: skip
    group.addoption("--node-memory", type=_checked(parse_memory), metavar="SIZE",
                    help="memory of each node: 512m, 2g; a container that needs more is killed, a process is refused "
                    "more (default: no limit)")  # fmt: skip
    group.addoption("--node-cpus", type=_checked(parse_cpus), metavar="NUMBER",
                    help="processors of each container: 2, 0.5; processes cannot be held to it (default: no limit)"
                    )  # fmt: skip


@dataclass(frozen=True)
class Isolation:
    """`keep_for`: seconds that nodes of failed tests stay, None where they do not."""

    limits: Limits
    keep_for: float | None

    @classmethod
    def of(cls, config: pytest.Config) -> Isolation:
        option = config.option
        keep_for = option.keep_for or (parse_seconds(KEEP_DEFAULT) if option.keep else None)
        return cls(Limits(option.node_memory, option.node_cpus), keep_for)

    def describe(self, runtime: str) -> list[str]:
        """For the header of a run: which limits there are, and which of them cannot be had in this runtime."""
        if not self.limits:
            return []
        if runtime == "docker":
            missing = missing_in_engine(self.limits, connect().client.info())
        else:
            missing = missing_for_processes(self.limits)
        return [f"limits of each node: {self.limits}", *(f"NOT AVAILABLE {line}" for line in missing)]


def parse_seconds(text: str) -> float:
    """Of "90", "90s", "45m", "1.5h". Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not match or not float(match[1]):
        raise ValueError(f"{text!r} is no time: write 90s, 45m or 2h")
    return float(match[1]) * UNITS[match[2]]


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """So that argparse says what is wrong in the parser's own words."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed
