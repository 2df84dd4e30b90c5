"""What pytest shows of a test - the terminal, JUnit - holds no secret of its nodes.

The journal knows them: every password, mnemonic and private key that was sent or received under its name.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest._code.code import TerminalRepr

from journal.redaction import Redactor
from plugin.evidence import JOURNAL


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    journal = item.stash.get(JOURNAL, None)
    if journal is not None:
        for part in ("longrepr", "sections", "user_properties"):
            setattr(report, part, _cleaned(getattr(report, part), journal.redactor))
    return report


def _cleaned(value: Any, redactor: Redactor) -> Any:
    """The same structure with every text in it cleaned. pytest's own representations are changed in place."""
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_cleaned(part, redactor) for part in value)
    if isinstance(value, TerminalRepr):
        for name, part in vars(value).items():
            setattr(value, name, _cleaned(part, redactor))
    return value
