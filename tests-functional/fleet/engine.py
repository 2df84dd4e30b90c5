"""The docker engine: how to reach it, and how to reach what it publishes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import docker
from docker import DockerClient
from docker.errors import DockerException

from fleet.errors import FleetError

API_VERSION = "1.41"  # docker 20.10
LOOPBACK = "127.0.0.1"
POOL = 32  # connections kept open: nodes are started and asked by many threads


@dataclass(frozen=True)
class Engine:
    """`host` is where published ports are reached, `publish_on` the engine's address that they are bound to."""

    client: DockerClient
    host: str
    publish_on: str


def connect(timeout: float = 60) -> Engine:
    """The engine that DOCKER_HOST names, else the local one. Raises FleetError with the reason where none answers."""
    try:
        client = docker.from_env(timeout=timeout, max_pool_size=POOL, use_ssh_client=True)
        version = client.version()
    except (DockerException, OSError) as error:
        raise FleetError(f"no docker engine answers: {error}") from error
    if _numbers(version["ApiVersion"]) < _numbers(API_VERSION):
        raise FleetError(f"the docker engine's API is {version['ApiVersion']}, {API_VERSION} is needed (docker 20.10)")
    if version["Os"] != "linux":
        raise FleetError(f"the docker engine runs {version['Os']} containers, linux ones are needed")
    host = engine_host(os.environ.get("DOCKER_HOST", ""))
    # A remote engine's loopback cannot be reached from here, so its ports are published on its addresses.
    return Engine(client, host, LOOPBACK if host == LOOPBACK else "0.0.0.0")


def engine_host(docker_host: str) -> str:
    """The host of a DOCKER_HOST by ssh or tcp; the loopback address for a local engine."""
    url = urlsplit(docker_host)
    if url.scheme not in ("ssh", "tcp", "http", "https") or url.hostname in (None, "localhost", LOOPBACK, "::1"):
        return LOOPBACK
    return f"[{url.hostname}]" if ":" in url.hostname else url.hostname


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
