"""The docker engine: how to reach it, and how to reach what it publishes.

As for the docker command itself: DOCKER_HOST says which engine, else the context that DOCKER_CONTEXT or the docker
configuration names, else it is the local one.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

from docker import DockerClient
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import DockerException
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from fleet.errors import FleetError
from fleet.ssh_bridge import SshBridge

API_VERSION = "1.41"  # docker 20.10
LOOPBACK = "127.0.0.1"
POOL = 32  # connections kept open: nodes are started and asked by many threads
LOCAL = "default"  # docker's own name for the context of the local engine


@dataclass(frozen=True)
class Engine:
    """`host` is where published ports are reached, `publish_on` the engine's address that they are bound to.

    `place` tells people which engine it is; it is empty for the local one.
    """

    client: DockerClient
    host: str
    publish_on: str
    place: str = ""

    @property
    def is_local(self) -> bool:
        return self.host == LOOPBACK


@dataclass(frozen=True)
class Endpoint:
    """`url` is "" for the local engine's usual socket."""

    url: str
    tls: TLSConfig | None
    place: str


def connect(timeout: float = 60) -> Engine:
    """The engine that the environment names. Raises FleetError with the reason where none answers."""
    bridge = None
    try:
        endpoint = find_endpoint()
        bridge = _bridge(endpoint.url) if endpoint.url.startswith("ssh://") else None
        base_url = bridge.url if bridge else endpoint.url or None
        client = DockerClient(base_url=base_url, tls=endpoint.tls or False, timeout=timeout, max_pool_size=POOL)
        version = client.version()
    except (DockerException, OSError) as error:
        complaint = bridge.complaint() if bridge else ""
        raise FleetError(f"no docker engine answers: {complaint or error}") from error
    if _numbers(version["ApiVersion"]) < _numbers(API_VERSION):
        raise FleetError(f"the docker engine's API is {version['ApiVersion']}, {API_VERSION} is needed (docker 20.10)")
    if version["Os"] != "linux":
        raise FleetError(f"the docker engine runs {version['Os']} containers, linux ones are needed")
    host = engine_host(endpoint.url)
    return Engine(client, host, publish_address(host), endpoint.place)


def find_endpoint() -> Endpoint:
    """Raises FleetError for a context that there is not."""
    if os.environ.get("DOCKER_HOST"):
        given = kwargs_from_env()
        return Endpoint(given.get("base_url", ""), given.get("tls"), os.environ["DOCKER_HOST"])
    name = context_name()
    if name == LOCAL:
        return Endpoint("", None, "")
    context = ContextAPI.get_context(name)
    if context is None:
        raise FleetError(f"there is no docker context {name!r} (`docker context ls` lists them)")
    return Endpoint(context.Host, context.TLSConfig, f"{context.Host} (context {name})")


def context_name() -> str:
    """The context in use where DOCKER_HOST says nothing."""
    return os.environ.get("DOCKER_CONTEXT") or get_current_context_name() or LOCAL


def engine_host(url: str) -> str:
    """The host of an engine by ssh or tcp; the loopback address for a local engine."""
    parts = urlsplit(url)
    if parts.scheme not in ("ssh", "tcp", "http", "https") or parts.hostname is None:
        return LOOPBACK
    host = _ssh_host_name(parts.hostname) if parts.scheme == "ssh" else parts.hostname
    if host in ("localhost", LOOPBACK, "::1"):
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


_bridge = functools.cache(SshBridge.open)


def publish_address(host: str) -> str:
    """A remote engine's loopback cannot be reached from here, so its ports are published on its addresses."""
    if host == LOOPBACK:
        return LOOPBACK
    return "::" if host.startswith("[") else "0.0.0.0"


def _ssh_host_name(host: str) -> str:
    """What the user's ssh configuration makes of it: `ssh://builder` may be an alias that no DNS knows."""
    if shutil.which("ssh") is None:
        return host
    done = subprocess.run(["ssh", "-G", "--", host], capture_output=True, text=True)
    names = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("hostname ")]
    return names[0] if names else host


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
