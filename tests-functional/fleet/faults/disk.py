"""A node whose disk is full: its data directory is of a limited size, and a file of ours takes the rest of it.

A test says so by @pytest.mark.sized_data: its nodes have such directories then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Protocol

from fleet import sized_volume
from fleet.docker_node import DockerNode
from fleet.errors import FleetError
from fleet.faults.errors import FaultNotHealed, FaultNotVerified, FaultUnavailable
from fleet.faults.image import HELPER
from fleet.faults.life import Fault, Tell
from fleet.node import Node
from fleet.process_node import ProcessNode

PROBE = 64 << 10  # bytes more than are left that a node cannot write
FULL = "ENOSPC"


class Disk(Protocol):
    """Where a node's data is, to be filled as the user that the node runs as."""

    def do(self, what: str, amount: int | None = None) -> dict[str, Any]:
        """See the helper's disk.py: "fill", "probe" and "empty"."""


class DiskFull(Fault):
    """Less than `leave` bytes can be written in the block; afterwards as much as before."""

    def __init__(self, node: Node, leave: int, tell: Tell) -> None:
        super().__init__("disk full" + (f" but for {leave} bytes" if leave else ""), [node], tell)
        self._leave = leave
        self._disk = disk_of(node)

    def set_up(self) -> None:
        if error := self._probe():
            raise FaultNotVerified(f"{self}: before it was injected nothing could be written either ({error})")

    def inject(self) -> None:
        self._disk.do("fill", self._leave)

    def prove(self) -> str:
        if (error := self._probe()) != FULL:
            raise FaultNotVerified(
                f"{self} did nothing: " + (f"a write fails by {error}" if error else "there is space for a write")
            )
        return f"{self._leave + PROBE} bytes cannot be written: {error}"

    def heal(self) -> None:
        self._disk.do("empty")

    def prove_healed(self) -> str:
        if error := self._probe():
            raise FaultNotHealed(f"{self}: a write still fails by {error}")
        return f"{self._leave + PROBE} bytes can be written"

    def _probe(self) -> str | None:
        return self._disk.do("probe", self._leave + PROBE)["error"]


class ContainerDisk:
    """By the container that keeps the volume, so it works while the node is down, and whatever its image has."""

    def __init__(self, node: DockerNode) -> None:
        self._keeper = node.volume_keeper()
        self._owner = self._run(["stat", "--format=%u:%g", sized_volume.FOLDER], "0").strip()

    def do(self, what: str, amount: int | None = None) -> dict[str, Any]:
        command = ["python3", "-m", "fault_helper", "disk", what, sized_volume.FOLDER]
        return json.loads(self._run(command + ([str(amount)] if amount is not None else []), self._owner))

    def _run(self, command: list[str], user: str) -> str:
        done = self._keeper.exec_run(command, user=user)
        if done.exit_code:
            raise FleetError(f"{command} failed in {self._keeper.name}: {done.output.decode(errors='replace')}")
        return done.output.decode()


class ProcessDisk:
    def __init__(self, node: ProcessNode) -> None:
        self._node = node

    def do(self, what: str, amount: int | None = None) -> dict[str, Any]:
        command = [sys.executable, "-m", "fault_helper", "disk", what, self._node.data_path]
        done = subprocess.run(
            [*self._node.room.inside, *command, *([str(amount)] if amount is not None else [])],
            env={**os.environ, "PYTHONPATH": str(HELPER)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise FleetError(f"{command} failed: {done.stderr}")
        return json.loads(done.stdout)


def disk_of(node: Node) -> Disk:
    """Raises ValueError where the node was started without a limit, FaultUnavailable where it could not have one."""
    if node.spec.data_size is None:
        raise ValueError(f"{node.name} can use the whole disk, which nobody fills: mark the test by sized_data")
    if isinstance(node, ProcessNode):
        if node.room is None:
            raise FaultUnavailable(node.no_room)
        return ProcessDisk(node)
    return ContainerDisk(node)
