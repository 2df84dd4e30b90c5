"""The watchdog of each process: what takes longer than its limit is looked into, written down and then ended.

A test that waits somewhere in Python is interrupted where it stands and fails with the verdict "hang"; the run goes on.
What cannot be interrupted is ended from outside: a worker by the controller (see plugin.observer), the controller by
itself.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from plugin import groups, hang, stacks
from plugin.activity import ACTIVITY, Activity, Phase
from plugin.controller import is_worker
from plugin.failure import GATHERER
from plugin.hang import Hang
from plugin.options import Settings
from report import files

WATCHDOG = pytest.StashKey["Watchdog"]()

OPENING_LIMIT = 1800.0  # seconds for the shared fleet to start, which may have to build images first
SESSION_END_LIMIT = 300.0  # seconds for nodes, reaper and reports to be done when the last test has ended
EXIT_LIMIT = 60.0  # seconds for the process to end after that
TICK = 2.0  # seconds between looks of the watchdog at a phase under way
FROZEN = 10.0  # seconds that a look may come late; later, the whole process was stopped, and that does not count
INTERRUPT = signal.SIGUSR2
ATTEMPTS = 4  # to interrupt what hangs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup(groups.ISOLATION).addoption(
        "--test-time-limit",
        type=float,
        default=None,
        metavar="SECONDS",
        help="how long setup, call or teardown of a test may take each before they count as a hang, 0 for ever; "
        "stretches with the load of the host (default: 600 with fast timings, 1200 with upstream ones)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "time_limit(seconds): how long setup, call or teardown may take before they count as a hang"
    )
    if not config.option.collectonly:
        config.stash[WATCHDOG] = Watchdog(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if WATCHDOG in config.stash:
        config.stash[WATCHDOG].close()
        if not is_worker(config):
            threading.Thread(target=_see_it_end, name="exit watch", daemon=True).start()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    with _during(session.config, "collection", test_limit(session.config)):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    with _during(item.config, "setup", limit_of(item), item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    with _during(item.config, "call", limit_of(item), item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    with _during(item.config, "teardown", limit_of(item), item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """Innermost of the wrappers, so that the terminal still sums up when this ends with a hang."""
    config = session.config
    try:
        with _during(config, "session end", SESSION_END_LIMIT) as phase:
            return (yield)
    except pytest.exit.Exception as error:
        if str(error) != phase.hang:
            raise
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        config.stash[WATCHDOG].say(f"\n{error}\n")
        if gatherer := config.pluginmanager.get_plugin(GATHERER):
            gatherer.hung(None, (phase.hang.splitlines()[0], *phase.evidence))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest, fixturedef: Any) -> Generator[None, Any, Any]:
    """The first test of a process may have to wait for the shared fleet: that is not its own time."""
    if fixturedef.argname != "harness":
        return (yield)
    activity = request.config.stash[ACTIVITY]
    before = activity.phase
    with _during(request.config, "the shared fleet starts", OPENING_LIMIT, before.test if before else ""):
        opened = yield
    stacks.answer_in_file(opened.run.run_dir, activity.worker)
    return opened


def pytest_enter_pdb(config: pytest.Config) -> None:
    """Who debugs takes the time it takes."""
    if phase := config.stash[ACTIVITY].phase:
        phase.wait.extend(float("inf"))


def test_limit(config: pytest.Config) -> float:
    """Seconds that a phase of a test may take, unless it is marked otherwise; 0 for ever."""
    if config.getoption("usepdb", False):
        return 0.0
    given = config.option.test_time_limit
    return Settings.of(config).timings.test_limit if given is None else given


def limit_of(item: pytest.Item) -> float:
    """Seconds that a phase of this test may take; 0 for ever."""
    marker = item.get_closest_marker("time_limit")
    default = test_limit(item.config)
    return float(marker.args[0]) if marker and default else default


@contextlib.contextmanager
def _during(config: pytest.Config, name: str, limit: float, test: str = "") -> Iterator[Phase]:
    with config.stash[ACTIVITY].during(name, limit if WATCHDOG in config.stash else 0.0, test) as phase:
        yield phase


def grace(limit: float) -> float:
    """Seconds for what has reached its limit to be interrupted, before it is ended."""
    return min(30.0, max(2.0, limit / 10))


class Watchdog:
    """A thread that sleeps until the phase under way has reached its limit."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._activity: Activity = config.stash[ACTIVITY]
        self._changed = threading.Condition()
        self._closing = False
        self._whole_run: Phase | None = None
        self._stderr = os.dup(sys.__stderr__.fileno())  # not captured: pytest suspends that while it configures
        stacks.answer_signal(self._stderr)
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._before = signal.signal(INTERRUPT, self._interrupt) if self._in_main_thread else None
        self._activity.changed.append(self._wake)
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self._is_on_its_own:
            faulthandler.cancel_dump_traceback_later()
        if self._in_main_thread:
            signal.signal(INTERRUPT, self._before or signal.SIG_DFL)

    def end_run(self, text: str) -> None:
        """Interrupts the main thread wherever it stands: the session ends with this text."""
        self._whole_run = Phase("", "the run", 0.0)
        self._whole_run.hang = text
        signal.pthread_kill(threading.main_thread().ident, INTERRUPT)

    def say(self, text: str) -> None:
        """On standard error, past all capturing."""
        os.write(self._stderr, text.encode(errors="replace"))

    # the watching thread

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                phase = self._activity.phase
                left = phase.wait.left() if phase is not None and phase.limit else float("inf")
                if left > 0:
                    self._sleep(phase, left)
                    continue
            self._end(phase)

    def _sleep(self, phase: Phase | None, left: float) -> None:
        limited = phase is not None and phase.limit > 0
        self._arm()
        began, most = time.monotonic(), min(left, TICK) if limited else None
        self._changed.wait(most)
        late = time.monotonic() - began - (most or float("inf"))
        if late > FROZEN and phase is not None:
            phase.wait.extend(late)

    def _arm(self) -> None:
        """Should C code hold the interpreter for good, neither thread runs again. This timer needs no interpreter; it
        is set by the main thread too, for that may take the interpreter right after."""
        if not self._is_on_its_own:
            return
        phase = self._activity.phase
        left = phase.wait.left() if phase is not None and phase.limit else float("inf")
        if left == float("inf"):
            faulthandler.cancel_dump_traceback_later()
        else:
            faulthandler.dump_traceback_later(left + 2 * grace(phase.limit), exit=True, file=self._stderr)

    def _end(self, phase: Phase) -> None:
        if self._is_on_its_own:
            faulthandler.cancel_dump_traceback_later()
        head = hang.statement(phase)
        root = self._config.rootpath
        if place := hang.place(root):
            phase.evidence.append(f"the main thread stood at {place}")
        phase.evidence += [f"it awaited {wait}" for wait in hang.waits()]
        bundle = hang.told(lambda: hang.gather(head, self._activity, self._others()))
        if (folder := self._activity.folder) is not None:
            unwritten = hang.told(lambda: files.write(folder / hang.FILE, bundle) or "")
            phase.evidence.append(unwritten or f"stacks, waits and logs are in {hang.FILE}")
            phase.hang = head
        else:
            phase.hang = f"{head}\n{bundle}"
        for _ in range(ATTEMPTS):
            if self._in_main_thread:
                signal.pthread_kill(threading.main_thread().ident, INTERRUPT)
            with self._changed:
                if self._changed.wait_for(lambda: self._activity.phase is not phase, grace(phase.limit) / ATTEMPTS):
                    return
        if is_worker(self._config):
            phase.wait.extend(float("inf"))  # the controller ends this process
        else:
            self._give_up(phase, bundle)

    def _give_up(self, phase: Phase, bundle: str) -> None:
        """Nobody else can end this process. Its nodes are left to the reaper."""
        self.say(f"\n{bundle}\n{phase} could not be interrupted: the run ends here\n")
        if gatherer := self._config.pluginmanager.get_plugin(GATHERER):
            gatherer.hung(self._activity.folder, (phase.hang.splitlines()[0], *phase.evidence))
        os._exit(pytest.ExitCode.TESTS_FAILED)

    def _others(self) -> list[tuple[str, Any]]:
        if not is_worker(self._config) or self._activity.folder is None:
            return []
        written = stacks.file_of(self._activity.folder.parent, "controller")
        return [("the controller", lambda: stacks.of_process(os.getppid(), written))]

    @property
    def _is_on_its_own(self) -> bool:
        """No controller looks after this process, and pytest's own time-out does not use the one timer there is."""
        return not is_worker(self._config) and not float(self._config.getini("faulthandler_timeout") or 0)

    # the main thread

    def _wake(self) -> None:
        self._arm()
        with self._changed:
            self._changed.notify()

    def _interrupt(self, *_: Any) -> None:
        phase = self._whole_run or self._activity.phase
        if phase is None or not phase.hang:
            return
        if phase.test:
            raise Hang(phase.hang, phase.evidence)
        raise pytest.exit.Exception(phase.hang, returncode=pytest.ExitCode.TESTS_FAILED)


def _see_it_end() -> None:
    """A process whose tests are over can still wait for threads that never end."""
    time.sleep(EXIT_LIMIT)
    frame = stacks.main_frame()
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    if frame is None or frame.f_code.co_name != "_shutdown":  # the program is not over: pytest was only part of it
        return
    text = f"\nhang: the tests are over, but the process has not ended within {EXIT_LIMIT:g} s\n\n"
    os.write(2, (text + stacks.of_this_process()).encode(errors="replace"))
    os._exit(pytest.ExitCode.TESTS_FAILED)
