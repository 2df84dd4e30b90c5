"""Full disks, on both runtimes: a node that can write nothing, and then again."""

from __future__ import annotations

import psutil
import pytest
import requests

from fleet import FleetError, Run, leftovers
from fleet.choose import make_runtime
from fleet.faults import FaultNotHealed, FaultNotVerified, Faults, FaultUnavailable
from fleet.faults.disk import ProcessDisk

in_one_runtime = pytest.mark.parametrize("runtime_name", ["process"], indirect=True, scope="module")
MIB = 1 << 20


@pytest.fixture(scope="module")
def node(runtime, tiny, tmp_path_factory):
    (node,) = runtime.start([tiny("small", data_size=4 * MIB)], tmp_path_factory.mktemp("logs"))
    if runtime.name == "process" and node.room is None:
        pytest.skip(node.no_room)
    yield node
    node.remove()


def write(node, size: int) -> str:
    """What the node says of writing so much."""
    answer = requests.get(f"{node.url()}/write", params={"bytes": size}, timeout=10)
    return answer.text if answer.status_code == 507 else "written"


def test_a_full_disk_is_full_for_the_node_and_its_data_outlives_a_kill(node, tmp_path):
    told = []
    faults = Faults(lambda node, name, phase, text: told.append((name, phase)))
    requests.post(node.url() + "/bump", timeout=10)
    assert "No space left" in write(node, 5 * MIB), "the directory is as small as asked for"
    assert write(node, MIB) == "written"
    with faults.disk_full(node):
        assert "No space left" in write(node, 2 * MIB)
        node.kill()
        node.start()
        assert "No space left" in write(node, 2 * MIB)
        assert requests.get(node.url() + "/count", timeout=10).text == "1"
    assert write(node, MIB) == "written"
    assert told == [("disk full", phase) for phase in ("inject", "verified", "heal", "healed")]
    node.copy_out("count", tmp_path / "count")
    assert (tmp_path / "count").read_text() == "1"
    (tmp_path / "count").write_text("7")
    node.copy_in(tmp_path / "count", "count")
    requests.post(node.url() + "/bump", timeout=10)
    assert node.exec(["cat", "count"]).output == "8"


def test_a_little_can_be_left(node):
    write(node, 0)
    with Faults().disk_full(node, leave=MIB):
        assert write(node, MIB // 2) == "written"
        assert "No space left" in write(node, 2 * MIB)


@in_one_runtime
def test_one_that_does_nothing_is_not_verified(node, monkeypatch):
    do = ProcessDisk.do
    monkeypatch.setattr(ProcessDisk, "do", lambda disk, what, *more: {} if what == "fill" else do(disk, what, *more))
    with pytest.raises(FaultNotVerified, match="disk full of small did nothing: there is space"):
        with Faults().disk_full(node):
            pytest.fail("the block must not run")


@in_one_runtime
def test_one_that_stays_is_not_healed_and_one_that_was_there_before_proves_nothing(node, monkeypatch):
    do = ProcessDisk.do
    with monkeypatch.context() as patched:
        patched.setattr(ProcessDisk, "do", lambda disk, what, *more: {} if what == "empty" else do(disk, what, *more))
        with pytest.raises(FaultNotHealed, match="still fails by ENOSPC"):
            with Faults().disk_full(node):
                pass
        with pytest.raises(FaultNotVerified, match="before it was injected"):
            with Faults().disk_full(node):
                pytest.fail("the block must not run")
    do(ProcessDisk(node), "empty")
    assert write(node, MIB) == "written"


@in_one_runtime
def test_it_is_healed_when_the_block_fails(node):
    with pytest.raises(ZeroDivisionError):
        with Faults().disk_full(node):
            raise ZeroDivisionError
    assert write(node, MIB) == "written"


@in_one_runtime
def test_a_disk_that_is_not_the_nodes_own_is_spared(start, tiny):
    with pytest.raises(ValueError, match="alice can use the whole disk.*sized_data"):
        Faults().disk_full(start(tiny("alice")))


@in_one_runtime
def test_where_nothing_may_be_mounted_it_is_unavailable(start, tiny, monkeypatch):
    monkeypatch.setattr("fleet.sized_folder.SCRIPT", "echo mount: permission denied; exit 1")
    node = start(tiny("alice", data_size=MIB))
    with pytest.raises(FaultUnavailable, match="may not make one in a namespace .mount: permission denied"):
        Faults().disk_full(node)


def test_a_second_node_of_the_name_leaves_the_first_ones_data_alone(node, runtime, tiny, tmp_path):
    with pytest.raises(FleetError, match="has a node 'small' already"):
        runtime.start([tiny("small", data_size=MIB)], tmp_path)
    assert write(node, 2 * MIB) == "written"


def test_nothing_of_it_is_left_when_the_run_ends_badly(runtime_name, tiny, tmp_path, request):
    run = Run.create(tmp_path, docker=runtime_name == "docker")
    runtime = make_runtime(runtime_name, run)
    runtime.start([tiny("small", data_size=MIB)], tmp_path)
    before = len(_mounts())
    removed = run.close()
    engine = request.getfixturevalue("engine").client if runtime_name == "docker" else None
    assert not leftovers.find(run.run_id, engine), removed
    assert len(_mounts()) <= before
    assert not run.temp_dir.exists()


def _mounts() -> list[str]:
    return [part.mountpoint for part in psutil.disk_partitions(all=True) if "tests-functional" in part.mountpoint]
