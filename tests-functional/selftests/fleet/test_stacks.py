"""A node can be asked where it stands, and goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fleet import NodeState, Run, catalog
from fleet.choose import make_runtime

TIMEOUT = 60.0


@pytest.mark.parametrize("make", [catalog.waku_store, catalog.codex, catalog.status_backend])
def test_our_nodes_write_the_stacks_of_their_threads_to_their_log(make, tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    runtime = make_runtime("process", run)
    try:
        (node,) = runtime.start([make("asked")], run.run_dir)
        node.send_signal(node.spec.stacks_signal)
        _await(lambda: " in main\n" in node.log_path.read_text(), "its log has the stack of the main thread")
        assert "most recent call first" in node.log_path.read_text()
        assert node.state() is NodeState.RUNNING and node.stop() == 0
    finally:
        runtime.close()
        run.close()


def test_a_signal_reaches_a_node_on_either_runtime(start, tiny) -> None:
    node = start(tiny("alice"))
    node.send_signal("SIGINT")
    _await(lambda: node.state() is NodeState.EXITED, "it has ended")
    assert node.exit_code() == 0 and "tiny node ends" in node.logs()


def test_only_our_own_images_are_asked() -> None:
    """The default action of the signal would end any other program; a Go program ends too, but tells all before."""
    for make in (catalog.waku_store, catalog.codex):
        assert make("x", image="foreign").stacks_signal == ""
    assert catalog.status_backend("x", image="foreign").stacks_signal == "SIGQUIT"


def _await(condition, what: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"after {TIMEOUT:g} s it is still not so: {what}"
        time.sleep(0.05)
