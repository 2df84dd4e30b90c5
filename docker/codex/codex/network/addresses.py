"""Multiaddresses as text: what a node listens on, what it tells others, what can be dialled."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from ..errors import ConfigError

NAT_MODES = ("any", "none", "upnp", "pmp")
EXTIP = "extip:"


def parse_tcp(addr: str) -> tuple[str, str, int] | None:
    """(`ip4`|`ip6`|`dns`|`dns4`|`dns6`, host, port) of a TCP multiaddress, with or without a trailing /p2p/ID; else
    None.
    """
    parts = addr.strip("/").split("/")
    if len(parts) not in (4, 6) or parts[2] != "tcp" or not parts[3].isdigit() or int(parts[3]) > 65535:
        return None
    if len(parts) == 6 and parts[4] not in ("p2p", "ipfs"):
        return None
    family, host = parts[:2]
    try:
        if family == "ip4":
            ipaddress.IPv4Address(host)
        elif family == "ip6":
            ipaddress.IPv6Address(host)
        elif family not in ("dns", "dns4", "dns6") or not host:
            return None
    except ValueError:
        return None
    return family, host, int(parts[3])


def is_multiaddr(addr: str) -> bool:
    """True if `addr` is a multiaddress of any kind, whether it can be dialled or not."""
    from multiaddr import Multiaddr
    from multiaddr.exceptions import Error

    try:
        Multiaddr(addr)
    except (Error, ValueError):
        return False
    return addr.startswith("/")


def check_listen_addr(addr: str) -> str:
    """`addr` if a node can listen on it; raises ConfigError."""
    parsed = parse_tcp(addr)
    if parsed is None or parsed[0] not in ("ip4", "ip6"):
        raise ConfigError(f"listen-addrs: {addr!r} is not a TCP multiaddress such as /ip4/0.0.0.0/tcp/0")
    return addr


def check_nat(nat: str) -> str:
    """`nat` if it is one of the original's values; raises ConfigError."""
    if nat.startswith(EXTIP):
        try:
            ipaddress.IPv4Address(nat.removeprefix(EXTIP))
            return nat
        except ValueError as error:
            raise ConfigError(f"nat: {nat!r} holds no IPv4 address") from error
    if nat not in NAT_MODES:
        raise ConfigError(f"nat: {nat!r} is none of {', '.join(NAT_MODES)} or extip:IP")
    return nat


def announced(listening: Sequence[str], nat: str) -> list[str]:
    """The addresses under which others reach a node that listens on these: wildcards become the interfaces' own
    addresses.
    """
    out: list[str] = []
    for addr in listening:
        parsed = parse_tcp(addr)
        if parsed is None:
            continue
        family, host, port = parsed
        if nat.startswith(EXTIP) and family == "ip4":
            hosts = [nat.removeprefix(EXTIP)]
        elif ipaddress.ip_address(host).is_unspecified:
            hosts = interface_addresses(family)
        else:
            hosts = [host]
        out.extend(f"/{family}/{host}/tcp/{port}" for host in hosts)
    return list(dict.fromkeys(out))


def interface_addresses(family: str) -> list[str]:
    """This machine's own addresses of the family; loopback only where there is nothing else."""
    import ifaddr

    ips = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    found = [ipaddress.ip_address(ip if isinstance(ip, str) else ip[0]) for ip in ips]
    wanted = [ip for ip in found if ip.version == (4 if family == "ip4" else 6) and not ip.is_link_local]
    return [str(ip) for ip in ([ip for ip in wanted if not ip.is_loopback] or wanted)]


async def dialable(addrs: Sequence[str]) -> list[str]:
    """Those of `addrs` that are TCP, with names resolved to addresses; what does not parse or resolve is left out."""
    out: list[str] = []
    for addr in addrs:
        parsed = parse_tcp(addr)
        if parsed is None:
            continue
        family, host, port = parsed
        if not family.startswith("dns"):
            out.append(f"/{family}/{host}/tcp/{port}")
            continue
        wanted = {"dns": socket.AF_UNSPEC, "dns4": socket.AF_INET, "dns6": socket.AF_INET6}[family]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=wanted, type=socket.SOCK_STREAM)
        except socket.gaierror:
            continue
        out.extend(
            f"/{'ip6' if kind == socket.AF_INET6 else 'ip4'}/{where[0]}/tcp/{port}" for kind, _, _, _, where in found
        )
    return list(dict.fromkeys(out))
