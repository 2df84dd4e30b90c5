"""The controller's eye on its workers: what each does now, and the end of one that hangs where it cannot end itself."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest

import pace
from plugin import hang, stacks
from plugin.activity import ACTIVITY
from plugin.controller import RUN, is_worker
from plugin.failure import GATHERER
from plugin.pulse import Ear, Pulse
from plugin.watchdog import WATCHDOG, grace, test_limit
from report import files, verdict
from report.verdict import Verdict

OBSERVER = pytest.StashKey["Observer"]()
PULSE = pytest.StashKey[Pulse]()

LOOK = 0.5  # seconds between looks
STARTING = "start"


@dataclass
class Seat:
    """One worker as the controller knows it; `state` as `Activity.to_json` has it. A limit of 0 is none."""

    worker: str
    node: Any
    limit: float
    state: dict[str, Any] = field(default_factory=dict)
    phase: pace.Wait | None = None
    silence: pace.Wait | None = None
    ending: bool = False  # it hangs, and is being looked into
    hang: Verdict | None = None
    bundle: str = ""
    looked_into: threading.Event = field(default_factory=threading.Event)

    def hear(self, state: dict[str, Any]) -> None:
        before, self.state = self.state, state
        if any(state[key] != before.get(key) for key in ("test", "phase", "since")):
            limit = state["limit"]
            self.phase = pace.Wait("", limit + grace(limit)) if limit else None
        self.silence = pace.Wait("", self.limit + grace(self.limit)) if self.limit else None

    @property
    def pid(self) -> int:
        popen = getattr(getattr(self.node.gateway, "_io", None), "popen", None)
        return self.state.get("pid") or popen.pid

    def doing(self) -> str:
        """In words: where it stands, and what it waits for."""
        state = self.state
        now = time.monotonic()
        where = f"{state['test']} ({state['phase']})" if state["test"] else state["phase"] or "no test"
        words = [f"{where} for {now - state['since']:.0f} s"]
        words += [state["doing"]] if state["doing"] else []
        words += [f"waits for {wait['what']} from {wait['of'] or 'nobody in particular'}" for wait in state["waits"]]
        return "; ".join(words)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    config = node.config
    if OBSERVER not in config.stash:
        config.stash[OBSERVER] = Observer(config)
    config.stash[OBSERVER].expect(node)
    node.workerinput["pulse"] = config.stash[OBSERVER].invitation


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if is_worker(config):
        activity = config.stash[ACTIVITY]
        pulse = config.stash[PULSE] = Pulse(config.workerinput["pulse"], activity.to_json)
        activity.changed.append(pulse.tell)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    node.config.stash[OBSERVER].dismiss(node.gateway.id)


def pytest_unconfigure(config: pytest.Config) -> None:
    if PULSE in config.stash:
        config.stash[ACTIVITY].changed.clear()
        config.stash[PULSE].close()
    if OBSERVER in config.stash:
        config.stash[OBSERVER].close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """xdist's word on a test whose worker was ended shows what was found."""
    observer = getattr(getattr(getattr(report, "node", None), "config", None), "stash", {}).get(OBSERVER, None)
    if observer is None or report.when in ("setup", "call", "teardown"):
        return
    if hung := observer.hang_of(report.node.gateway.id):
        report.sections.append(("hang", "\n".join(hung.evidence)))


