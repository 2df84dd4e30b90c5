"""The log audit: what it finds, and what lets a line pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from report.audit import Allowance, Finding, judge, scan

LOG = """\
2026-11-24T10:53:27.723Z INFO status_backend: no ERROR here, panic: neither
2026-11-24T10:53:28.000Z ERROR codex.node: broken
2026-11-24T10:53:29.000Z ERROR codex.node: an error with its traceback
Traceback (most recent call last):
  File "x.py", line 1, in x
KeyError: 'a'
Traceback (most recent call last):
  File "y.py", line 1, in y
    ValueError: this is a line of source
ValueError: b
panic: runtime error: index out of range
ERROR[11-24|10:53:27.723] of geth
{"level":"error","msg":"as JSON"}
time=x level=error msg=logfmt
"""


def test_panics_tracebacks_and_errors_are_found(tmp_path: Path) -> None:
    log = tmp_path / "owner.log"
    log.write_text(LOG)
    found = [(finding.what, finding.line) for finding in scan(log)]
    assert found == [
        ("error", 2), ("error", 3), ("traceback", 7), ("panic", 11), ("error", 12), ("error", 13), ("error", 14)
    ]  # fmt: skip
    texts = {finding.line: finding.text for finding in scan(log)}
    assert texts[3].endswith("an error with its traceback | KeyError: 'a'")
    assert texts[7] == "ValueError: b"
    assert next(scan(log)).wall == pytest.approx(1795517608.0)


def test_an_allowance_covers_its_pattern_on_its_node_only() -> None:
    findings = [Finding("owner-1", "error", 1, "disk is full"), Finding("member-2", "error", 1, "disk is full")]
    assert judge(findings, [Allowance("disk.*full", reason="the fault fills it", node="owner")]) == findings[1:]
    assert judge(findings, [Allowance("memory", reason="none")]) == findings


def test_an_allowance_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="must give a reason"):
        Allowance("x", reason=" ")
