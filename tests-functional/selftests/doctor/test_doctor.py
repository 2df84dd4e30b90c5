"""The doctor: what it says of a machine in order, of one where all is amiss, and of one where little is there."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.checks import GIB, Level, examine, free_subnets, report
from doctor.facts import Absent, EngineFacts, Facts, Runs, gather
from fleet.engine import connect
from fleet.errors import FleetError

HARNESS = Path(__file__).parents[2]

ENGINE = EngineFacts(
    version="20.10.24",
    api="1.41",
    platform="linux/amd64",
    place="",
    clock_ahead=0.01,
    clock_error=0.02,
    pools=[],
    subnets=["172.17.0.0/16"],
    missing_images=[],
)
GOOD = Facts(
    python=(3, 11, 2),
    environment="current",
    packages=[],
    engine=ENGINE,
    engine_is_asked_for=False,
    runs=Runs([], []),
    disks={"temporary files": 20 * GIB, "logs": 20 * GIB, "the engine": 20 * GIB},
    memory=8 * GIB,
    ports=(32768, 60999),
    pressure=True,
    open_files=1024,
    own_networks=True,
)
BAD = Facts(
    python=(3, 9, 2),
    environment="older",
    packages=["docker", "psutil"],
    engine=dataclasses.replace(
        ENGINE,
        place="tcp://builder:2376 (context builder)",
        clock_ahead=-12.5,
        pools=[{"Base": "10.0.0.0/16", "Size": 24}],
        subnets=["10.0.0.0/17", "10.0.128.0/18", "10.0.192.0/18"],
        missing_images=["codex", "status-backend"],
    ),
    engine_is_asked_for=True,
    runs=Runs(["20261124-100000-abcdef: nobody holds it any more"], ["20261124-110000-abcdef: kept until 12:00:00"]),
    disks={"temporary files": 3 * GIB, "logs": GIB // 2, "the engine": Absent("Permission denied")},
    memory=GIB,
    ports=(60000, 60999),
    pressure=False,
    open_files=256,
    own_networks=Absent("no network of its own for each process: ip: Operation not permitted"),
)


def test_machine_in_order() -> None:
    assert (
        report(examine(GOOD))
        == """\
ok    python       3.11.2
ok    environment  .venv has what is required
ok    packages     all that are pinned
ok    engine       docker 20.10.24, API 1.41, on linux/amd64
ok    subnets      30 of the engine's 31 networks are free
ok    clock        the engine's and this machine's agree within 2 s
ok    images       those of the nodes are built for these sources
ok    disk         20.0 GiB free for temporary files
ok    disk         20.0 GiB free for logs
ok    disk         20.0 GiB free for the engine
ok    memory       8.0 GiB available
ok    ports        the kernel chooses from 32768-60999: 28232
ok    load         the kernel tells of pressure, which deadlines follow
ok    open files   1024 for a process
ok    namespaces   processes can have networks of their own, for network faults
ok    leftovers    none

16 ok, 0 to look at, 0 in the way of a run
"""
    )


def test_machine_where_everything_is_amiss() -> None:
    findings = examine(BAD)
    assert (
        report(findings)
        == """\
FAIL  python       3.9.2 is older than 3.11
                   fix: install Python 3.11 or newer, or name one: PYTHON=/path/to/python3.11 \
./_assets/scripts/run_functional_tests_dev.sh
warn  environment  .venv is older than the requirements
                   fix: any run renews it, so does ./_assets/scripts/run_functional_tests_dev.sh --sweep
warn  packages     missing, or not as pinned: docker, psutil
                   fix: look again when there is an environment: without it not all can be seen
ok    engine       docker 20.10.24, API 1.41, on linux/amd64 at tcp://builder:2376 (context builder)
FAIL  subnets      0 of the engine's 256 networks are free, and each run takes one
                   fix: docker network prune removes those that nothing uses; or give the engine more: \
default-address-pools
warn  clock        the engine's is 12.5 s behind this machine's
                   fix: set both by the network: timedatectl set-ntp true
