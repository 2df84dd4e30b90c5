"""The few multiaddrs this node meets: a host, a TCP port, a WebSocket, a peer id.

Own code, because the usual library brings an async framework and a DNS client for what is a dozen lines here.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

# code and name from https://github.com/multiformats/multiaddr/blob/master/protocols.csv
_HOSTS = {"ip4": 4, "ip6": 41, "dns": 53, "dns4": 54, "dns6": 55}
_TCP = 6
_WS = 477


class MultiaddrError(ValueError):
    """Text that is no multiaddr of the form this node can listen on or dial."""


@dataclass(frozen=True)
class Multiaddr:
    host_kind: str
    host: str
    port: int
    peer_id: str | None = None

    def __str__(self) -> str:
        text = f"/{self.host_kind}/{self.host}/tcp/{self.port}/ws"
        return f"{text}/p2p/{self.peer_id}" if self.peer_id else text

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}/"

    @classmethod
    def of(cls, host: str, port: int, peer_id: str | None = None) -> Multiaddr:
        """A multiaddr of an IP address or a DNS name."""
        try:
            kind = f"ip{ipaddress.ip_address(host).version}"
        except ValueError:
            kind = "dns4"
        return cls(kind, host, port, peer_id)

    @classmethod
    def parse(cls, text: str) -> Multiaddr:
        """`/<ip4|ip6|dns|dns4|dns6>/HOST/tcp/PORT[/ws][/p2p/ID]`; without /ws, as nwaku writes it, means the same."""
        parts = text.split("/")
        if len(parts) < 5 or parts[0] or parts[1] not in _HOSTS or parts[3] != "tcp":
            raise MultiaddrError(f"invalid multiaddr {text!r}: expected /ip4|ip6|dns4|dns6/HOST/tcp/PORT[/ws][/p2p/ID]")
        kind, host, port, rest = parts[1], parts[2], parts[4], parts[5:]
        if rest[:1] == ["ws"]:
            rest = rest[1:]
        if rest and (len(rest) != 2 or rest[0] != "p2p" or not rest[1]):
            raise MultiaddrError(f"invalid multiaddr {text!r}: cannot serve /{'/'.join(rest)}")
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise MultiaddrError(f"invalid multiaddr {text!r}: {port!r} is no TCP port")
        address = cls(kind, host, int(port), rest[1] if rest else None)
        address._host_bytes()
        return address

    def to_bytes(self) -> bytes:
        """The binary form without the peer id, as an ENR carries it (RFC 31)."""
        return (
            bytes([_HOSTS[self.host_kind]])
            + self._host_bytes()
            + bytes([_TCP])
            + self.port.to_bytes(2, "big")
            + _varint(_WS)
        )

    def _host_bytes(self) -> bytes:
        if not self.host:
            raise MultiaddrError("invalid multiaddr: the host is empty")
        if not self.host_kind.startswith("ip"):
            name = self.host.encode()
            return _varint(len(name)) + name
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            raise MultiaddrError(f"invalid multiaddr: {self.host!r} is no IP address") from None
        if f"ip{address.version}" != self.host_kind:
            raise MultiaddrError(f"invalid multiaddr: {self.host!r} is no {self.host_kind} address")
        return address.packed


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))
