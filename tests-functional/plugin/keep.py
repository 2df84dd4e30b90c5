"""--keep: the nodes of failed tests, and those that all tests share, stay up after the run for a person to look at."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fleet import kept
from plugin.controller import RUN, is_worker
from plugin.failure import has_failed
from plugin.isolation import Isolation

if TYPE_CHECKING:
    from fleet.node import Node
    from plugin.fixtures import TestNodes

STARTED = "started"  # the nodes of tests under way, by worker, in the run's temporary folder
SCRIPT = "./_assets/scripts/run_functional_tests_dev.sh"


def end(item: pytest.Item, nodes: TestNodes) -> None:
    """What becomes of a test's nodes when it has ended."""
    if has_failed(item) and nodes.started and Isolation.of(item.config).keep_for:
        nodes.opened.runtime.keep(nodes.started)
        kept.note(nodes.opened.run, f"{item.nodeid}, which failed", nodes.started)
    else:
        nodes.remove()
    forget(nodes)


def remember(nodes: TestNodes, node: Node) -> None:
    """So that the node of a test whose worker dies can be kept."""
    folder = nodes.opened.run.temp_dir / STARTED / nodes.worker
    folder.mkdir(parents=True, exist_ok=True)
    (folder / node.name).write_text(json.dumps({"test": nodes.test, "handle": node.handle}))


def forget(nodes: TestNodes) -> None:
    shutil.rmtree(nodes.opened.run.temp_dir / STARTED / nodes.worker, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """xdist, on the controller: nodes of the test in the midst of which a worker died. One that it had not started
    wholly is none of them, and goes with the run."""
    opened = node.config.stash[RUN].opened
    if error is None or opened is None or not Isolation.of(node.config).keep_for:
        return
    notes = sorted((opened.run.temp_dir / STARTED / node.gateway.id).glob("*"))
    left = [json.loads(path.read_text()) for path in notes]
    if left:
        nodes = [opened.runtime.attach(entry["handle"]) for entry in left]
        kept.note(opened.run, f"{left[0]['test']}, whose worker died", nodes)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if is_worker(config) or not (lines := config.stash[RUN].kept):
        return
    terminalreporter.section("nodes that stay up")
    for line in lines:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"remove them now: {SCRIPT} --remove {config.stash[RUN].opened.run.run_id}")
