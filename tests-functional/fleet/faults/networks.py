"""Where network faults can be had."""

from __future__ import annotations

from fleet.faults.errors import FaultUnavailable
from fleet.faults.network import Network
from fleet.faults.process_network import ProcessNetwork
from fleet.node import Runtime
from fleet.process_runtime import ProcessRuntime
from fleet.spec import Capability


def network_of(runtime: Runtime) -> Network:
    """The helpers of this runtime's network faults. Raises FaultUnavailable."""
    if isinstance(runtime, ProcessRuntime):
        if Capability.NETWORK_FAULTS not in runtime.capabilities:
            raise FaultUnavailable(f"no network faults in process mode: {runtime.no_network_faults}")
        return ProcessNetwork(runtime)
    from fleet.faults.docker_network import DockerNetwork

    return DockerNetwork(runtime)
