"""Faults with a verified life: each proves that it took effect, and that it is gone."""

from fleet.faults.errors import FaultNotHealed, FaultNotVerified, FaultUnavailable
from fleet.faults.faults import Faults
from fleet.faults.life import Fault

__all__ = ["Fault", "FaultNotHealed", "FaultNotVerified", "FaultUnavailable", "Faults"]
