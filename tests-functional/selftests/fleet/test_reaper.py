"""The reaper: nothing of a run outlives its controller, and nothing else is touched."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fleet import Run, leftovers
from fleet.marks import RUN_LABEL, RUN_VARIABLE

HARNESS = Path(__file__).parents[2]
WITHIN = 60  # seconds to wait for a dead run to be gone; on a machine with time to spare it takes 4

# A controller in a process of its own: starts two nodes, says so, and waits for its end.
CONTROLLER = """
import json, sys, time
from pathlib import Path
from fleet import NodeSpec, Run
from fleet.choose import make_runtime
task = json.loads(sys.argv[1])
run = Run.create(Path(task["logs"]), docker=task["runtime"] == "docker", max_lifetime=task["max_lifetime"])
runtime = make_runtime(task["runtime"], run)
nodes = runtime.start([NodeSpec.from_json(spec) for spec in task["specs"]], run.run_dir)
print(json.dumps({**run.share(), "urls": [node.url() for node in nodes]}), flush=True)
time.sleep(600)
"""


# Starts a child that leaves the session, says its pid and ends.
LEAVER = """
import subprocess
print(subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, start_new_session=True).pid)
"""


@pytest.fixture
def controller(tmp_path, tiny, runtime_name):
    """Starts a controller; returns its process and what it says of its run."""
    controllers = []

    def start(max_lifetime=600.0):
        specs = [tiny("alice").to_json(), tiny("bob").to_json()]
        task = {"logs": str(tmp_path), "runtime": runtime_name, "specs": specs, "max_lifetime": max_lifetime}
        command = [sys.executable, "-c", CONTROLLER, json.dumps(task)]
        process = subprocess.Popen(command, cwd=HARNESS, stdout=subprocess.PIPE, text=True)
        controllers.append(process)
        return process, json.loads(process.stdout.readline())

    yield start
    for process in controllers:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def client(runtime_name, request):
    return request.getfixturevalue("engine").client if runtime_name == "docker" else None


def await_report(run_dir, seconds=WITHIN):
    """The reaper writes its report last."""
    report = Path(run_dir) / "reaper.json"
    deadline = time.monotonic() + seconds
    while not report.exists():
        assert time.monotonic() < deadline, f"the reaper has not reported within {seconds} s"
        time.sleep(0.05)
    return json.loads(report.read_text())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
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


@pytest.fixture
def tiny_image_or_none(client, request):
    return request.getfixturevalue("tiny_image") if client is not None else None


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
    reaper, _ = [
        each for each in psutil.Process(process.pid).children() if each.cmdline()[-3:-1] == ["-m", "fleet.reaper"]
    ]
    reaper.terminate()
    assert await_report(run["run_dir"])["reason"] == "the reaper was asked to end"
    assert not leftovers.find(run["run_id"], client)
