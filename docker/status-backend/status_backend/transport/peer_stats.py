"""Tells every few seconds who of the fleet we are connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .. import signal_types
from ..signals import SignalHub

_INTERVAL = 5.0  # seconds


async def tell_peers(signals: SignalHub, peers: Callable[[], dict[str, Any]]) -> None:
    """`wakuv2.peerstats`: `{isOnline, peers}`, the latter as `wakuext_peers` answers."""
    while True:
        await asyncio.sleep(_INTERVAL)
        connected = peers()
        signals.emit(signal_types.WAKU_PEER_STATS, {"isOnline": bool(connected), "peers": connected})
