"""Settles once per run where its nodes run, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleet.engine import Engine, connect
from fleet.errors import FleetError
from fleet.node import Runtime
from fleet.run import Run

NAMES = ("auto", "docker", "process")
PROBE_TIMEOUT = 5.0  # seconds for an engine to answer


@dataclass(frozen=True)
class Choice:
    """`reason` is one line for the header of the run."""

    name: str
    reason: str


def choose(requested: str = "auto") -> Choice:
    """`requested` is one of NAMES. Raises FleetError where docker is asked for and no engine answers."""
    if requested == "process":
        return Choice("process", "asked for")
    if requested not in NAMES:
        raise FleetError(f"no runtime {requested!r}: there are {', '.join(NAMES)}")
    try:
        engine = connect(PROBE_TIMEOUT)
    except FleetError as error:
        if requested == "docker":
            raise
        return Choice("process", str(error).splitlines()[0])
    why = "asked for" if requested == "docker" else "an engine answers"
    return Choice("docker", f"{why}: {_describe(engine)}")


def make_runtime(name: str, run: Run, images: Mapping[str, str] | None = None, *, own_network: bool = False) -> Runtime:
    """The runtime of that name ("docker" or "process") for this process of the run.

    `images`: in docker, what is used as the image of a reference node, by the node's name. `own_network`: each process
    has one.
    """
    if name == "docker":
        from fleet.docker_runtime import DockerRuntime

        return DockerRuntime(run, images=images)
    from fleet.process_runtime import ProcessRuntime

    return ProcessRuntime(run, own_network=own_network)


def _describe(engine: Engine) -> str:
    version = engine.client.version()
    place = f" at {engine.place}" if engine.place else ""
    return f"docker {version['Version']} on {version['Os']}/{version['Arch']}{place}"
