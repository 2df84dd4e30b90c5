"""The reaper: nothing of a run outlives its controller, and nothing else is touched."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fleet import Run, leftovers
from fleet.guard import ORDERLY
from fleet.marks import RUN_LABEL, RUN_VARIABLE
from selftests.fleet.outside import WITHIN, await_report

# Starts a child that leaves the session, says its pid and ends.
LEAVER = """
import subprocess
print(subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True).pid)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_a_controller_that_dies(controller, client, how):
    process, run = controller()
    assert leftovers.find(run["run_id"], client), "there is something to reap"
    process.send_signal(how)
    report = await_report(run["run_dir"])
    assert report["reason"] == "the controller died"
    assert report["failed"] == []
    assert len(report["removed"]) == (2 if client is None else 3)  # two nodes, and in docker their network
    assert not leftovers.find(run["run_id"], client)
    assert not Path(run["temp_dir"]).exists()
    assert (Path(run["run_dir"]) / "alice.log").read_text().startswith("tiny node starts")


def test_paused_and_stopped_nodes_go_too(controller, client):
    process, run = controller()
    found = leftovers.find(run["run_id"], client)
    if client is None:
        found.processes[0].suspend()
    else:
        found.containers[0].pause()
        found.containers[1].kill()
    process.kill()
    assert await_report(run["run_dir"])["failed"] == []
    assert not leftovers.find(run["run_id"], client)


def test_run_that_is_too_old_is_removed_under_a_living_controller(controller, client):
    process, run = controller(max_lifetime=3.0)
    report = await_report(run["run_dir"], 3 + WITHIN)
    assert "older than its 3 s" in report["reason"]
    assert not leftovers.find(run["run_id"], client)
    assert process.poll() is None


def test_what_is_not_of_the_run_survives(controller, client, tiny_image_or_none):
    """A process and a container of another run, and ones without any mark."""
    process, run = controller()
    other = {**os.environ, RUN_VARIABLE: run["run_id"] + "-other"}
    bystanders = [subprocess.Popen(["sleep", "600"], env=env) for env in (other, None)]
    containers = []
    if client is not None:
        for labels in ({RUN_LABEL: run["run_id"] + "-other"}, {}):
            options = {"entrypoint": ["sleep", "600"], "labels": labels, "init": True}
            containers.append(client.containers.run(tiny_image_or_none, detach=True, **options))
    try:
        process.kill()
        await_report(run["run_dir"])
        assert [each.poll() for each in bystanders] == [None, None]
        for container in containers:
            container.reload()
            assert container.status == "running"
    finally:
        for each in bystanders:
            each.kill()
            each.wait()
        for container in containers:
            container.remove(force=True)


def test_child_of_a_node_is_reaped_though_it_left_the_session(tmp_path):
    """A node's child inherits the mark, wherever it moves."""
    run = Run.create(tmp_path)
    environment = {**os.environ, **run.environment()}
    parent = subprocess.Popen(
        [sys.executable, "-c", LEAVER],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    child = psutil.Process(int(parent.communicate()[0]))
    assert child.is_running()
    removed = run.close()
    assert removed == [f"process {child.pid} sleep 600"]
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_worker_alone_can_be_removed(tmp_path):
    run = Run.create(tmp_path)
    joined = [Run.join(run.share(), worker) for worker in ("gw0", "gw1")]
    sleepers = [subprocess.Popen(["sleep", "600"], env={**os.environ, **each.environment()}) for each in joined]
    assert leftovers.remove(leftovers.find(run.run_id, None, worker="gw0")) == []
    assert sleepers[0].wait(5) == -signal.SIGKILL
    assert sleepers[1].poll() is None
    assert len(run.close()) == 1
    sleepers[1].wait(5)


def test_unmarked_temp_dir_is_left_alone(tmp_path):
    leftovers.remove_temp_dir(tmp_path, "some-run")
    assert tmp_path.exists()


def test_reaper_asked_to_end_reaps_first(controller, client):
    process, run = controller()
    reaper, _ = reapers_of(process)
    reaper.terminate()
    assert await_report(run["run_dir"])["reason"] == "the reaper was asked to end"
    assert not leftovers.find(run["run_id"], client)


def reapers_of(controller):
    children = psutil.Process(controller.pid).children()
    return [each for each in children if each.cmdline()[-3:-1] == ["-m", "fleet.reaper"]]


def test_one_reaper_is_enough(controller, client):
    """Controller and reaper killed at once."""
    process, run = controller()
    for each in (process, reapers_of(process)[0]):
        each.kill()
    assert await_report(run["run_dir"])["reason"] == "the controller died"
    assert not leftovers.find(run["run_id"], client)


def test_killed_reaper_is_replaced(tmp_path):
    run = Run.create(tmp_path)
    first = list(run._guard.reapers)
    first[0].kill()
    deadline = time.monotonic() + WITHIN
    while run._guard.reapers[0] is first[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first[1].kill()  # none of the first two is left
    sleeper = subprocess.Popen(["sleep", "600"], env={**os.environ, **run.environment()})
    assert len(run.close()) == 1
    assert sleeper.wait(5) == -signal.SIGKILL


def test_reaper_killed_at_work_is_followed_by_the_other(tmp_path):
    run = Run.create(tmp_path)
    sleeper = subprocess.Popen(["sleep", "600"], env={**os.environ, **run.environment()})
    with (run.run_dir / "reaper.log").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # they come as far as this and wait for one another
        run._guard._dismiss(ORDERLY)
        run._guard.reapers[0].kill()
        run._guard.reapers[0].wait()
    assert len(run.close()) == 1
    assert sleeper.wait(5) == -signal.SIGKILL
