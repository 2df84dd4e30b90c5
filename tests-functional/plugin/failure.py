"""What a failed test says at the end of its report: where its logs are, and how to run just it again the same way."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from plugin.command import again as command

FOLDER = pytest.StashKey[Path]()
RECORD = pytest.StashKey[dict[str, Any]]()  # test.json as it grows
_FAILED = pytest.StashKey[bool]()

GATHERER = "evidence-gatherer"  # by this name the plugin manager has what keeps run.json and report.html


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = has_failed(item) or report.failed
    if report.failed and FOLDER in item.stash:
        text = f"logs:  {item.stash[FOLDER]}\nagain: {command(item)}"
        report.sections.append(("Where to look, how to run it again", text))
    return report


def has_failed(item: pytest.Item) -> bool:
    """In a phase that is over."""
    return item.stash.get(_FAILED, False)
