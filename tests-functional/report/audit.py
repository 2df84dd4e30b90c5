"""Reads the logs of nodes for what a healthy node never prints."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PANIC, TRACEBACK, ERROR, EXIT = "panic", "traceback", "error", "exit"

_PANIC = re.compile(r"^(panic: |fatal error: |goroutine \d+ \[running\])|\bpanicked at\b|Segmentation fault")
_TRACEBACK = "Traceback (most recent call last):"
# Level after an ISO time stamp (our nodes, zap's console), geth's and nim's columns, logfmt, JSON.
_ERROR = re.compile(
    r"^\d{4}-\d\d-\d\d[T ]\S+\s+(ERROR|CRITICAL|FATAL)\b|^(ERROR|FATAL|CRIT|ERR|FTL)[\[ ]|"
    r"\b(level|lvl)=(error|fatal|panic|eror|crit)\b|\"level\": ?\"(error|fatal|panic)\""
)
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?)(Z|[+-]\d\d:?\d\d)?")
_LONGEST = 400


@dataclass(frozen=True)
class Finding:
    """`line` counts from 1; `wall` is Unix time where the line says so; `what` is panic, traceback, error or exit."""

    node: str
    what: str
    line: int
    text: str
    wall: float | None = None

    def __str__(self) -> str:
        return f"{self.node}, line {self.line}: {self.text}" if self.line else f"{self.node}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Allowance:
    """A line that may be there, and why. `pattern` is searched in the line; `node` is how the node's name begins."""

    pattern: str
    reason: str
    node: str = ""

    def __post_init__(self) -> None:
        re.compile(self.pattern)
        if not self.reason.strip():
            raise ValueError(f"allow_log({self.pattern!r}) must give a reason")

    def covers(self, finding: Finding) -> bool:
        return finding.node.startswith(self.node) and re.search(self.pattern, finding.text) is not None


def scan_folder(folder: Path) -> list[Finding]:
    """Every finding in every node log of a test."""
    return [finding for log in sorted(folder.glob("*.log")) for finding in scan(log)]


def scan(log: Path) -> Iterator[Finding]:
    """A traceback is one finding, told by its exception; so is an error line with the traceback that follows it."""
    wall: float | None = None
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last_error = -2
    for number, line in enumerate(lines):
        wall = wall_time(line) or wall
        if line.startswith(_TRACEBACK):
            if last_error != number - 1:
                yield Finding(log.stem, TRACEBACK, number + 1, _exception(lines, number)[:_LONGEST], wall)
        elif what := classify(line):
            last_error = number
            text = line
            if number + 1 < len(lines) and lines[number + 1].startswith(_TRACEBACK):
                text = f"{line} | {_exception(lines, number + 1)}"
            yield Finding(log.stem, what, number + 1, text[:_LONGEST], wall)


def classify(line: str) -> str | None:
    if _PANIC.search(line):
        return PANIC
    return ERROR if _ERROR.search(line) else None


def wall_time(line: str) -> float | None:
    """Unix time of a line's ISO stamp; one without a zone is UTC."""
    match = _STAMP.match(line)
    if match is None:
        return None
    moment = datetime.datetime.fromisoformat(match[1].replace(",", ".") + (match[2] or "+00:00").replace("Z", "+00:00"))
    return moment.timestamp()


def judge(findings: Iterable[Finding], allowed: Sequence[Allowance]) -> list[Finding]:
    """Those that nothing allows."""
    return [finding for finding in findings if not any(allowance.covers(finding) for allowance in allowed)]


def _exception(lines: Sequence[str], start: int) -> str:
    """The first line behind a traceback's frames: what was raised."""
    for line in lines[start + 1 :]:
        if line and not line[0].isspace():
            return line
    return lines[start]
