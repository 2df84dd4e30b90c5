"""Where embedded listeners bind: the host that the backend itself serves on."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address


def bind_address(host: str) -> IPv4Address | IPv6Address:
    """The address of a host given by address or name; the wildcard for an empty one. OSError for an unknown name."""
    try:
        return ip_address(host or "0.0.0.0")
    except ValueError:
        return ip_address(socket.gethostbyname(host))
