"""The libraries of the nodes, fetched once for the engine's platform and kept in build/: a rebuild is offline."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from fleet.errors import FleetError

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = PROJECT / "docker" / "base" / "requirements.txt"
CACHE = PROJECT / "build" / "wheels"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # as the engine says it, as wheels and python say it
NEWEST_GLIBC_MINOR = 36  # of Debian bookworm: 2.36
WITHOUT_WHEEL = ("varint", "python-baseconv")  # pure python, published as source only


def requirements(architecture: str, path: Path = REQUIREMENTS) -> list[Requirement]:
    """The pinned packages for "amd64" or "arm64"."""
    environment = {"platform_machine": _machine(architecture)}
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    parsed = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return [each for each in parsed if each.marker is None or each.marker.evaluate(environment)]


def ensure_wheels(architecture: str, marks: Mapping[str, str]) -> Path:
    """A folder that holds a wheel of every requirement. Uses the network only for those it lacks."""
    folder = CACHE / f"{architecture}-cp311"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [each for each in requirements(architecture) if not _has(folder, each)]
    sources = [each for each in missing if each.name in WITHOUT_WHEEL]
    binaries = [each for each in missing if each.name not in WITHOUT_WHEEL]
    if binaries:
        _pip(marks, "download", "--dest", folder, *_platform_options(architecture), *_pins(binaries))
    if sources:
        _pip(marks, "wheel", "--wheel-dir", folder, "--no-deps", *_pins(sources))
    return folder


def unpack(architecture: str, target: Path, marks: Mapping[str, str]) -> None:
    """Lays the libraries into `target`, ready to be put on PYTHONPATH. `marks`: environment variables of pip."""
    found = ("--no-index", "--find-links", ensure_wheels(architecture, marks))
    options = (*found, "--no-compile", "--target", target, *_platform_options(architecture))
    _pip(marks, "install", *options, *_pins(requirements(architecture)))


def _pins(each: Sequence[Requirement]) -> list[str]:
    return [f"{requirement.name}{requirement.specifier}" for requirement in each]


def _has(folder: Path, requirement: Requirement) -> bool:
    wheels = (parse_wheel_filename(path.name) for path in folder.glob("*.whl"))
    name = canonicalize_name(requirement.name)
    return any(wheel[0] == name and requirement.specifier.contains(wheel[1]) for wheel in wheels)


def _machine(architecture: str) -> str:
    try:
        return MACHINES[architecture]
    except KeyError:
        raise FleetError(f"no images for {architecture!r} engines: there are wheels for {sorted(MACHINES)}") from None


def _platform_options(architecture: str) -> list[str]:
    machine = _machine(architecture)
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC_MINOR, 4, -1)]
    tags.append(f"manylinux2014_{machine}")
    options = ["--no-deps", "--only-binary=:all:", "--python-version=311", "--implementation=cp"]
    return options + ["--abi=cp311", "--abi=abi3", "--abi=none"] + [f"--platform={tag}" for tag in tags]


def _pip(marks: Mapping[str, str], *arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    environment = {**os.environ, **marks}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    if done.returncode:
        raise FleetError(f"pip {arguments[0]} for the images failed (exit code {done.returncode}):\n{done.stdout}")
