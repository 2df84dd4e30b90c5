"""Judges the facts: one finding each, with one line that says how to mend it where something is amiss."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from doctor.facts import Absent, EngineFacts, Facts

SCRIPT = "./_assets/scripts/run_functional_tests_dev.sh"
GIB = 1024**3
LEAST_DISK, GOOD_DISK = 1 * GIB, 5 * GIB
GOOD_MEMORY = 2 * GIB
GOOD_PORTS = 5000  # each connection of each node takes one, and it rests for a minute when it is closed
GOOD_SUBNETS = 10  # each run takes one
GOOD_FILES = 1024
GOOD_CLOCK = 2.0  # seconds
# What an engine uses that was told nothing, by its source: 31 networks.
DEFAULT_POOLS = [
    *({"Base": f"172.{number}.0.0/16", "Size": 16} for number in (17, 18, 19)),
    *({"Base": f"172.{number}.0.0/14", "Size": 16} for number in (20, 24, 28)),
    {"Base": "192.168.0.0/16", "Size": 20},
]

MAKE_ROOM = {
    "temporary files": "make room in the folder for temporary files, or name another: TMPDIR",
    "logs": "remove the folders of earlier runs from tests-functional/logs, or name another place: -- --logs-dir DIR",
    "the engine": "docker system prune removes what nothing uses",
}


class Level(enum.Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    level: Level
    about: str
    text: str
    fix: str = ""


def examine(facts: Facts) -> list[Finding]:
    """All findings, in an order that puts causes before what follows from them."""
    findings = [_python(facts), _environment(facts), _packages(facts), _engine(facts)]
    if isinstance(facts.engine, EngineFacts):
        findings += [_subnets(facts.engine), _clock(facts.engine), _images(facts.engine)]
    findings += _disks(facts)
    simple: list[tuple[str, Any, Callable[[Any], Finding]]] = [
        ("memory", facts.memory, _memory),
        ("ports", facts.ports, _ports),
        ("load", facts.pressure, _pressure),
        ("open files", facts.open_files, _open_files),
        ("leftovers", facts.runs, _runs),
    ]
    for about, value, check in simple:
        findings.append(_unseen(about, value) if isinstance(value, Absent) else check(value))
    findings.insert(-1, _own_networks(facts.own_networks))
    return findings


def report(findings: list[Finding]) -> str:
    """For people: a line for each finding, and one below it for its fix."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.level.value:<5} {finding.about:<12} {finding.text}")
        if finding.fix:
            lines.append(f"{'':<18} fix: {finding.fix}")
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    counted = f"{counts[Level.OK]} ok, {counts[Level.WARN]} to look at, {counts[Level.FAIL]} in the way of a run"
    return "\n".join([*lines, "", counted]) + "\n"


def _python(facts: Facts) -> Finding:
    version = ".".join(map(str, facts.python))
    if facts.python >= (3, 11):
        return Finding(Level.OK, "python", version)
    fix = f"install Python 3.11 or newer, or name one: PYTHON=/path/to/python3.11 {SCRIPT}"
    return Finding(Level.FAIL, "python", f"{version} is older than 3.11", fix)


def _environment(facts: Facts) -> Finding:
    about = "environment"
    if facts.environment == "given":
        return Finding(Level.OK, about, "FUNCTIONAL_TESTS_PYTHON names it")
    if facts.environment == "current":
        return Finding(Level.OK, about, ".venv has what is required")
    if facts.environment == "older":
        fix = f"any run renews it, so does {SCRIPT} --sweep"
        return Finding(Level.WARN, about, ".venv is older than the requirements", fix)
    return Finding(Level.WARN, about, "there is no .venv yet", f"any run makes it, so does {SCRIPT} --sweep")


def _packages(facts: Facts) -> Finding:
    if isinstance(facts.packages, Absent):
        return _unseen("packages", facts.packages)
    if not facts.packages:
        return Finding(Level.OK, "packages", "all that are pinned")
    names = ", ".join(facts.packages[:5]) + (f" and {len(facts.packages) - 5} more" if len(facts.packages) > 5 else "")
    if facts.environment == "given":
        fix = "python -m pip install -r requirements.txt, with the Python of FUNCTIONAL_TESTS_PYTHON"
        return Finding(Level.FAIL, "packages", f"missing, or not as pinned: {names}", fix)
    fix = "look again when there is an environment: without it not all can be seen"
    return Finding(Level.WARN, "packages", f"missing, or not as pinned: {names}", fix)


def _engine(facts: Facts) -> Finding:
    engine = facts.engine
    if isinstance(engine, EngineFacts):
        place = f" at {engine.place}" if engine.place else ""
        return Finding(Level.OK, "engine", f"docker {engine.version}, API {engine.api}, on {engine.platform}{place}")
    if "No module named" in engine.why:
        return _unseen("engine", engine)
    fix = "start Docker (systemctl start docker), or say where it is: DOCKER_HOST, docker context use"
    if "ermission denied" in engine.why:
        fix = "let this user use it: sudo usermod -aG docker $USER, then log in again"
    elif " is needed" in engine.why or " are needed" in engine.why:
        fix = "install Docker 20.10 or newer, for Linux containers"
    if facts.engine_is_asked_for:
        return Finding(Level.FAIL, "engine", engine.why, fix)
    return Finding(Level.WARN, "engine", f"{engine.why}: nodes run as processes", fix)


