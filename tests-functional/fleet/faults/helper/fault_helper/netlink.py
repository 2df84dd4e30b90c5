"""The bit of netlink that netfilter needs (linux/netlink.h, linux/netfilter/nfnetlink.h)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Sequence

NETFILTER = 12  # NETLINK_NETFILTER
REQUEST, ACK, CREATE = 0x1, 0x4, 0x400
ERROR = 0x2
NESTED = 0x8000

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_FAMILY = struct.Struct("!BBH")  # family, version, resource
_ATTRIBUTE = struct.Struct("=HH")  # length, type
SOL_NETLINK, NO_ENOBUFS = 270, 5


def attribute(kind: int, value: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))


def nested(kind: int, *inner: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(inner))


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(data)
        yield kind & ~NESTED, data[_ATTRIBUTE.size : size]
        data = data[size + -size % 4 :]


def message(kind: int, family: int, resource: int, body: bytes, flags: int = REQUEST, sequence: int = 0) -> bytes:
    payload = _FAMILY.pack(family, 0, resource) + body
    return _HEADER.pack(_HEADER.size + len(payload), kind, flags, sequence, 0) + payload


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, what follows the netlink header) of each message in a datagram."""
    while len(data) >= _HEADER.size:
        size, kind, _, _, _ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : size]
        data = data[size + -size % 4 :]


def body_of(payload: bytes) -> bytes:
    """The attributes of a netfilter message."""
    return payload[_FAMILY.size :]


def open_socket() -> socket.socket:
    """Raises OSError where the kernel has no netfilter, or this process may not use it."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER)
    opened.bind((0, 0))
    return opened


def request(opened: socket.socket, sent: Sequence[bytes], acknowledgements: int) -> None:
    """Sends and awaits so many acknowledgements. Raises OSError with what the kernel says."""
    opened.sendto(b"".join(sent), (0, 0))
    while acknowledgements:
        for kind, payload in messages(opened.recv(65536)):
            if kind != ERROR:
                continue
            (code,) = struct.unpack_from("=i", payload)
            if code:
                raise OSError(-code, os.strerror(-code))
            acknowledgements -= 1
