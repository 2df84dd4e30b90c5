"""Every reply and every signal of every test is checked against its schema, and a run tells what it never exercised."""

from __future__ import annotations

import functools
import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from journal.entry import Entry
from journal.reading import read_journal
from plugin import groups
from plugin.controller import RUN, is_worker
from plugin.evidence import JOURNAL
from plugin.failure import GATHERER, RECORD, has_failed
from report import coverage, files
from schemas.checking import Check
from schemas.infer import widen_by
from schemas.library import FOLDER, REPLIES, SIGNALS, Library
from schemas.samples import read

KEY = "schemas"
_MOST_SHOWN = 20


class DoesNotFit(pytest.fail.Exception, AssertionError):
    """The backends answered or signalled what their schemas do not allow. An assertion: the product is to blame."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.EVIDENCE)
    group.addoption(
        "--schema-check",
        choices=["fail", "report", "off"],
        default="report",  # schemas know what was seen: a new test may be the first to see more, and is not to blame
        help="what a reply or signal that does not fit its schema does to its test (default: %(default)s)",
    )
    group.addoption(
        "--schemas",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="the schemas that are meant (default: tests-functional/schemas)",
    )
    group.addoption(
        "--update-schemas",
        action="store_true",
        help="make the schemas accept what this run saw, for `git diff` to show (default: they stay as they are)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not is_worker(config) and config.option.schema_check != "off":
        if not config.option.schemas.is_dir():
            raise pytest.UsageError(f"--schemas {config.option.schemas}: there is no such folder")
        config.pluginmanager.register(Coverage(config), "schema-coverage")


@functools.cache
def library(folder: Path) -> Library:
    return Library(folder)


# In the process that runs the test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Last, when nothing more can come. What does not fit fails a test that has not failed yet."""
    try:
        result = yield
    finally:
        check = _check(item)
    if check is not None and check.mismatches and _fails(item.config) and not has_failed(item):
        raise DoesNotFit(item.stash[JOURNAL].redactor.text(check.text()), pytrace=False)
    return result


def _check(item: pytest.Item) -> Check | None:
    if JOURNAL not in item.stash or item.config.option.schema_check == "off":
        return None
    check = Check(library(item.config.option.schemas)).add(map(_row, item.stash[JOURNAL].entries()))
    # As text: cleaned by its keys, the count of a method whose name ends in "Password" would pass for one.
    item.stash[RECORD][KEY] = json.loads(item.stash[JOURNAL].redactor.text(json.dumps(check.record())))
    return check


def _row(entry: Entry) -> dict[str, Any]:
    return {"kind": entry.kind, "node": entry.node, **entry.data}


def _fails(config: pytest.Config) -> bool:
    return config.option.schema_check == "fail" and not config.option.update_schemas


# On the controller


class Coverage:
    """The union over all tests and workers, from the folders that they left."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run: dict[str, Any] | None = None
        self._written: list[Path] = []

    def pytest_sessionfinish(self) -> None:
        opened = self._config.stash[RUN].opened
        if opened is None:
            return
        schemas = library(self._config.option.schemas)
        left = (_left_by(record, path.parent, schemas) for path, record in files.records(opened.run.run_dir))
        self._run = coverage.of_run(filter(None, left), schemas.names(REPLIES, SIGNALS))
        self._config.pluginmanager.get_plugin(GATHERER).page().add_to_run(KEY, self._run)
        if self._config.option.update_schemas:
            changed = schemas.copy()
            widen_by(changed, read(opened.run.run_dir))
            self._written = changed.write()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._run is None:
            return
        found = [] if self._config.option.update_schemas else coverage.misfits(self._run)
        for line in found[:_MOST_SHOWN]:
            terminalreporter.write_line(f"does not fit: {line}", red=_fails(self._config))
        if len(found) > _MOST_SHOWN:
            terminalreporter.write_line(f"... and {len(found) - _MOST_SHOWN} more, in report.html")
        for line in coverage.summary(self._run):
            terminalreporter.write_line(line)
        for path in self._written:
            terminalreporter.write_line(f"changed: {path}")


def _left_by(record: dict[str, Any], folder: Path, schemas: Library) -> Mapping[str, Any] | None:
    """Of one test. One whose worker died left no record of this, but its journal."""
    if KEY not in record:
        if not (folder / files.JOURNAL).exists():
            return None
        record[KEY] = Check(schemas).add(read_journal(folder / files.JOURNAL)).record()
    return {"test": record["id"], **record[KEY]}
