"""What there is, as plain values. What cannot be found out is Absent, with the reason; nothing here fails."""

from __future__ import annotations

import datetime
import hashlib
import os
import resource
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = PROJECT / "requirements.txt", PROJECT / "docker" / "base" / "requirements.txt"
LOGS = PROJECT / "tests-functional" / "logs"
ENGINE_TIMEOUT = 10.0  # seconds
WIDTH = 160  # of a reason
LOCAL = "default"  # the context of the local engine


@dataclass(frozen=True)
class Absent:
    why: str


@dataclass(frozen=True)
class EngineFacts:
    """`place` is empty for the local engine. `clock_ahead`: seconds by which its clock is before ours, known to
    `clock_error`. `pools` and `subnets` (those in use) are as docker writes them."""

    version: str
    api: str
    platform: str
    place: str
    clock_ahead: float
    clock_error: float
    pools: list[dict[str, Any]]
    subnets: list[str]
    missing_images: list[str]


@dataclass(frozen=True)
class Runs:
    """Of earlier runs, a line each: what nobody holds, and what is kept or going on."""

    stale: list[str]
    living: list[str]


@dataclass(frozen=True)
class Facts:
    python: tuple[int, int, int]
    environment: str  # "current", "older", "absent" or "given"
    packages: list[str] | Absent  # that this Python lacks, of those that are asked for
    engine: EngineFacts | Absent
    engine_is_asked_for: bool
    runs: Runs | Absent
    disks: dict[str, int | Absent]  # free bytes by what is there
    memory: int | Absent  # available bytes
    ports: tuple[int, int] | Absent  # range of the ports that the kernel chooses from
    pressure: bool | Absent  # does the kernel tell of it?
    open_files: int | Absent
    own_networks: bool | Absent  # for each process; why it cannot have one


def gather() -> Facts:
    engine, root = _engine()
    places = {"temporary files": Path(tempfile.gettempdir()), "logs": LOGS, **({"the engine": root} if root else {})}
    return Facts(
        python=sys.version_info[:3],
        environment=_environment(),
        packages=_try(_missing_packages),
        engine=engine,
        engine_is_asked_for=bool(os.environ.get("DOCKER_HOST")) or os.environ.get("DOCKER_CONTEXT", LOCAL) != LOCAL,
        runs=_try(_runs),
        disks={name: _try(lambda path=path: shutil.disk_usage(_existing(path)).free) for name, path in places.items()},
        memory=_try(_available_memory),
        ports=_try(_port_range),
        pressure=_try(Path("/proc/pressure/cpu").exists),
        open_files=_try(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        own_networks=_try(_own_networks),
    )


def _try(probe: Callable[[], Any]) -> Any:
    """Whatever is the matter with a machine is a finding, not an end of the look."""
    try:
        return probe()
    except Exception as error:
        return Absent(textwrap.shorten(str(error) or type(error).__name__, WIDTH, placeholder=" ..."))


def _environment() -> str:
    if os.environ.get("FUNCTIONAL_TESTS_PYTHON"):
        return "given"
    stamp = PROJECT / ".venv" / "requirements.sha256"
    if not (PROJECT / ".venv" / "bin" / "python").exists():
        return "absent"
    wanted = hashlib.sha256(b"\0".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    return "current" if stamp.exists() and stamp.read_text().strip() == wanted else "older"


def _missing_packages() -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    missing = []
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS[0].read_text().splitlines())
    for name, _, wanted in (line.partition("==") for line in lines if "==" in line):
        try:
            if version(name) != wanted:
                missing.append(name)
        except PackageNotFoundError:
            missing.append(name)
    return missing


def _engine() -> tuple[EngineFacts | Absent, Path | None]:
    """And where a local engine keeps what it has."""
    found = _try(_ask_engine)
    return (found, None) if isinstance(found, Absent) else found


def _ask_engine() -> tuple[EngineFacts, Path | None]:
    from fleet.engine import connect
    from fleet.images import Images

    engine = connect(ENGINE_TIMEOUT)
    before = time.time()
    info = engine.client.info()
    after = time.time()
    there = datetime.datetime.fromisoformat(info["SystemTime"]).timestamp()
    version = engine.client.version()
    networks = [network.attrs["IPAM"]["Config"] or [] for network in engine.client.networks.list()]
    facts = EngineFacts(
        version=version["Version"],
        api=version["ApiVersion"],
        platform=f"{version['Os']}/{version['Arch']}",
        place=engine.place,
        clock_ahead=there - (before + after) / 2,
        clock_error=(after - before) / 2,
        pools=info.get("DefaultAddressPools") or [],
        subnets=[each["Subnet"] for configs in networks for each in configs] + (_routes() if engine.is_local else []),
        missing_images=Images(engine.client).missing(),
    )
    root = Path(info["DockerRootDir"])
    return facts, root if engine.is_local and root.exists() else None


def _routes() -> list[str]:
    """Networks that this machine has routes to: an engine here cannot use their addresses."""
    table = Path("/proc/net/route")
    found = []
    for line in table.read_text().splitlines()[1:] if table.exists() else []:
        fields = line.split()
        destination, mask = (int.from_bytes(bytes.fromhex(fields[place]), "little") for place in (1, 7))
        if mask:
            address = ".".join(str(byte) for byte in destination.to_bytes(4, "big"))
            found.append(f"{address}/{bin(mask).count('1')}")
    return found


def _runs() -> Runs:
    from fleet.engine import connect
    from fleet.errors import FleetError
    from fleet.sweep import known_runs

    try:
        client = connect(ENGINE_TIMEOUT).client
    except FleetError:  # a finding of its own
        client = None
    known = known_runs(client)
    return Runs(*([run.describe() for run in known if run.is_stale is stale] for stale in (True, False)))


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _available_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def _port_range() -> tuple[int, int]:
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return int(low), int(high)


def _own_networks() -> bool:
    from fleet.private_network import make_bridge

    bridge = make_bridge({})
    bridge.kill()
    bridge.communicate()
    return True
