"""Nodes as processes of this machine: no docker, no images, loopback only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleet import concurrently, leftovers
from fleet.process_node import ProcessNode
from fleet.run import Run
from fleet.spec import Capability, NodeSpec


class ProcessRuntime:
    name = "process"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, run: Run) -> None:
        self.run = run
        self._nodes: list[ProcessNode] = []

    def start(self, specs: Sequence[NodeSpec], log_dir: Path, *, test: str = "") -> list[ProcessNode]:
        log_dir.mkdir(parents=True, exist_ok=True)
        marks = self.run.environment(test)
        nodes: list[ProcessNode] = []
        try:
            for spec in specs:
                spec = spec.within(self.run.limits)
                nodes.append(ProcessNode.create(spec, self.run.temp_dir / spec.name, log_dir, marks))
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
