"""What every worker does now: in a terminal a table beneath pytest's output, elsewhere a line when something lasts.

Without workers it is the state of this process (see plugin.activity), else what the workers last told the controller.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest

from plugin import groups
from plugin.activity import ACTIVITY
from plugin.controller import is_worker
from plugin.observer import OBSERVER
from plugin.screen import Screen
from report.live import Lines, table

LIVE = pytest.StashKey["LiveView"]()

LOOK = 0.5  # seconds between pictures
SPARE = 4  # rows of the terminal that the view leaves to pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup(groups.EVIDENCE).addoption(
        "--live",
        choices=["auto", "table", "lines", "off"],
        default="auto",
        help="what is shown of tests under way: worker, test, step, nodes, what is awaited and the time left; auto: "
        "a table in a terminal, lines in CI and in files, nothing with -q (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.live == "table" and not (is_worker(config) or config.option.collectonly or _in_terminal()):
        raise pytest.UsageError("--live table needs a terminal: --live lines does without")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """After the header, which is written then."""
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    style = chosen(config)
    if style != "off" and reporter is not None and not is_worker(config) and not config.option.collectonly:
        config.stash[LIVE] = LiveView(config, Screen(reporter._tw), style)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Any:
    if view := session.config.stash.get(LIVE, None):
        view.close()
    return (yield)


def chosen(config: pytest.Config) -> str:
    """table, lines or off."""
    given = config.option.live
    if given != "auto":
        return given
    if config.option.verbose < 0:
        return "off"
    return "table" if _in_terminal() and not _in_ci() and config.option.capture != "no" else "lines"


def _in_terminal() -> bool:
    return os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb"


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


class LiveView:
    """A thread of the controller that looks and shows."""

    def __init__(self, config: pytest.Config, screen: Screen, style: str) -> None:
        self._config = config
        self._screen = screen
        self._lines = Lines() if style == "lines" else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="live view", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._screen.close()

    def _show(self) -> None:
        while not self._ended.wait(LOOK):
            states, now = self._states(), time.monotonic()
            if self._lines is not None:
                for line in self._lines.of(states, now):
                    self._screen.say(line)
            else:
                size = self._screen.size()
                self._screen.draw(table(states, now, size.columns - 1, max(1, size.lines - SPARE)))

    def _states(self) -> list[dict[str, Any]]:
        observer = self._config.stash.get(OBSERVER, None)
        return observer.states() if observer else [self._config.stash[ACTIVITY].to_json()]
