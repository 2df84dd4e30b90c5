"""Nodes as processes of this machine: no docker, no images; all on loopback, or each in a network of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleet import concurrently, leftovers
from fleet.errors import NotSupported
from fleet.private_network import PrivateNetwork
from fleet.process_node import ProcessNode
from fleet.run import Run
from fleet.spec import Capability, NodeSpec

ON_LOOPBACK = (
    "nodes share this machine's loopback, where nothing tells the packets of one from those of another; with "
    "--process-network own each has a network of its own, and with --runtime docker"
)


class ProcessRuntime:
    name = "process"

    def __init__(self, run: Run, *, own_network: bool = False) -> None:
        """`own_network`: nodes have namespaces of their own; where that cannot be, `no_network_faults` says why."""
        self.run = run
        self.network: PrivateNetwork | None = None
        self.no_network_faults = ON_LOOPBACK
        self.capabilities: frozenset[Capability] = frozenset()
        if own_network:
            try:
                self.network = PrivateNetwork.of(run)
                self.capabilities = frozenset({Capability.NETWORK_FAULTS})
            except NotSupported as error:
                self.no_network_faults = str(error)
        self._nodes: list[ProcessNode] = []

    def start(self, specs: Sequence[NodeSpec], log_dir: Path, *, test: str = "") -> list[ProcessNode]:
        log_dir.mkdir(parents=True, exist_ok=True)
        marks = self.run.environment(test)
        nodes: list[ProcessNode] = []
        try:
            for spec in specs:
                spec = spec.within(self.run.limits)
                directory = self.run.temp_dir / spec.name
                nodes.append(ProcessNode.create(spec, directory, log_dir, marks, self.network))
        except BaseException:
            concurrently.each(nodes, ProcessNode.remove)
            raise
        concurrently.all_or_none(nodes, ProcessNode.start, ProcessNode.remove)
        self._nodes += nodes
        return nodes

    def attach(self, handle: dict[str, Any]) -> ProcessNode:
        return ProcessNode.from_handle(handle)

    def remove_worker(self, worker: str) -> list[str]:
        found = leftovers.find(self.run.run_id, None, worker)
        return found.describe() + leftovers.remove(found)

    def keep(self, nodes: Sequence[ProcessNode]) -> None:
        self._nodes = [node for node in self._nodes if node not in nodes]

    def close(self) -> None:
        nodes, self._nodes = self._nodes, []
        concurrently.each(nodes, ProcessNode.remove)
        if self.network is not None:
            self.network.close()
