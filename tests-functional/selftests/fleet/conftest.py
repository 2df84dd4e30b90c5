"""A run per test on either runtime, and a tiny node to start in it."""

from pathlib import Path

import pytest

from fleet import HealthCheck, NodeSpec, Run
from fleet.choose import make_runtime
from fleet.engine import connect
from fleet.errors import FleetError

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


@pytest.fixture(params=["process", "docker"])
def runtime_name(request):
    """Every test that uses it runs on both runtimes."""
    return request.param


@pytest.fixture
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


@pytest.fixture
def run(tmp_path, runtime_name):
    run = Run.create(tmp_path, docker=runtime_name == "docker")
    yield run
    run.close()


@pytest.fixture
def runtime(run, runtime_name, tiny):
    runtime = make_runtime(runtime_name, run)
    yield runtime
    runtime.close()


@pytest.fixture
def start(runtime, run):
    """Starts one tiny node or several and returns them."""

    def start(*specs):
        nodes = runtime.start(specs, run.run_dir, test="selftest")
        return nodes if len(nodes) > 1 else nodes[0]

    return start
