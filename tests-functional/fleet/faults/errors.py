"""What can go wrong with a fault itself. The report knows these by name."""

from __future__ import annotations

from fleet.errors import FleetError


class FaultNotVerified(FleetError):
    """The fault was injected, and what must follow from it did not: a test would have tested nothing."""


class FaultNotHealed(FleetError):
    """The fault was taken back, and its effects stayed."""


class FaultUnavailable(FleetError):
    """This fault cannot be had here, for the reason it gives. A test that needs it is skipped."""