def _subnets(engine: EngineFacts) -> Finding:
    free, all_of_them = free_subnets(engine)
    text = f"{free} of the engine's {all_of_them} networks are free"
    if free >= GOOD_SUBNETS:
        return Finding(Level.OK, "subnets", text)
    fix = "docker network prune removes those that nothing uses; or give the engine more: default-address-pools"
    return Finding(Level.WARN if free else Level.FAIL, "subnets", f"{text}, and each run takes one", fix)


def free_subnets(engine: EngineFacts) -> tuple[int, int]:
    """How many networks the engine can still make, and how many it could if there were none."""
    used = [ipaddress.ip_network(subnet) for subnet in engine.subnets if ":" not in subnet]
    candidates = [
        subnet
        for pool in engine.pools or DEFAULT_POOLS
        if ":" not in pool["Base"]
        for subnet in ipaddress.ip_network(pool["Base"]).subnets(new_prefix=pool["Size"])
    ]
    return sum(not any(subnet.overlaps(other) for other in used) for subnet in candidates), len(candidates)


def _clock(engine: EngineFacts) -> Finding:
    ahead = engine.clock_ahead
    if abs(ahead) <= GOOD_CLOCK + engine.clock_error:
        return Finding(Level.OK, "clock", f"the engine's and this machine's agree within {GOOD_CLOCK:g} s")
    fix = "set both by the network: timedatectl set-ntp true"
    text = f"the engine's is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return Finding(Level.WARN, "clock", text, fix)


def _images(engine: EngineFacts) -> Finding:
    if not engine.missing_images:
        return Finding(Level.OK, "images", "those of the nodes are built for these sources")
    text = f"not built for these sources: {', '.join(engine.missing_images)}; the next run in Docker does it"
    return Finding(Level.WARN, "images", text, "./_assets/scripts/build_status_go_docker.sh builds them now")


def _disks(facts: Facts) -> Iterator[Finding]:
    for what, free in facts.disks.items():
        if isinstance(free, Absent):
            yield _unseen("disk", free)
            continue
        level = Level.OK if free >= GOOD_DISK else Level.WARN if free >= LEAST_DISK else Level.FAIL
        fix = "" if level is Level.OK else MAKE_ROOM[what]
        yield Finding(level, "disk", f"{free / GIB:.1f} GiB free for {what}", fix)


def _memory(available: int) -> Finding:
    text = f"{available / GIB:.1f} GiB available"
    if available >= GOOD_MEMORY:
        return Finding(Level.OK, "memory", text)
    return Finding(Level.WARN, "memory", text, "end other programs, or run fewer tests at once: -- -n 1")


def _ports(ports: tuple[int, int]) -> Finding:
    low, high = ports
    text = f"the kernel chooses from {low}-{high}: {high - low + 1}"
    if high - low + 1 >= GOOD_PORTS:
        return Finding(Level.OK, "ports", text)
    return Finding(Level.WARN, "ports", text, 'sysctl -w net.ipv4.ip_local_port_range="32768 60999"')


def _pressure(told: bool) -> Finding:
    if told:
        return Finding(Level.OK, "load", "the kernel tells of pressure, which deadlines follow")
    return Finding(Level.WARN, "load", "the kernel does not tell of pressure (PSI)", "boot Linux with psi=1")


def _open_files(limit: int) -> Finding:
    unlimited = limit < 0
    if unlimited or limit >= GOOD_FILES:
        return Finding(Level.OK, "open files", "no limit" if unlimited else f"{limit} for a process")
    return Finding(Level.WARN, "open files", f"{limit} for a process", f"ulimit -n {GOOD_FILES}")


def _own_networks(had: bool | Absent) -> Finding:
    about = "namespaces"
    if not isinstance(had, Absent):
        return Finding(Level.OK, about, "processes can have networks of their own, for network faults")
    if "No module named" in had.why:
        return _unseen(about, had)
    fix = "sysctl -w user.max_user_namespaces=10000; on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0"
    if "not installed" in had.why or "not found" in had.why:
        fix = "apt-get install iproute2 util-linux"
    return Finding(Level.WARN, about, f"{had.why}: network faults need Docker", fix)


def _runs(runs: Any) -> Finding:
    if runs.stale:
        return Finding(Level.WARN, "leftovers", "; ".join(runs.stale), f"{SCRIPT} --sweep")
    if runs.living:
        return Finding(Level.OK, "leftovers", f"none; there are runs: {'; '.join(runs.living)}")
    return Finding(Level.OK, "leftovers", "none")


def _unseen(about: str, absent: Absent) -> Finding:
    fix = f"make the environment ({SCRIPT} --sweep) and look again" if "No module" in absent.why else "look by hand"
    return Finding(Level.WARN, about, f"cannot be seen: {absent.why}", fix)
