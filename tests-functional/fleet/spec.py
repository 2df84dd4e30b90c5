"""What a node is, said without saying where it runs."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fleet.limits import UNLIMITED, Limits

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PLACEHOLDER = re.compile(r"\{(port:[\w-]+|data|host|python)\}")


class NodeState(enum.Enum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    EXITED = "exited"
    REMOVED = "removed"


class Capability(enum.Enum):
    """What only some runtimes can do; a test that needs one is skipped where it is missing."""

    DISCONNECT = "take a node off the network and put it back"
    NETWORK_FAULTS = "disturb the packets of one node: each has a network of its own"
    IMAGES = "run any image, so also the real programs and several versions side by side"


@dataclass(frozen=True)
class HealthCheck:
    """An HTTP request that a healthy node answers with status 200. `timeout` is in seconds, counted from the start."""

    port: str
    path: str = "/health"
    method: str = "GET"
    body: str | None = None
    timeout: float = 60.0


@dataclass(frozen=True)
class Usage:
    """What a node has used: CPU seconds since it was started, resident bytes now."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class ExecResult:
    """How a command that was run beside a node ended; `output` is stdout and stderr together."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class NodeSpec:
    """One node: how it is started in a container and how as a process.

    `command`, `process` and the values of `env` and `process_env` may hold placeholders, which the runtime fills in:
    {port:NAME} the TCP port to bind (0 where the kernel shall choose), {host} the address to bind, {data} the data
    directory as the node sees it, {python} the interpreter. A process starts in its data directory.

    A program started as a process says where it listens by NODE_READY_FILE: once it serves, it writes there
    {"pid": 123, "ports": {"rest": 43211}} (a temporary file, renamed). After a restart it is asked for the same ports.
    """

    name: str  # unique in the run, and the DNS name of the node in docker
    kind: str
    image: str
    command: tuple[str, ...]  # arguments for the image's entrypoint
    process: tuple[str, ...]  # the whole argv
    ports: Mapping[str, int]  # TCP ports inside a container by name
    health: HealthCheck
    env: Mapping[str, str] = field(default_factory=dict)
    process_env: Mapping[str, str] = field(default_factory=dict)  # over env, for a process only
    python_path: tuple[Path, ...] = ()  # PYTHONPATH of a process; an image has its packages installed
    aliases: tuple[str, ...] = ()
    data_path: str = "/data"  # inside a container
    data_size: int | None = None  # bytes that the data directory holds at most; as a process, where the user may
    stop_signal: str = "SIGINT"
    stop_timeout: float = 10.0
    stacks_signal: str = ""  # on which it writes the stacks of its threads to its log; empty for a node that never does
    limits: Limits = UNLIMITED  # those of the run, unless it has some of its own
    drop_capabilities: bool = True  # False for images that need what docker gives by default

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"node name {self.name!r} is no DNS name: a-z, 0-9 and '-', at most 63 characters")
        if self.health.port not in self.ports:
            have = f"it has {sorted(self.ports)}"
            raise ValueError(f"node {self.name!r}: its health check uses port {self.health.port!r}, {have}")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "python_path": [str(path) for path in self.python_path]}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> NodeSpec:
        tuples = {name: tuple(fields[name]) for name in ("command", "process", "aliases")}
        python_path = tuple(Path(path) for path in fields["python_path"])
        parts = {"health": HealthCheck(**fields["health"]), "limits": Limits(**fields["limits"])}
        return cls(**{**fields, **tuples, **parts, "python_path": python_path})

    def within(self, limits: Limits) -> NodeSpec:
        """The same node, with these limits where it has none of its own."""
        return self if self.limits else replace(self, limits=limits)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replaces the placeholders of NodeSpec; one that `values` lacks is a KeyError, other braces stay as they are."""
    return PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
