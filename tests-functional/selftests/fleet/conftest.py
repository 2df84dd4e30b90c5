"""A run on either runtime, and a tiny node to start in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import HealthCheck, NodeSpec, Run
from fleet.choose import make_runtime
from fleet.engine import connect
from fleet.errors import FleetError
from selftests.fleet.outside import CONTROLLER, HARNESS

TINY = Path(__file__).parent / "tiny"


@pytest.fixture(scope="session")
def engine():
    try:
        return connect(timeout=5)
    except FleetError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_image(engine):
    from fleet.images import Images

    return Images(engine.client).build("tiny", TINY)


@pytest.fixture(params=["process", "docker"], scope="module")
def runtime_name(request):
    """Every test that uses it runs on both runtimes."""
    return request.param


@pytest.fixture(scope="module")
def tiny(runtime_name, request):
    """Makes the spec of a tiny node: tiny("name", "--fail=3")."""
    image = request.getfixturevalue("tiny_image") if runtime_name == "docker" else "tiny"

    def make(name: str, *more: str, **fields) -> NodeSpec:
        arguments = ("--host", "{host}", "--port", "{port:http}", "--data", "{data}", *more)
        given = {
            "kind": "tiny",
            "image": image,
            "command": arguments,
            "process": ("{python}", str(TINY / "tiny_node.py"), *arguments),
            "ports": {"http": 8000},
            "health": HealthCheck("http"),
        }
        return NodeSpec(name=name, **{**given, **fields})

    return make


@pytest.fixture(scope="module")
def run(tmp_path_factory, runtime_name):
    run = Run.create(tmp_path_factory.mktemp("logs"), docker=runtime_name == "docker")
    yield run
    assert run.close() == [], "the tests left something to the reaper"


@pytest.fixture(scope="module")
def runtime(run, runtime_name, tiny):
    runtime = make_runtime(runtime_name, run)
    yield runtime
    runtime.close()


@pytest.fixture
def start(runtime, run, tmp_path):
    """Starts one tiny node or several, which the end of the test removes, and returns them."""
    started = []

    def start(*specs):
        nodes = runtime.start(specs, tmp_path / "logs", test="selftest")
        started.extend(nodes)
        return nodes if len(nodes) > 1 else nodes[0]

    yield start
    for node in started:
        node.remove()


@pytest.fixture
def controller(tmp_path, tiny, runtime_name):
    """Starts a controller; returns its process and what it says of its run."""
    controllers = []

    def start(max_lifetime=600.0, own_network=False):
        specs = [tiny("alice").to_json(), tiny("bob").to_json()]
        task = {"logs": str(tmp_path), "runtime": runtime_name, "specs": specs, "max_lifetime": max_lifetime}
        task["own_network"] = own_network
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


@pytest.fixture
def tiny_image_or_none(client, request):
    return request.getfixturevalue("tiny_image") if client is not None else None
