"""What is begun and does not come off leaves nothing on the engine."""

from __future__ import annotations

import subprocess
import sys
import time
from uuid import uuid4

import pytest

from fleet import Run, StartError, leftovers
from fleet.docker_runtime import DockerRuntime
from fleet.images import Images
from selftests.fleet.outside import HARNESS, WITHIN

BUILDER = """
import sys
from pathlib import Path
from fleet import Run
from fleet.engine import connect
from fleet.images import Images
logs, source = map(Path, sys.argv[1:])
Images(connect().client, Run.create(logs, docker=True)).build("endless", source)
"""


@pytest.fixture(scope="module")
def runtime_name():
    return "docker"


def test_container_that_cannot_start_is_removed(engine, tmp_path, tiny):
    """The network is there and the container is made; only then the engine finds no such program in it."""
    run = Run.create(tmp_path, docker=True)
    runtime = DockerRuntime(run, engine)
    try:
        without_entrypoint = Images(engine.client).libs()
        with pytest.raises(StartError, match="awaited its container to start.*no-such-program"):
            runtime.start([tiny("bad", image=without_entrypoint, command=("no-such-program",))], tmp_path)
        found = leftovers.find(run.run_id, engine.client)
        assert (found.containers, len(found.networks)) == ([], 1)
    finally:
        runtime.close()
        assert run.close() == []


def test_build_that_is_killed_half_way_leaves_no_container(engine, tmp_path):
    mark = f"build-{uuid4().hex}"
    source = tmp_path / "endless"
    source.mkdir()
    (source / "Dockerfile").write_text(f"ARG BASE\nFROM ${{BASE}}\nRUN : {mark} && sleep 600\n")
    command = [sys.executable, "-c", BUILDER, str(tmp_path / "logs"), str(source)]
    builder = subprocess.Popen(command, cwd=HARNESS)
    try:
        await_containers(engine, mark, 1)
    finally:
        builder.kill()
        builder.wait()
    await_containers(engine, mark, 0)


def await_containers(engine, mark, count):
    deadline = time.monotonic() + WITHIN
    while sum(mark in each.attrs["Command"] for each in engine.client.containers.list(all=True, sparse=True)) != count:
        assert time.monotonic() < deadline, f"there are not {count} containers of the build"
        time.sleep(0.05)
