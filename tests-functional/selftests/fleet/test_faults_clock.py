"""A clock that is wrong, on both runtimes: seen by the node, by its answers, and by nobody else."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from fleet.faults import FaultNotHealed, FaultNotVerified, Faults, FaultUnavailable
from fleet.faults.clock import ProcessPreload

in_one_runtime = pytest.mark.parametrize("runtime_name", ["process"], indirect=True, scope="module")
HOUR = 3600


@pytest.fixture(scope="module")
def node(runtime, tiny, tmp_path_factory):
    (node,) = runtime.start([tiny("late")], tmp_path_factory.mktemp("logs"))
    yield node
    node.remove()


def ahead(node) -> float:
    """Seconds by which the node's clock is before ours."""
    date = requests.get(node.url() + "/count", timeout=10).headers["Date"]
    return parsedate_to_datetime(date).timestamp() - time.time()


def test_a_clock_is_fast_and_then_right_again(node):
    told = []
    requests.post(node.url() + "/bump", timeout=10)
    faults = Faults(lambda node, name, phase, text: told.append((name, phase)))
    with faults.clock_skew(node, HOUR):
        assert ahead(node) == pytest.approx(HOUR, abs=60)
        seen = node.exec(["{python}", "-c", "import time; print(time.time())"]).output
        assert float(seen) == pytest.approx(time.time() + HOUR, abs=60)
        assert requests.get(node.url() + "/count", timeout=10).text == "1", "data outlives the restart"
    assert abs(ahead(node)) < 60
    assert told == [("clock skew +3600 s", phase) for phase in ("inject", "verified", "heal", "healed")]


@in_one_runtime
def test_a_clock_is_slow_and_waits_last_as_long_as_ever(node):
    with Faults().clock_skew(node, -HOUR):
        assert ahead(node) == pytest.approx(-HOUR, abs=60)
        lock = "import threading; lock = threading.Lock(); lock.acquire(); print(lock.acquire(timeout=0.1))"
        assert node.exec(["{python}", "-c", lock]).output.strip() == "False"
    assert abs(ahead(node)) < 60


@in_one_runtime
def test_one_that_does_nothing_is_not_verified(node, monkeypatch):
    monkeypatch.setattr(ProcessPreload, "put", lambda preload, offset: None)
    with pytest.raises(FaultNotVerified, match=r"late did nothing.*off by [+-]0\.\d s.*Go"):
        with Faults().clock_skew(node, HOUR):
            pytest.fail("the block must not run")


@in_one_runtime
def test_one_that_stays_is_not_healed(node, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(ProcessPreload, "take_away", lambda preload: None)
        fault = Faults().clock_skew(node, HOUR)
        with pytest.raises(FaultNotHealed, match="still off by"):
            with fault:
                pass
    fault.heal()
    assert abs(ahead(node)) < 60


@in_one_runtime
def test_it_is_healed_when_the_block_fails(node):
    with pytest.raises(ZeroDivisionError):
        with Faults().clock_skew(node, HOUR):
            raise ZeroDivisionError
    assert abs(ahead(node)) < 60


@in_one_runtime
def test_it_is_unavailable_without_the_library_and_too_little_is_refused(node, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FaultUnavailable, match="libfaketime is not installed"):
        with Faults().clock_skew(node, HOUR):
            pytest.fail("the block must not run")
    assert abs(ahead(node)) < 60
    with pytest.raises(ValueError, match="at least 10 s"):
        Faults().clock_skew(node, 2)
