"""Faults of a node's process, on both runtimes: each proves that it took effect, and that it healed."""

from __future__ import annotations

import pytest
import requests

from fleet import HealthCheck, NodeGone, NodeState, StartError
from fleet.faults import FaultNotHealed, FaultNotVerified, Faults

in_one_runtime = pytest.mark.parametrize("runtime_name", ["process"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def node_of_module(runtime, tiny, tmp_path_factory):
    """One node for all of these tests: every fault leaves it well."""
    (node,) = runtime.start([tiny("faulty")], tmp_path_factory.mktemp("logs"), test="selftest")
    yield node
    node.remove()


@pytest.fixture
def node(node_of_module):
    assert node_of_module.state() is NodeState.RUNNING
    return node_of_module


@pytest.fixture
def told():
    return []


@pytest.fixture
def faults(told):
    faults = Faults(lambda node, name, phase, text: told.append((node.name, name, phase)))
    yield faults
    faults.close()


def count(node) -> int:
    return int(requests.get(node.url() + "/count", timeout=10).text)


def phases(told, name):
    return [phase for _, fault, phase in told if fault == name]


def test_kill_is_a_kill_and_the_node_comes_back_with_its_data(faults, node, told):
    requests.post(node.url() + "/bump", timeout=10)
    before = count(node)
    with faults.kill(node):
        assert (node.state(), node.exit_code()) == (NodeState.EXITED, 137)
        with pytest.raises((requests.RequestException, NodeGone)):
            count(node)
    assert count(node) == before
    assert phases(told, "kill") == ["inject", "verified", "heal", "healed"]


def test_restart_ends_in_good_order(faults, node, told):
    ends = node.logs().count("tiny node ends")
    with faults.restart(node):
        assert (node.state(), node.exit_code()) == (NodeState.EXITED, 0)
        assert node.logs().count("tiny node ends") == ends + 1
    assert count(node) >= 0
    assert phases(told, "restart") == ["inject", "verified", "heal", "healed"]


def test_pause_freezes_and_what_was_asked_meanwhile_is_answered_after(faults, node, told):
    with faults.pause(node):
        assert node.state() is NodeState.PAUSED
    assert count(node) >= 0
    assert phases(told, "pause") == ["inject", "verified", "heal", "healed"]


@in_one_runtime
@pytest.mark.parametrize("kind", ["kill", "restart", "pause"])
def test_it_is_healed_when_the_block_fails(faults, node, told, kind):
    with pytest.raises(ZeroDivisionError):
        with getattr(faults, kind)(node):
            raise ZeroDivisionError
    assert count(node) >= 0
    assert phases(told, kind)[-2:] == ["heal", "healed"]


@in_one_runtime
@pytest.mark.parametrize(("kind", "does"), [("kill", "kill"), ("restart", "stop"), ("pause", "pause")])
def test_one_that_does_nothing_is_not_verified(faults, node, told, monkeypatch, kind, does):
    monkeypatch.setattr(node, does, lambda: None)
    with pytest.raises(FaultNotVerified, match="faulty.*running"):
        with getattr(faults, kind)(node):
            pytest.fail("the block must not run")
    assert "verified" not in phases(told, kind)


@in_one_runtime
def test_a_node_that_ended_by_itself_was_not_killed(faults, node, monkeypatch):
    monkeypatch.setattr(node, "kill", node.stop)
    with pytest.raises(FaultNotVerified, match="exit code 0 by itself"):
        with faults.kill(node):
            pytest.fail("the block must not run")
    assert count(node) >= 0


@in_one_runtime
def test_one_that_ends_before_the_block_does_is_not_verified(faults, node):
    with pytest.raises(FaultNotVerified, match="running, not paused"):
        with faults.pause(node):
            node.resume()


@in_one_runtime
def test_one_whose_effect_stays_is_not_healed(faults, node, told, monkeypatch):
    monkeypatch.setattr(node, "resume", lambda: None)
    monkeypatch.setattr("fleet.faults.asking.ANSWER_TIMEOUT", 0.5)
    with pytest.raises(FaultNotHealed, match="paused"):
        with faults.pause(node):
            pass
    monkeypatch.undo()
    node.resume()
    assert phases(told, "pause") == ["inject", "verified", "heal"]


@in_one_runtime
def test_a_node_that_does_not_come_back_has_failed_itself(start, tiny):
    node = start(tiny("doomed"))
    with pytest.raises(StartError, match="doomed.*/nowhere"):
        with Faults().kill(node):
            node.spec = tiny("doomed", health=HealthCheck("http", "/nowhere", timeout=0.5))


@in_one_runtime
def test_the_test_may_start_the_node_itself(faults, node):
    with faults.kill(node):
        node.start()
        assert count(node) >= 0


@in_one_runtime
def test_a_fault_that_was_never_entered_is_told(node):
    faults = Faults()
    faults.kill(node)
    with pytest.raises(RuntimeError, match="want of a `with`: kill of faulty"):
        faults.close()
    assert count(node) >= 0


@in_one_runtime
def test_a_shared_node_is_spared(node):
    with pytest.raises(ValueError, match="faulty is shared"):
        Faults(is_shared=lambda given: given is node).kill(node)
