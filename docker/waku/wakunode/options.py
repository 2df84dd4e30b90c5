"""The command line: nwaku's options, as far as they mean something here. What is not served is refused by name."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wakunode.identity import Identity, IdentityError
from wakunode.multiaddr import Multiaddr, MultiaddrError
from wakunode.retention import Retention, RetentionError
from wakunode.topics import MAX_SHARDS

T = TypeVar("T")

LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "FATAL")

# nwaku options that a fleet's command line may carry and that change nothing a client of this node could see
WITHOUT_EFFECT = (
    "agent-string", "discv5-bits-per-hop", "discv5-bootstrap-node", "discv5-bucket-ip-limit", "discv5-discovery",
    "discv5-enr-auto-update", "discv5-only", "discv5-table-ip-limit", "discv5-udp-port", "dns-addrs",
    "dns-addrs-name-server", "dns-discovery", "filter", "filter-max-criteria", "filter-max-peers-to-serve",
    "filter-subscription-timeout", "ip-colocation-limit", "keep-alive", "log-format", "max-relay-peers",
    "metrics-logging", "metrics-server", "metrics-server-address", "metrics-server-port", "peer-exchange",
    "peer-exchange-node", "peer-persistence", "relay-peer-exchange", "rendezvous", "rest-allow-origin", "rest-private",
    "store-message-db-migration", "store-message-db-vacuum", "websocket-support",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    identity: Identity
    rest: bool = True
    rest_address: str = "127.0.0.1"
    rest_port: int = 8645
    rest_admin: bool = False
    rest_relay_cache_capacity: int = 50
    listen_address: str = "127.0.0.1"
    tcp_port: int = 60000
    external_ip: str | None = None
    dns4_domain_name: str | None = None
    cluster_id: int = 0
    shards: tuple[int, ...] = ()
    content_topics: tuple[str, ...] = ()
    shard_count: int = MAX_SHARDS
    relay: bool = True
    store: bool = False
    retention: Retention = Retention(seconds=172800)
    database: str = "store.sqlite3"
    lightpush: bool = False
    static_nodes: tuple[Multiaddr, ...] = ()
    store_node: Multiaddr | None = None
    lightpush_node: Multiaddr | None = None
    max_connections: int = 50
    max_message_size: int = 150 * 1024
    log_level: str = "INFO"
    without_effect: tuple[str, ...] = field(default=())


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Options from the command line; exits with status 2, naming it, at the first that is wrong or not served."""
    parser = _parser()
    given = parser.parse_args(argv)
    shard_count = given.num_shards_in_network or (8 if given.cluster_id == 1 else MAX_SHARDS)
    for shard in given.shard:
        if shard >= shard_count:
            parser.error(f"argument --shard: {shard} is beyond the {shard_count} shards of the network")
    return Options(
        identity=given.nodekey or Identity.generate(),
        rest=given.rest,
        rest_address=given.rest_address,
        rest_port=given.rest_port,
        rest_admin=given.rest_admin,
        rest_relay_cache_capacity=given.rest_relay_cache_capacity,
        listen_address=given.listen_address,
        tcp_port=given.tcp_port,
        external_ip=given.nat,
        dns4_domain_name=given.dns4_domain_name,
        cluster_id=given.cluster_id,
        shards=tuple(dict.fromkeys(given.shard)),
        content_topics=tuple(dict.fromkeys(given.content_topic)),
        shard_count=shard_count,
        relay=given.relay,
        store=given.store,
        retention=given.store_message_retention_policy,
        database=given.store_message_db_url,
        lightpush=given.lightpush,
        static_nodes=tuple(given.staticnode),
        store_node=given.storenode,
        lightpush_node=given.lightpushnode,
        max_connections=given.max_connections,
        max_message_size=given.max_msg_size,
        log_level=given.log_level,
        without_effect=tuple(name for name in WITHOUT_EFFECT if getattr(given, name.replace("-", "_")) is not None),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("wakunode", description=__doc__, allow_abbrev=False)
    option = parser.add_argument

    def flag(name: str, default: bool, help: str) -> None:
        option(name, type=_boolean, nargs="?", const=True, default=default, metavar="BOOL", help=help)

    flag("--rest", True, "serve the REST interface")
    option("--rest-address", default="127.0.0.1", metavar="HOST", help="address the REST interface binds to")
    option("--rest-port", type=_between(0, 65535), default=8645, metavar="PORT", help="0: the kernel chooses")
    flag("--rest-admin", False, "serve /admin/v1")
    option("--rest-relay-cache-capacity", type=_between(1, 10**6), default=50, metavar="N", help="messages per topic")
    option("--listen-address", default="127.0.0.1", metavar="HOST", help="address that relay links bind to")
    option("--tcp-port", type=_between(0, 65535), default=60000, metavar="PORT", help="0: the kernel chooses")
    option("--nat", type=_nat, metavar="any|none|extip:IP", help="extip:IP is announced; there is nothing to map")
    option("--dns4-domain-name", metavar="NAME", help="announced before the IP addresses")
    option(
        "--nodekey", type=_as(Identity.from_hex, IdentityError), metavar="HEX", help="private key; default: a new one"
    )
    option("--cluster-id", type=_between(0, 65535), default=0, metavar="N")
    option("--shard", type=_between(0, MAX_SHARDS - 1), action="append", default=[], metavar="N", help="repeatable")
    option("--content-topic", action="append", default=[], metavar="TOPIC", help="subscribed to at start; repeatable")
    option("--num-shards-in-network", type=_between(0, MAX_SHARDS), default=0, metavar="N", help="for autosharding")
    flag("--relay", True, "take part in the shards given")
    flag("--store", False, "keep messages and answer queries")
    option(
        "--store-message-retention-policy", type=_as(Retention.parse, RetentionError), metavar="POLICY",
        default=Retention(seconds=172800), help="time:SECONDS, capacity:MESSAGES or none; default time:172800",
    )  # fmt: skip
    option("--store-message-db-url", type=_sqlite, default="sqlite://store.sqlite3", metavar="sqlite://PATH")
    flag("--lightpush", False, "publish for peers that do not relay")
    address = _as(_peer_address, MultiaddrError)
    option("--staticnode", type=address, action="append", default=[], metavar="MULTIADDR", help="peer; repeatable")
    option("--storenode", type=address, metavar="MULTIADDR", help="store asked where this node keeps none")
    option("--lightpushnode", type=address, metavar="MULTIADDR", help="peer that publishes for this node")
    option("--max-connections", type=_between(1, 10**5), default=50, metavar="N", help="relay links at most")
    option("--max-msg-size", type=_size, default=150 * 1024, metavar="SIZE", help="150KiB")
    option("--rln-relay", type=_unserved, nargs="?", const="true", metavar="false", help="not served")
    option(
        "--log-level", type=str.upper, choices=LOG_LEVELS, default="INFO", metavar="LEVEL", help=", ".join(LOG_LEVELS)
    )
    ignored = parser.add_argument_group("accepted without effect")
    for name in WITHOUT_EFFECT:
        ignored.add_argument(f"--{name}", nargs="?", const="", help=argparse.SUPPRESS)
    ignored.description = ", ".join(f"--{name}" for name in WITHOUT_EFFECT)
    return parser


def _as(parse: Callable[[str], T], fault: type[ValueError]) -> Callable[[str], T]:
    """Let argparse show the text of our own errors."""

    def convert(text: str) -> T:
        try:
            return parse(text)
        except fault as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _boolean(text: str) -> bool:
    known: dict[str, Any] = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return known[text.lower()]


def _unserved(text: str) -> None:
    if _boolean(text):
        raise argparse.ArgumentTypeError("is not served by this node, only false is accepted")


def _between(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return convert


def _size(text: str) -> int:
    units = {"KiB": 1024, "MiB": 1024**2, "KB": 1000, "MB": 1000**2, "B": 1}
    unit = next((unit for unit in units if text.endswith(unit)), "")
    number = text.removesuffix(unit).strip()
    if not number.isascii() or not number.isdigit() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 150KiB")
    return int(number) * units.get(unit, 1)


def _nat(text: str) -> str | None:
    if text.startswith("extip:"):
        return text.removeprefix("extip:")
    if text not in ("any", "none", "upnp", "pmp"):
        raise argparse.ArgumentTypeError(f"{text!r} is none of any, none, upnp, pmp, extip:IP")
    return None


def _sqlite(text: str) -> str:
    path = text.removeprefix("sqlite://")
    if path == text or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not served: only sqlite://PATH is")
    return path


def _peer_address(text: str) -> Multiaddr:
    address = Multiaddr.parse(text)
    if address.peer_id is None:
        raise MultiaddrError(f"invalid multiaddr {text!r}: the peer id (/p2p/ID) is missing")
    return address
