"""--keep: the nodes of failed tests, and those that all tests share, stay up after the run for a person to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fleet import kept
from plugin.controller import RUN, is_worker
from plugin.failure import has_failed
from plugin.isolation import Isolation

if TYPE_CHECKING:
    from plugin.fixtures import TestNodes

SCRIPT = "./_assets/scripts/run_functional_tests_dev.sh"


def end(item: pytest.Item, nodes: TestNodes) -> None:
    """What becomes of a test's nodes when it has ended."""
    if has_failed(item) and nodes.started and Isolation.of(item.config).keep_for:
        nodes.opened.runtime.keep(nodes.started)
        kept.note(nodes.opened.run, f"{item.nodeid}, which failed", nodes.started)
    else:
        nodes.remove()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if is_worker(config) or not (lines := config.stash[RUN].kept):
        return
    terminalreporter.section("nodes that stay up")
    for line in lines:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"remove them now: {SCRIPT} --remove {config.stash[RUN].opened.run.run_id}")
