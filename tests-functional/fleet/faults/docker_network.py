"""Helpers of network faults as containers: one in the network namespace of each node concerned, and one to talk to.

The node needs nothing for it, neither programs nor privileges: its helper has the one that it takes (NET_ADMIN).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError

from fleet.docker_node import DockerNode
from fleet.docker_runtime import DockerRuntime
from fleet.errors import FleetError, NodeGone
from fleet.faults.attached import AttachedContainer
from fleet.faults.image import helper_image
from fleet.faults.shaper import START_TIMEOUT, Shaper
from fleet.spec import NodeState

RUNS = (NodeState.RUNNING, NodeState.PAUSED)


@dataclass
class _Placed:
    """`life` tells one life of the node from another: each has a network namespace of its own."""

    shaper: Shaper
    life: str


class DockerNetwork:
    """Starts helpers when they are first asked for. One of these can serve many tests, each releasing its nodes."""

    def __init__(self, runtime: DockerRuntime) -> None:
        self._runtime = runtime
        self._client = runtime.engine.client
        self._network = self._client.networks.get(runtime.run.resource_name)
        self._placed: dict[str, _Placed] = {}
        self._beacon: Any = None
        self._lock = threading.RLock()

    def address(self, node: DockerNode) -> str:
        """By which other nodes' packets know it. Raises NodeGone where it has none now."""
        return self._address(self._container(node))

    def life(self, node: DockerNode) -> str:
        """Another one after each start of the node."""
        return self._container(node).attrs["State"]["StartedAt"]

    def shaper(self, node: DockerNode) -> Shaper:
        """The one in the node's network namespace; a new one where that ended, or the node was started anew."""
        with self._lock:
            life = self.life(node)
            placed = self._placed.get(node.name)
            if placed and (placed.life != life or not placed.shaper.alive()):
                self.release(node)
                placed = None
            if placed is None:
                placed = self._placed[node.name] = _Placed(self._place(node), life)
            return placed.shaper

    def beacon(self) -> str:
        """The address of the container that answers probes."""
        with self._lock:
            if self._beacon is None:
                self._beacon = self._start_beacon()
            return self._address(self._beacon)

    def release(self, node: DockerNode) -> None:
        """Ends the helper of a node, and so all that it does to the node's packets."""
        with self._lock:
            if placed := self._placed.pop(node.name, None):
                placed.shaper.close()

    def close(self) -> None:
        with self._lock:
            while self._placed:
                self._placed.popitem()[1].shaper.close()
            if self._beacon is not None:
                self._beacon.remove(force=True, v=True)
                self._beacon = None

    def _start_beacon(self) -> Any:
        container = self._create("beacon", ["beacon"], network=self._network.name, user="node", stdin_open=True)
        try:
            channel = AttachedContainer(container)
            container.start()
            if not channel.readline(START_TIMEOUT):
                raise FleetError(f"{container.name}, which answers probes of network faults, ended at once")
        except BaseException:
            container.remove(force=True, v=True)
            raise
        return container

    def _place(self, node: DockerNode) -> Shaper:
        if node.state() not in RUNS:
            raise NodeGone(f"node {node.name!r} is {node.state().value}: it has no network to disturb")
        arguments = []
        for pool in self._network.attrs["IPAM"]["Config"]:
            arguments += ["--network", pool["Subnet"], "--spare", pool["Gateway"]]
        namespace = f"container:{node.handle['container']}"
        container = self._create(
            f"{node.name}-helper",
            ["shape", *arguments],
            network_mode=namespace,
            cap_add=["NET_ADMIN"],
            stdin_open=True,
        )
        try:
            channel = AttachedContainer(container)
            container.start()
            return Shaper(channel, node.name)
        except BaseException:
            container.remove(force=True, v=True)
            raise

    def _create(self, name: str, command: list[str], **more: Any) -> Any:
        run = self._runtime.run
        try:
            return self._client.containers.create(
                helper_image(self._client),
                command,
                name=f"{run.resource_name}-{run.worker}-{name}",
                labels=run.labels(),
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                **more,
            )
        except APIError as error:
            raise FleetError(f"the engine made no container for network faults: {error.explanation}") from error

    def _container(self, node: DockerNode) -> Any:
        return self._client.containers.get(node.handle["container"])

    def _address(self, container: Any) -> str:
        container.reload()
        connected = container.attrs["NetworkSettings"]["Networks"].get(self._network.name)
        if not connected or not connected["IPAddress"]:
            raise NodeGone(f"container {container.name} has no address in the run's network: it is {container.status}")
        return connected["IPAddress"]
