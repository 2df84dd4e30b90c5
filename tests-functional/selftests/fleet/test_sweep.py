"""Runs that nobody holds: found by their lease, removed, and never taken for one that lives."""

import dataclasses
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fleet import FleetError, Run, leftovers, sweep
from fleet.lease import MARGIN, Lease, Standing, start_of
from fleet.marks import RUN_VARIABLE
from selftests.fleet.outside import HARNESS, WITHIN


def command_line(*arguments):
    command = [sys.executable, "-m", "fleet.sweep", *arguments]
    return subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)


def kill_with_reapers(controller):
    children = psutil.Process(controller.pid).children()
    family = [controller, *(each for each in children if "fleet.reaper" in each.cmdline())]
    assert len(family) == 3
    for each in family:
        os.kill(each.pid, signal.SIGSTOP)  # none of them may notice the end of another
    for each in family:
        each.kill()
        each.wait()


def test_what_died_with_its_reapers_is_swept_and_nothing_else(controller, client):
    dead, dead_run = controller()
    _, living_run = controller()
    unmarked = {**os.environ, RUN_VARIABLE: "20200101-000000-abcdef"}  # has no lease, so who could tell?
    bystanders = [subprocess.Popen(["sleep", "600"], env=env) for env in (unmarked, None)]
    try:
        before = leftovers.find(living_run["run_id"], client).describe()
        assert len(leftovers.find(dead_run["run_id"], client).describe()) == (2 if client is None else 3)
        kill_with_reapers(dead)
        done = command_line()
        assert done.returncode == 0, done.stderr
        assert f"left alone {living_run['run_id']}: its controller lives" in done.stdout
        await_nothing(dead_run, client)
        assert leftovers.find(living_run["run_id"], client).describe() == before
        assert [each.poll() for each in bystanders] == [None, None]
    finally:
        for each in bystanders:
            each.kill()
            each.wait()


def await_nothing(run, client):
    """Another run that is just beginning may be the one that sweeps."""
    deadline = time.monotonic() + WITHIN
    while (left := leftovers.find(run["run_id"], client).describe()) or Path(run["temp_dir"]).exists():
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.2)


@pytest.fixture
def lease():
    return Lease.of_this_process("20261124-120000-abcdef", lifetime=3600)


def ended_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_lease_of_a_living_process_is_running(lease):
    assert lease.standing([]) is Standing.RUNNING
    assert Lease.from_text(lease.to_text()) == lease


def test_lease_of_a_process_that_ended_is_over_unless_a_reaper_has_it(lease):
    ended = dataclasses.replace(lease, controller=ended_pid())
    assert ended.standing([]) is Standing.OVER
    assert ended.standing([lease.run_id]) is Standing.GUARDED


def test_zombie_holds_nothing(lease):
    process = subprocess.Popen(["sleep", "600"])
    held = dataclasses.replace(lease, controller=process.pid, started=start_of(process.pid))
    assert held.standing([]) is Standing.RUNNING
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert held.standing([]) is Standing.OVER
    process.wait()


def test_pid_that_another_process_got_meanwhile_holds_nothing(lease):
    assert dataclasses.replace(lease, started=lease.started + "0").standing([]) is Standing.OVER


@pytest.mark.parametrize(
    "elsewhere",
    [{"host": "other", "boot": "other"}, {"pids": "pid:[1]"}],
    ids=["another machine on this engine", "another container on this machine"],
)
def test_what_cannot_be_judged_from_here_is_only_over_with_its_time(lease, elsewhere):
    held = dataclasses.replace(lease, controller=ended_pid(), **elsewhere)
    assert held.standing([]) is Standing.ELSEWHERE
    old = dataclasses.replace(held, expires=time.time() - MARGIN - 1)
    assert old.standing([]) is Standing.OVER


def test_another_users_processes_may_be_hidden(lease, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 1234)
    assert dataclasses.replace(lease, user=4321, controller=ended_pid()).standing([]) is Standing.ELSEWHERE


def test_machine_that_was_booted_since(lease):
    before = psutil.boot_time() - 100
    held = dataclasses.replace(lease, boot="earlier", began=before)
    assert held.host == platform.node()
    assert held.standing([]) is Standing.REBOOTED
    assert sweep.Known(held, Standing.REBOOTED).is_stale
    assert not sweep.Known(held, Standing.REBOOTED, running_containers=1).is_stale, "a machine with the same name"
    assert dataclasses.replace(held, began=time.time()).standing([]) is Standing.ELSEWHERE


@pytest.mark.parametrize("text", ["", "x", "{}", "[]", '{"run_id": "x"}'])
def test_what_is_no_lease_is_refused(text):
    with pytest.raises(ValueError):
        Lease.from_text(text)


def test_living_run_cannot_be_removed(tmp_path):
    run = Run.create(tmp_path)
    try:
        known = sweep.known_runs(None)
        with pytest.raises(FleetError, match=f"not removed: {run.run_id}: its controller lives"):
            sweep.end_kept(known, run.run_id)
        with pytest.raises(FleetError, match="nothing of a run 20200101-000000-abcdef"):
            sweep.end_kept(known, "20200101-000000-abcdef")
    finally:
        assert run.close() == []
