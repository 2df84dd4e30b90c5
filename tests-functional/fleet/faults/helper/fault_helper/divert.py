"""The rule that hands each packet of this network namespace to a queue (linux/netfilter/nf_tables.h).

Kernels have one of two ways to say "queue": nf_tables' own, or that of iptables within nf_tables.
"""

from __future__ import annotations

import socket
import struct

from fault_helper.netlink import ACK, CREATE, REQUEST, attribute, message, nested, number, open_socket, request, text

TABLE = "tests-functional-faults"
_SUBSYSTEM = 10  # NFNL_SUBSYS_NFTABLES
_BEGIN, _END = 16, 17  # NFNL_MSG_BATCH_*
_TABLE, _CHAIN, _RULE = ((_SUBSYSTEM << 8) | kind for kind in (0, 3, 6))
_FAMILIES = (2, 10)  # IPv4, IPv6
_OWNER = 2  # NFT_TABLE_F_OWNER: the table goes with its socket, so also with a program that is killed
_LOCAL_IN, _LOCAL_OUT = 1, 3
_IIFTYPE, _OIFTYPE = 8, 9
_LOOPBACK = 772  # ARPHRD_LOOPBACK
_ACCEPT = 1
_REGISTER = 1
_NOT_EQUAL = 1


def divert(queue: int) -> socket.socket:
    """Until the socket is closed, what comes in or goes out, but over loopback, waits in the queue for a verdict.

    Raises OSError where this kernel cannot do it (before Linux 5.12, or without nf_tables or nfnetlink_queue).
    """
    try:
        return _divert(_expression("queue", attribute(1, struct.pack("!H", queue)), attribute(2, struct.pack("!H", 1))))
    except FileNotFoundError:  # no such expression
        # struct xt_NFQ_info, padded to 8 bytes
        return _divert(
            _expression("target", text(1, "NFQUEUE"), number(2, 0), attribute(3, struct.pack("=H6x", queue)))
        )


def _divert(to_queue: bytes) -> socket.socket:
    opened = open_socket()
    try:
        tables = [each for family in _FAMILIES for each in _table(family, to_queue)]
        begin, end = (message(kind, 0, _SUBSYSTEM, b"") for kind in (_BEGIN, _END))
        request(opened, [begin, *tables, end], acknowledgements=len(tables))
    except BaseException:
        opened.close()
        raise
    return opened


def _table(family: int, to_queue: bytes) -> list[bytes]:
    return [
        _new(_TABLE, family, text(1, TABLE), number(2, _OWNER)),
        *_chain(family, "in", _LOCAL_IN, _IIFTYPE, to_queue),
        *_chain(family, "out", _LOCAL_OUT, _OIFTYPE, to_queue),
    ]


def _chain(family: int, name: str, hook: int, interface_type: int, to_queue: bytes) -> list[bytes]:
    place = nested(4, number(1, hook), number(2, 0))
    loopback = nested(3, attribute(1, struct.pack("=H", _LOOPBACK)))
    not_loopback = (
        _expression("meta", number(1, _REGISTER), number(2, interface_type)),
        _expression("cmp", number(1, _REGISTER), number(2, _NOT_EQUAL), loopback),
    )
    return [
        _new(_CHAIN, family, text(1, TABLE), text(3, name), place, number(5, _ACCEPT), text(7, "filter")),
        _new(_RULE, family, text(1, TABLE), text(2, name), nested(4, *not_loopback, to_queue)),
    ]


def _expression(name: str, *data: bytes) -> bytes:
    return nested(1, text(1, name), nested(2, *data))


def _new(kind: int, family: int, *attributes: bytes) -> bytes:
    return message(kind, family, 0, b"".join(attributes), REQUEST | ACK | CREATE)
