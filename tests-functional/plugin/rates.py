"""What came of `--repeat`: how often each test failed, for which reasons, and where the evidence is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin.controller import RUN, is_worker
from plugin.evidence import PROPERTY
from plugin.failure import GATHERER
from plugin.repeat import id_without_round, round_in
from plugin.seed import seed_of_round
from report import files
from reproduce import rate, reasons


def pytest_configure(config: pytest.Config) -> None:
    if config.option.repeat > 1 and not is_worker(config):
        config.pluginmanager.register(Rounds(config), "rounds")


class Rounds:
    """On the controller: sees the end of every round, wherever it ran."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._failures: dict[str, str] = {}
        self._rounds: list[tuple[str, rate.Round]] = []
        self._skipped: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._failures.setdefault(report.nodeid, reasons.of_text(crash.message if crash else str(report.longrepr)))
        if report.skipped:
            self._skipped.add(report.nodeid)
        if report.when not in ("setup", "call") and report.nodeid not in self._skipped:
            self._end(report)

    def _end(self, report: pytest.TestReport) -> None:
        number = round_in(report.nodeid)
        if number is None:
            return
        folder = dict(report.user_properties).get(PROPERTY, "")
        reason = self._failures.pop(report.nodeid, "")
        if reason and folder:
            reason = reasons.of_record(files.read_json(Path(folder) / files.RECORD)) or reason
        one = rate.Round(number, seed_of_round(self._config, number), reason, folder)
        self._rounds.append((id_without_round(report.nodeid), one))
        if self._config.stash[RUN].opened is not None:
            rates = [one.to_json() for one in rate.of_rounds(self._rounds)]
            self._config.pluginmanager.get_plugin(GATHERER).page().add_to_run("rates", rates)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("how often it failed")
        for one in rate.of_rounds(self._rounds):
            terminalreporter.write_line(str(one), red=bool(one.failed), green=not one.failed)
            for reason, rounds in one.reasons.items():
                terminalreporter.write_line(f"  {len(rounds)} x {reason}")
                for each in rounds:
                    terminalreporter.write_line(f"      round {each.number}, --seed {each.seed}: {each.evidence}")
