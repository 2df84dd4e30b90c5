"""For how long a chat or a community is silent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..rpc import ServiceError
from . import clock

_MINUTE = 60_000
_ZERO = "0001-01-01T00:00:00Z"  # Go's zero time
_UNTIL_UNMUTED, _UNMUTED = 5, 7
# The original's variations, by their numbers.
_MILLISECONDS = {
    1: 15 * _MINUTE,
    2: 60 * _MINUTE,
    3: 8 * 60 * _MINUTE,
    4: 7 * 24 * 60 * _MINUTE,
    6: _MINUTE,
    8: 24 * 60 * _MINUTE,
}
UNMUTED = (False, 0)


def until(variation: int) -> tuple[bool, int]:
    """Whether it is muted, and until when (unix milliseconds, 0: until it is unmuted)."""
    if variation == _UNMUTED:
        return UNMUTED
    if variation == _UNTIL_UNMUTED:
        return True, 0
    if variation not in _MILLISECONDS:
        raise ServiceError("invalid mute type")
    return True, (clock.now_ms() + _MILLISECONDS[variation]) // 1000 * 1000


def shown(muted: bool, till: int) -> dict[str, Any]:
    """A time that has passed has unmuted it."""
    if not muted or 0 < till <= clock.now_ms():
        return {"muted": False, "muteTill": _ZERO}
    return {"muted": True, "muteTill": time_json(till)}


def time_json(milliseconds: int) -> str:
    if not milliseconds:
        return _ZERO
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat().replace("+00:00", "Z")
