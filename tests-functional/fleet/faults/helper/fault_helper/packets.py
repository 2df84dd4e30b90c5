"""A netfilter queue (linux/netfilter/nfnetlink_queue.h): packets wait in the kernel until told what becomes of them."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from fault_helper.netlink import (
    ACK,
    NO_ENOBUFS,
    REQUEST,
    SOL_NETLINK,
    attribute,
    attributes,
    body_of,
    message,
    messages,
    number,
    open_socket,
    request,
)

_PACKET, _VERDICT, _CONFIG = ((3 << 8) | kind for kind in (0, 1, 2))  # NFNL_SUBSYS_QUEUE
_BIND = 1
_COPY_PACKET = 2
_HEAD = 40  # bytes of a packet that are looked at: the IPv6 header
_LONGEST = 65536  # packets that the kernel keeps for us
_BUFFER = 32 << 20
_BUFFER_BY_FORCE = 33  # SO_RCVBUFFORCE
_LOCAL_OUT = 3
_DROP, _ACCEPT = 0, 1
_HIGHEST = 65535


@dataclass(frozen=True)
class Packet:
    """`peer` is the other end's address, `size` the whole length in bytes; `sent`: by this node, else to it."""

    number: int
    sent: bool
    peer: IPv4Address | IPv6Address
    size: int


class PacketQueue:
    """The first queue of this network namespace that nobody has. What it holds when it is closed is dropped."""

    def __init__(self) -> None:
        self.socket = open_socket()
        try:
            self.number = self._bind()
            copy = struct.pack("!IB", _HEAD, _COPY_PACKET)
            self._configure(self.number, attribute(2, copy) + number(3, _LONGEST))
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, _BUFFER_BY_FORCE, _BUFFER)
            except PermissionError:  # in a user namespace: as much as the system grants everybody
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self.socket.setsockopt(SOL_NETLINK, NO_ENOBUFS, 1)
            self.socket.setblocking(False)
        except BaseException:
            self.socket.close()
            raise

    def receive(self) -> Iterator[Packet]:
        """Those that are there now."""
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            for kind, payload in messages(data):
                if kind == _PACKET:
                    yield _packet(body_of(payload))

    def accept(self, packet: Packet) -> None:
        self._verdict(packet, _ACCEPT)

    def drop(self, packet: Packet) -> None:
        self._verdict(packet, _DROP)

    def close(self) -> None:
        self.socket.close()

    def _verdict(self, packet: Packet, verdict: int) -> None:
        head = attribute(2, struct.pack("!II", verdict, packet.number))
        self.socket.sendto(message(_VERDICT, 0, self.number, head), (0, 0))

    def _bind(self) -> int:
        for candidate in range(_HIGHEST):
            try:
                self._configure(candidate, attribute(1, struct.pack("!BBH", _BIND, 0, 0)))
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
            else:
                return candidate
        raise OSError(errno.EBUSY, "all queues are in use")

    def _configure(self, queue: int, body: bytes) -> None:
        request(self.socket, [message(_CONFIG, 0, queue, body, REQUEST | ACK)], acknowledgements=1)


def _packet(body: bytes) -> Packet:
    found = dict(attributes(body))
    identifier, _, hook = struct.unpack_from("!IHB", found[1])
    sent, head = hook == _LOCAL_OUT, found[10]
    if head[0] >> 4 == 4:
        source, target, size = head[12:16], head[16:20], struct.unpack_from("!H", head, 2)[0]
    else:
        source, target, size = head[8:24], head[24:40], struct.unpack_from("!H", head, 4)[0] + 40
    return Packet(identifier, sent, ip_address(target if sent else source), size)
