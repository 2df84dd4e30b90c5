"""Nodes as containers of a docker engine, all of a run in one network."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from fleet import concurrently, leftovers
from fleet.docker_node import DockerNode
from fleet.engine import Engine, connect
from fleet.errors import FleetError
from fleet.images import SOURCES, Images, had
from fleet.run import Run
from fleet.spec import Capability, NodeSpec

log = logging.getLogger(__name__)


class DockerRuntime:
    """The controller makes the run's network and removes it; workers attach to it."""

    name = "docker"
    capabilities = frozenset({Capability.DISCONNECT, Capability.NETWORK_FAULTS, Capability.IMAGES})

    def __init__(self, run: Run, engine: Engine | None = None, images: Mapping[str, str] | None = None) -> None:
        self.run = run
        self.engine = engine or connect()
        self._given = dict(images or {})
        self._images: dict[str, str] = {}
        self._nodes: list[DockerNode] = []
        self._network = self._make_network() if run.is_controller else self._find_network()

    def start(self, specs: Sequence[NodeSpec], log_dir: Path, *, test: str = "") -> list[DockerNode]:
        log_dir.mkdir(parents=True, exist_ok=True)
        specs = [spec.within(self.run.limits) for spec in specs]
        images = [self.image(spec.image) for spec in specs]
        nodes: list[DockerNode] = []
        try:
            for spec, image in zip(specs, images):
                nodes.append(self._create(spec, image, log_dir, test))
        except BaseException:
            concurrently.each(nodes, DockerNode.remove)
            raise
        concurrently.all_or_none(nodes, DockerNode.start, DockerNode.remove)
        self._nodes += nodes
        return nodes

    def attach(self, handle: dict[str, Any]) -> DockerNode:
        try:
            container = self.engine.client.containers.get(handle["container"])
        except NotFound:
            raise FleetError(f"node {handle['spec']['name']!r} is not there any more") from None
        spec, log_path = NodeSpec.from_json(handle["spec"]), Path(handle["log_path"])
        return DockerNode(spec, container, self._network, self.engine, log_path)

    def remove_worker(self, worker: str) -> list[str]:
        found = leftovers.find(self.run.run_id, self.engine.client, worker)
        return found.describe() + leftovers.remove(found)

    def keep(self, nodes: Sequence[DockerNode]) -> None:
        self._nodes = [node for node in self._nodes if node not in nodes]

    def close(self) -> None:
        nodes, self._nodes = self._nodes, []
        concurrently.each(nodes, DockerNode.remove)
        if self.run.is_controller:
            try:
                self._network.remove()
            except NotFound:
                pass  # closed before
            except APIError as error:
                if error.status_code != HTTPStatus.FORBIDDEN:
                    raise
                log.info("network %s is still in use by nodes of workers: left to the reaper", self._network.name)

    def image(self, name: str) -> str:
        """The image to run for NodeSpec.image: a reference node is built if need be, any other is pulled if need be."""
        if name not in self._images:
            self._images[name] = self._find(name)
        return self._images[name]

    def _find(self, name: str) -> str:
        if name in self._given:
            return had(self.engine.client, self._given[name])
        if name in SOURCES:
            return Images(self.engine.client, self.run).reference(name)
        if Path(name).is_absolute():
            return Images(self.engine.client, self.run).variant("status-backend", Path(name))
        return had(self.engine.client, name)

    def _create(self, spec: NodeSpec, image: str, log_dir: Path, test: str) -> DockerNode:
        labels = self.run.labels(test)
        name = f"{self.run.resource_name}-{spec.name}"
        return DockerNode.create(spec, image, name, labels, self._network, self.engine, log_dir / f"{spec.name}.log")

    def _make_network(self) -> Any:
        try:
            return self.engine.client.networks.create(
                self.run.resource_name, driver="bridge", labels=self.run.labels(), check_duplicate=True
            )
        except APIError as error:
            raise FleetError(
                f"the engine made no network for this run: {error.explanation}\n"
                f"Where its address pools are used up, `docker network prune` frees those that nothing uses."
            ) from error

    def _find_network(self) -> Any:
        try:
            return self.engine.client.networks.get(self.run.resource_name)
        except NotFound:
            name = self.run.resource_name
            raise FleetError(f"the network {name} of this run is gone: has its controller ended?") from None
