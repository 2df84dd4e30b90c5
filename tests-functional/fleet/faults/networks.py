"""Where network faults can be had."""

from __future__ import annotations

from fleet.faults.errors import FaultUnavailable
from fleet.faults.network import Network
from fleet.node import Runtime
from fleet.spec import Capability


def network_of(runtime: Runtime) -> Network:
    """The helpers of this runtime's network faults. Raises FaultUnavailable."""
    if Capability.NETWORK_FAULTS in runtime.capabilities:
        from fleet.faults.docker_network import DockerNetwork

        return DockerNetwork(runtime)
    raise FaultUnavailable(
        f"no network faults in {runtime.name} mode: its nodes share this machine's loopback, where nothing tells the "
        "packets of one from those of another. --runtime docker has them"
    )
