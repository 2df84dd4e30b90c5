"""Deadlines on hosts that stall as the test says: the clock and the kernel's figures are the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import pace
from journal.journal import Journal
from journal.waiting import AwaitedSignal, WaitTimeout
from pace import Calibration, Host, Wait, pressure
from pace.calibration import NOMINAL_CPU
from steps.eventually import eventually


class Stage:
    """A host whose time passes when it is told to: `pass_by(10, stalled=4)`."""

    def __init__(self, folder: Path, *, calibration: Calibration | None = None, load: float = 0.5) -> None:
        self.folder = folder
        self.now = 1000.0
        self.totals = {"cpu": 7.0, "io": 1.0, "memory": 0.0}
        self._write()
        self.host = Host(calibration, lambda: pressure.stalled(self.folder), lambda: load, lambda: self.now)

    def pass_by(self, seconds: float, *, stalled: float = 0.0, on: str = "cpu") -> None:
        self.now += seconds
        self.totals[on] += stalled
        self._write()

    def _write(self) -> None:
        for resource, seconds in self.totals.items():
            line = f"avg10=0.00 avg60=0.00 avg300=0.00 total={seconds * 1e6:.0f}\n"
            (self.folder / resource).write_text(f"some {line}full {line}")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_on_an_idle_host_a_wait_lasts_exactly_as_long_as_it_says(stage: Stage) -> None:
    wait = Wait("x", 30, host=stage.host)
    stage.pass_by(29)
    assert wait.left() == pytest.approx(1)
    stage.pass_by(1)
    assert wait.left() == 0
    assert str(wait) == "30 s" and wait.stretch == 1


def test_the_time_in_which_the_host_stalled_is_given_back(stage: Stage) -> None:
    wait = Wait("x", 30, host=stage.host)
    stage.pass_by(30, stalled=11)
    assert wait.left() == pytest.approx(11)
    stage.pass_by(11)
    assert wait.left() == 0, "it did not stall any more"
    assert str(wait) == "30 s (stretched to 41 s: the host stalled for 11.0 s (cpu))"
    assert wait.stretch == pytest.approx(41 / 30)


def test_stalls_while_time_is_given_back_are_given_back_too(stage: Stage) -> None:
    wait = Wait("x", 30, host=stage.host)
    stage.pass_by(30, stalled=10)
    stage.pass_by(10, stalled=5)
    assert wait.left() == pytest.approx(5)


def test_stalls_before_the_wait_do_not_count(stage: Stage) -> None:
    stage.pass_by(100, stalled=90)
    wait = Wait("x", 30, host=stage.host)
    stage.pass_by(30)
    assert wait.left() == 0


def test_the_scarcest_resource_counts(stage: Stage) -> None:
    wait = Wait("x", 30, host=stage.host)
    stage.pass_by(15, stalled=2, on="cpu")
    stage.pass_by(15, stalled=9, on="io")
    assert wait.left() == pytest.approx(9)
    assert "(io)" in str(wait)


def test_there_is_a_most(stage: Stage) -> None:
    wait = Wait("x", 10, host=stage.host)
    for _ in range(100):
        if (left := wait.left()) == 0:
            break
        stage.pass_by(left, stalled=0.99 * left)
    assert wait.limit == 50
    assert stage.now == pytest.approx(1050)


def test_a_slow_host_has_longer_deadlines_from_the_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path, calibration=Calibration(cpu=2 * NOMINAL_CPU, waited=1.0))
    wait = Wait("x", 30, host=stage.host)
    assert wait.left() == pytest.approx(60)
    stage.pass_by(60)
    assert wait.left() == 0
    assert str(wait).startswith("30 s (stretched to 60 s: this host takes 2.0 times the nominal time")


def test_a_fast_host_and_one_that_is_hardly_slower_are_nominal() -> None:
    for share in (0.3, 1.0, 1.2):
        assert Calibration(cpu=share * NOMINAL_CPU, waited=1.1).slowness == 1
        assert Calibration(cpu=share * NOMINAL_CPU, waited=1.1).contention == 1


def test_without_pressure_figures_load_and_calibration_tell(tmp_path: Path) -> None:
    assert pressure.stalled(tmp_path / "none") == {}
    idle, loaded = (Host(stalled=dict, load=lambda n=n: n, clock=Clock(30)) for n in (0.4, 2.0))
    assert Wait("x", 30, host=idle).left() == 0
    assert Wait("x", 30, host=loaded).left() == pytest.approx(15), "half of the time was somebody else's"
    contended = Host(Calibration(NOMINAL_CPU, waited=3.0), stalled=dict, load=lambda: 0.4, clock=Clock(30))
    assert Wait("x", 30, host=contended).left() == pytest.approx(20)


class Clock:
    """Each look comes `step` seconds after the first: as if a wait had run out."""

    def __init__(self, step: float) -> None:
        self.times = iter([0.0])
        self.step = step

    def __call__(self) -> float:
        return next(self.times, self.step)


@pytest.fixture
def measured_on():
    """`measured_on(host)`: the waits of this process, until the test is over."""
    before = pace.current()
    pace.start_counting()
    yield pace.use
    pace.use(before)
    pace.start_counting()


def test_a_wait_that_is_owed_time_goes_on_and_succeeds(measured_on) -> None:
    asked, journal, found = threading.Event(), Journal(), []
    readings = iter([0.0])

    def stalled() -> dict[str, float]:
        if (seconds := next(readings, 60.0)) > 0:
            asked.set()  # the nominal time is over
        return {"cpu": seconds}

    measured_on(Host(stalled=stalled))
    awaited = AwaitedSignal("alice", ("arrived",))
    waiter = threading.Thread(target=lambda: found.extend(journal.wait(awaited, since=0, timeout=1)))
    waiter.start()
    assert asked.wait(60)
    [wait] = pace.open_waits()
    assert (wait.what, wait.of) == ("arrived", "alice")
    entry = journal.append("alice", "signal", {"type": "arrived", "event": None})
    waiter.join(60)
    assert found == [entry]
    assert pace.open_waits() == [] and pace.highest_stretch() > 1


def test_a_wait_that_is_owed_nothing_fails_at_its_nominal_time(measured_on) -> None:
    measured_on(Host(stalled=lambda: {"cpu": 60.0, "io": 3.0}))
    with pytest.raises(WaitTimeout, match="no arrived from alice within 0.2 s\n"):
        Journal().wait(AwaitedSignal("alice", ("arrived",)), since=0, timeout=0.2)
    assert pace.highest_stretch() < 5, "a thread may be woken late, but no time was added"


def test_a_wait_that_fails_says_how_far_it_was_stretched(measured_on) -> None:
    measured_on(Host(Calibration(3 * NOMINAL_CPU, 1.0), stalled=dict, load=lambda: 0.0))
    with pytest.raises(WaitTimeout, match=r"within 0\.2 s \(stretched to 0\.6 s: this host takes 3\.0 times"):
        Journal().wait(AwaitedSignal("alice", ("arrived",)), since=0, timeout=0.2)
    with pytest.raises(TimeoutError, match=r"after 0\.2 s \(stretched to 0\.6 s: this host takes 3\.0 times"):
        eventually(lambda: None, timeout=0.2, message="it is there")
    assert pace.open_waits() == []


@pytest.mark.skipif(not pressure.stalled(), reason="this kernel has no pressure stall information")
def test_a_starved_host_owes_time() -> None:
    """More busy processes than processors: the kernel counts it, and the work takes longer than its processor time."""
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(2 * (os.cpu_count() or 1) + 1)]
    try:
        host = Host()
        before, calibrations = host.reading(), []
        while any(hog.poll() is None for hog in hogs):
            calibrations.append(pace.calibrate())
        owed, reason = host.owed(before)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert owed > 0 and reason.startswith("the host stalled for ")
    assert max(calibration.contention for calibration in calibrations) > 1


HOG = """
import time
while time.process_time() < 0.4:
    pass
"""