class Observer:
    """Watches all workers of a run from a thread of the controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._limit = test_limit(config)
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}
        self._gone: dict[str, Seat] = {}
        self._idle = pace.Wait("", self._limit)
        self._answers = False
        self._ended = threading.Event()
        self._ear = Ear(self._hear)
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self._thread.start()

    @property
    def invitation(self) -> dict[str, Any]:
        return self._ear.invitation

    def states(self) -> list[dict[str, Any]]:
        """What the workers that live are doing, as `Activity.to_json` has it."""
        with self._lock:
            return [seat.state for seat in self._seats.values() if seat.state]

    def hang_of(self, worker: str) -> Verdict | None:
        """Why this worker was ended, if it was ended for hanging; waits until all is known."""
        seat = self._gone.get(worker) or self._seats.get(worker)
        if seat is None or not seat.ending:
            return None
        seat.looked_into.wait()
        return seat.hang

    def bundle_of(self, worker: str) -> str:
        """What was gathered about it."""
        return self._gone[worker].bundle if self.hang_of(worker) else ""

    def last_word_of(self, worker: str) -> str:
        """What a worker that is gone was last known to do."""
        seat = self._gone.get(worker)
        return seat.doing() if seat and seat.state.get("phase") not in (None, STARTING) else ""

    def expect(self, node: Any) -> None:
        worker = node.gateway.id
        seat = Seat(worker, node, self._limit)
        seat.hear(
            {"worker": worker, "pid": 0, "test": "", "phase": STARTING, "since": time.monotonic(), "doing": "",
             "limit": self._limit, "nodes": [], "waits": []}
        )  # fmt: skip
        with self._lock:
            self._seats[worker] = seat

    def dismiss(self, worker: str) -> None:
        with self._lock:
            if seat := self._seats.pop(worker, None):
                self._gone[worker] = seat

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._ear.close()

    def _hear(self, state: dict[str, Any]) -> None:
        with self._lock:
            if seat := self._seats.get(state["worker"]):
                seat.hear(state)

    def _watch(self) -> None:
        while not self._ended.wait(LOOK):
            if not self._answers and (opened := self._config.stash[RUN].opened):
                stacks.answer_in_file(opened.run.run_dir, "controller")
                self._answers = True
            with self._lock:
                seats = [seat for seat in self._seats.values() if not seat.ending]
            for seat in seats:
                self._look_at(seat)
            self._look_at_run(seats)

    def _look_at(self, seat: Seat) -> None:
        if seat.phase is not None and seat.phase.left() <= 0:
            limit = f"{seat.state['limit']:g} s"
            self._end(seat, f"hang: worker {seat.worker} stood in {seat.doing()}; its limit is {limit}")
        elif seat.silence is not None and seat.silence.left() <= 0:
            silent = time.monotonic() - seat.silence.began
            self._end(seat, f"hang: no sign of life from worker {seat.worker} for {silent:.0f} s; last {seat.doing()}")

    def _end(self, seat: Seat, head: str) -> None:
        seat.ending = True
        seat.hang = Verdict(verdict.HANG, (head,))
        if missing := hang.told(lambda: self._look_into(seat, head)):
            seat.hang = Verdict(verdict.HANG, (head, missing))
        with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody has noticed yet
            os.kill(seat.pid, signal.SIGKILL)
        seat.looked_into.set()

    def _look_into(self, seat: Seat, head: str) -> str:
        evidence = [head]
        if _is_stopped(seat.pid):
            evidence.append(f"process {seat.pid} was stopped, as by SIGSTOP")
        parts = [f"threads of the controller:\n\n{stacks.of_this_process()}", *self._about_nodes(seat)]
        records = self._records(seat.state["test"])
        of_worker = stacks.last_of_process(seat.pid, self._written(seat.worker))
        if place := hang.last_place(of_worker, self._config.rootpath):
            evidence.append(f"the main thread stood at {place}")
        threads = f"threads of {seat.worker}, process {seat.pid}:\n\n{of_worker or 'it did not answer'}"
        seat.bundle = "\n\n".join(["\n".join(evidence), threads, *parts]) + "\n"
        for path, _ in records:
            files.write(path.with_name(hang.FILE), seat.bundle)
        seat.hang = Verdict(verdict.HANG, (*evidence, f"stacks and logs are in {hang.FILE}; then it was ended"))
        return ""

    def _about_nodes(self, seat: Seat) -> list[str]:
        opened = self._config.stash[RUN].opened
        if opened is None:
            return []
        handles = seat.state.get("handles", ())
        return [hang.told(lambda: hang.about_node(opened.runtime.attach(handle))) for handle in handles]

    def _look_at_run(self, seats: list[Seat]) -> None:
        """Workers that all wait for something to do, and a controller that gives them nothing."""
        busy = any(seat.state["phase"] for seat in seats) or self._config.stash[ACTIVITY].phase is not None
        if busy or not self._limit:
            self._idle = pace.Wait("", self._limit)
        elif self._idle.left() <= 0:
            text = f"hang: no worker has run a test for {self._idle}, and yet the run does not end"
            bundle = f"{text}\n\nthreads of the controller:\n\n{stacks.of_this_process()}"
            if opened := self._config.stash[RUN].opened:
                files.write(opened.run.run_dir / hang.FILE, bundle)
            self._config.stash[WATCHDOG].say(f"\n{bundle}\n")
            if gatherer := self._config.pluginmanager.get_plugin(GATHERER):
                gatherer.hung(None, (text, f"stacks are in {hang.FILE}"))
            self._config.stash[WATCHDOG].end_run(text)
            self._idle = pace.Wait("", self._limit)

    def _written(self, worker: str) -> Any:
        opened = self._config.stash[RUN].opened
        return stacks.file_of(opened.run.run_dir, worker) if opened else None

    def _records(self, test: str) -> list[Any]:
        opened = self._config.stash[RUN].opened
        return files.running(opened.run.run_dir, test) if opened and test else []


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False
