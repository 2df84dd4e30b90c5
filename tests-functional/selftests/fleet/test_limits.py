"""Limits of nodes hold on both runtimes, or are said not to be there."""

import pytest

from fleet import Run, StartError
from fleet.limits import Limits, missing_for_processes, missing_in_engine, parse_cpus, parse_memory

MIB = 1024**2
GREED = "bytearray(256 << 20)"


def test_node_gets_no_more_memory(start, tiny, runtime_name):
    spec = tiny("greedy", limits=Limits(memory=64 * MIB), process=("{python}", "-c", GREED))
    if runtime_name == "process":
        with pytest.raises(StartError, match="MemoryError"):
            start(spec)
    else:
        assert start(spec).exec(["python3", "-c", GREED]).exit_code == 137
        roomy = start(tiny("roomy", limits=Limits(memory=512 * MIB)))
        assert roomy.exec(["python3", "-c", GREED]).exit_code == 0


def test_container_is_held_to_its_share_of_processors(start, tiny, runtime_name):
    if runtime_name == "process":
        assert missing_for_processes(Limits(cpus=0.5)) != []
        return
    node = start(tiny("slow", limits=Limits(cpus=0.5)))
    files = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max"  # cgroup 1, 2
    assert "50000" in node.exec(["sh", "-c", f"cat {files} 2>/dev/null"]).output


def test_limits_of_the_run_hold_in_its_workers_where_a_node_has_none_of_its_own(tmp_path, tiny):
    limits, own = Limits(512 * MIB, 1.5), Limits(64 * MIB)
    run = Run.create(tmp_path, limits=limits)
    try:
        worker = Run.join(run.share(), "gw0")
        assert tiny("alice").within(worker.limits).limits == limits
        assert tiny("bob", limits=own).within(worker.limits).limits == own
    finally:
        run.close()


@pytest.mark.parametrize(("text", "size"), [("512m", 512 * MIB), ("2g", 2048 * MIB), ("8388608", 8 * MIB)])
def test_memory_is_written_as_docker_writes_it(text, size):
    assert parse_memory(text) == parse_memory(text.upper()) == size


@pytest.mark.parametrize("text", ["", "much", "-1m", "1t", "1.5g", "1m"])
def test_no_amount_of_memory(text):
    with pytest.raises(ValueError, match="is no amount of memory|is less than"):
        parse_memory(text)


@pytest.mark.parametrize("text", ["", "none", "0", "-1", "inf", "nan"])
def test_no_number_of_processors(text):
    with pytest.raises(ValueError, match="is no number of processors"):
        parse_cpus(text)


def test_engine_that_cannot_limit_is_named():
    limits, info = Limits(512 * MIB, 1.5), {"CpuCfsQuota": False, "MemoryLimit": False}
    assert [line.split(":")[0] for line in missing_in_engine(limits, info)] == ["--node-cpus", "--node-memory"]
    assert missing_in_engine(limits, {"CpuCfsQuota": True, "MemoryLimit": True}) == []
    assert missing_in_engine(Limits(), info) == []
