"""What became of a test here before is told with its failure and in report.html, and what becomes of it now is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from plugin.controller import open_run
from plugin.failure import FOLDER, RECORD
from plugin.open_run import OpenRun
from plugin.repeat import without_round
from reproduce import reasons
from reproduce.history import History


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Outside of plugin.evidence, which has written down the failure by then."""
    report = yield
    if report.failed and FOLDER in item.stash and RECORD in item.stash:
        failed = {**item.stash[RECORD], "outcome": "failed"}
        told = _told(open_run(item.config), without_round(item), reasons.of_record(failed))
        report.sections.append(("Has it failed here before?", told))
    return report


def kept(opened: OpenRun, record: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The record of a test that ended, with "history": what was known of it before. Now this is known as well."""
    told = _told(opened, record.get("test", record["id"]), reasons.of_record(record))
    try:
        History(opened.settings.logs_dir).add(
            record, run=opened.run.run_id, folder=str(folder.relative_to(opened.settings.logs_dir.resolve())),
            runtime=opened.runtime.name, image=opened.settings.backend,
        )  # fmt: skip
    except sqlite3.Error:
        pass  # `told` says so already
    return {**record, "history": told}


def _told(opened: OpenRun, test: str, reason: str) -> str:
    history = History(opened.settings.logs_dir)
    try:
        return history.of(test, opened.runtime.name, opened.settings.backend).told(reason)
    except sqlite3.Error as error:
        return f"{history.path} cannot be used ({error}); without it there will be a new one"