warn  images       not built for these sources: codex, status-backend; the next run in Docker does it
                   fix: ./_assets/scripts/build_status_go_docker.sh builds them now
warn  disk         3.0 GiB free for temporary files
                   fix: make room in the folder for temporary files, or name another: TMPDIR
FAIL  disk         0.5 GiB free for logs
                   fix: remove the folders of earlier runs from tests-functional/logs, or name another place: \
-- --logs-dir DIR
warn  disk         cannot be seen: Permission denied
                   fix: look by hand
warn  memory       1.0 GiB available
                   fix: end other programs, or run fewer tests at once: -- -n 1
warn  ports        the kernel chooses from 60000-60999: 1000
                   fix: sysctl -w net.ipv4.ip_local_port_range="32768 60999"
warn  load         the kernel does not tell of pressure (PSI)
                   fix: boot Linux with psi=1
warn  open files   256 for a process
                   fix: ulimit -n 1024
warn  namespaces   no network of its own for each process: ip: Operation not permitted: network faults need Docker
                   fix: sysctl -w user.max_user_namespaces=10000; on Ubuntu also \
kernel.apparmor_restrict_unprivileged_userns=0
warn  leftovers    20261124-100000-abcdef: nobody holds it any more
                   fix: ./_assets/scripts/run_functional_tests_dev.sh --sweep

1 ok, 12 to look at, 3 in the way of a run
"""
    )
    assert all(finding.fix for finding in findings if finding.level is not Level.OK)


@pytest.mark.parametrize(
    ("why", "fix"),
    [
        ("no docker engine answers: [Errno 2] No such file", "start Docker"),
        ("no docker engine answers: [Errno 13] Permission denied", "usermod -aG docker"),
        ("the docker engine's API is 1.39, 1.41 is needed (docker 20.10)", "install Docker 20.10 or newer"),
        ("No module named 'docker'", "make the environment"),
    ],
)
def test_engine_that_is_not_there(why: str, fix: str) -> None:
    found = next(each for each in examine(dataclasses.replace(GOOD, engine=Absent(why))) if each.about == "engine")
    assert found.level is Level.WARN and fix in found.fix


def test_engine_that_was_named_and_does_not_answer_is_in_the_way() -> None:
    facts = dataclasses.replace(GOOD, engine=Absent("no docker engine answers: no"), engine_is_asked_for=True)
    assert [each.about for each in examine(facts) if each.level is Level.FAIL] == ["engine"]


def test_networks_of_the_engine_and_of_the_machine_take_room() -> None:
    assert free_subnets(ENGINE) == (30, 31)
    taken = dataclasses.replace(ENGINE, subnets=["172.16.0.0/12", "192.168.5.0/24", "fd00::/64"])
    assert free_subnets(taken) == (15, 31)


def doctor(*python_options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python_options, "-m", "doctor"]
    return subprocess.run(command, cwd=HARNESS, env=os.environ | environment, capture_output=True, text=True)


def test_this_machine_is_looked_at() -> None:
    facts = gather()
    assert facts.python == sys.version_info[:3]
    assert isinstance(facts.ports, tuple) and isinstance(facts.memory, int)
    assert isinstance(facts.disks["logs"], int)
    assert facts.own_networks is True or facts.own_networks.why.startswith("no network of its own")


def test_engine_is_looked_at() -> None:
    try:
        connect(timeout=5)
    except FleetError as error:
        pytest.skip(str(error))
    facts = gather().engine
    assert isinstance(facts, EngineFacts)
    assert abs(facts.clock_ahead) < 60
    free, all_of_them = free_subnets(facts)
    assert 0 < free < all_of_them, "docker's own bridge takes one"


def test_bare_python_is_enough_and_says_what_is_missing(tmp_path: Path) -> None:
    done = doctor("-S")  # without any package
    assert (done.returncode, done.stderr) == (0, "")
    assert "warn  packages     missing, or not as pinned: pytest, " in done.stdout
    assert "cannot be seen: No module named" in done.stdout


def test_status_tells_of_what_is_in_the_way(tmp_path: Path) -> None:
    done = doctor(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAIL  engine       no docker engine answers: " in done.stdout
