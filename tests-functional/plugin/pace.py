"""The pace of the host: measured once when the run begins, and told where it made deadlines longer."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pytest

import pace
from pace import pressure
from pace.host import Host, Reading
from plugin.controller import is_worker
from report.pace import WORTH_SAYING, of_calibration

BEFORE = pytest.StashKey[Host]()
BEGAN = pytest.StashKey[Reading]()
PROPERTY = "deadlines_stretched"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly:
        return
    given = getattr(config, "workerinput", {}).get("pace")
    calibration = pace.Calibration(**given) if given else pace.calibrate()
    config.stash[BEFORE] = pace.use(Host(calibration))


def pytest_unconfigure(config: pytest.Config) -> None:
    if BEFORE in config.stash:
        pace.use(config.stash[BEFORE])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: workers start together and would only measure one another."""
    calibration = pace.current().calibration
    node.workerinput["pace"] = {"cpu": calibration.cpu, "waited": calibration.waited}


def pytest_report_header(config: pytest.Config) -> list[str]:
    said = of_calibration(calibration())
    return [f"pace: {said}"] if said and not is_worker(config) else []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    pace.start_counting()
    item.stash[BEGAN] = pace.current().reading()
    return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Innermost, so that the report has the property already where others look at it."""
    stretch = of_test(item)["stretch"]
    if call.when == "teardown" and stretch > WORTH_SAYING:
        item.user_properties.append((PROPERTY, str(stretch)))
    return (yield)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    highest = max(_stretched(terminalreporter), default=None)
    if highest:
        stretch, test = highest
        terminalreporter.write_line(f"pace: the host stalled, deadlines stretched up to {stretch:.1f} times ({test})")


def of_test(item: pytest.Item) -> dict[str, Any]:
    """For test.json: the highest stretch of its waits, and for how many of its seconds the host stalled."""
    began = item.stash[BEGAN]
    stalled, _ = pressure.growth(began.stalled, pace.current().stalled())
    elapsed = time.monotonic() - began.moment
    figures = {"stretch": pace.highest_stretch(), "stalled": stalled, "elapsed": elapsed}
    return {name: round(figure, 2) for name, figure in figures.items()}


def calibration() -> dict[str, Any]:
    """For run.json; empty where nothing was measured."""
    calibration = pace.current().calibration
    return calibration.to_json() if calibration else {}


def _stretched(terminalreporter: Any) -> list[tuple[float, str]]:
    """What the reports of teardowns carry, from whatever worker."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [(dict(getattr(report, "user_properties", ())), report) for report in reports]
    return [(float(given[PROPERTY]), report.nodeid) for given, report in properties if PROPERTY in given]
