"""Which nodes run, where and for how long. Knows of no protocol beyond "is it healthy?"."""

from fleet.errors import FleetError, NodeGone, NotSupported, StartError
from fleet.node import Node, Runtime
from fleet.run import Run
from fleet.spec import Capability, ExecResult, HealthCheck, NodeSpec, NodeState, Usage

__all__ = [
    "Capability",
    "ExecResult",
    "FleetError",
    "HealthCheck",
    "Node",
    "NodeGone",
    "NodeSpec",
    "NodeState",
    "NotSupported",
    "Run",
    "Runtime",
    "StartError",
    "Usage",
]
