"""`--record DIR` keeps what was asked, answered and signalled in each test as its golden transcript; `--contract DIR`
holds a later run against them. Both read the journals that the tests left, so workers need to know nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golden import compare, transcript
from golden.compare import Difference
from golden.transcript import Transcript
from journal.reading import read_journal
from plugin import groups
from plugin.controller import RUN, is_worker
from plugin.failure import GATHERER
from plugin.fixtures import folder_name
from plugin.repeat import id_without_round
from report import files

KEY = "contract"
_MOST_SHOWN = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.REPRODUCTION)
    group.addoption(
        "--record",
        type=Path,
        metavar="DIR",
        help="write a golden transcript of each test that passes; one that is there already learns what varies "
        "(default: nothing is recorded)",
    )
    group.addoption(
        "--contract",
        type=Path,
        metavar="DIR",
        help="compare each test that passes with its golden transcript; a difference makes the run fail "
        "(default: nothing is compared)",
    )


def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    if is_worker(config) or not (option.record or option.contract):
        return
    if option.contract and not list(option.contract.glob("*.json")):
        raise pytest.UsageError(f"--contract {option.contract}: there are no transcripts; --record makes them")
    if option.record and option.record.exists() and not option.record.is_dir():
        raise pytest.UsageError(f"--record {option.record}: this is no folder")
    config.pluginmanager.register(Golden(config), "golden")


class Golden:
    """On the controller, when all tests are over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._recorded: list[Path] = []
        self._compared = 0
        self._failed = 0
        self._missing: list[str] = []
        self._differences: list[tuple[str, Difference]] = []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        opened, option = self._config.stash[RUN].opened, self._config.option
        if opened is None:
            return
        self._failed = sum(record["outcome"] != "passed" for _, record in files.records(opened.run.run_dir))
        for seen in _transcripts(opened.run.run_dir, repeated=option.repeat > 1):
            if option.contract:
                self._compare(option.contract / file_name(seen["test"]), seen)
            if option.record:
                self._record(option.record / file_name(seen["test"]), seen)
        if option.contract:
            found = [{"test": test, **difference.to_json()} for test, difference in self._differences]
            contract = {"compared": self._compared, "without_transcript": self._missing, "differences": found}
            self._config.pluginmanager.get_plugin(GATHERER).page().add_to_run(KEY, contract)
            if found and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _compare(self, path: Path, seen: Transcript) -> None:
        if not path.exists():
            self._missing.append(seen["test"])
            return
        self._compared += 1
        self._differences += [(seen["test"], found) for found in compare.differences(transcript.load(path), seen)]

    def _record(self, path: Path, seen: Transcript) -> None:
        before = transcript.load(path) if path.exists() else None
        transcript.save(path, compare.together(before, seen) if before else seen)
        self._recorded.append(path)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._recorded:
            number = len(set(self._recorded))
            terminalreporter.write_line(f"recorded: {number} transcripts in {self._config.option.record}")
        if not self._config.option.contract:
            return
        number = len(self._differences)
        terminalreporter.write_line(
            f"contract: {self._compared} tests compared with their transcripts"
            + (f", {self._failed} not, for they did not pass" if self._failed else "")
            + (f": {number} differences" if number else ": no difference" if self._compared else ""),
            red=bool(number),
        )
        shown = ""
        for test, difference in self._differences[:_MOST_SHOWN]:
            if test != shown:
                terminalreporter.write_line(f"  {test}")
                shown = test
            for line in described(difference):
                terminalreporter.write_line(f"    {line}")
        if number > _MOST_SHOWN:
            terminalreporter.write_line(f"  ... and {number - _MOST_SHOWN} more, in run.json")
        if self._missing:
            terminalreporter.write_line(f"without a transcript: {len(self._missing)} tests (listed in run.json)")


def described(difference: Difference) -> Iterator[str]:
    """For people, by method and field."""
    subject = " ".join(part for part in (difference.subject, difference.path) if part)
    yield f"{difference.node}: {subject}: {difference.what}" if subject else f"{difference.node}: {difference.what}"
    for label, value in (("recorded", difference.expected), ("came", difference.came)):
        if value is not None:
            yield f"    {label + ':':<9} {transcript.shortened(value)}"


def file_name(test: str) -> str:
    """Of the transcript of a test, from its node id."""
    return f"{folder_name(test)}.json"


def _transcripts(run_dir: Path, repeated: bool) -> Iterator[Transcript]:
    """Of all rounds of a test the same test."""
    for path, record in files.records(run_dir):
        journal = path.with_name(files.JOURNAL)
        if record["outcome"] == "passed" and journal.exists():
            test = id_without_round(record["id"]) if repeated else record["id"]
            found = transcript.build(test, read_journal(journal))
            if found["nodes"]:
                yield found
