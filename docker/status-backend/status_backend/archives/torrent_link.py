"""Magnet links (BEP 9), as the owner of a community announces them: `magnet:?xt=urn:btih:…&dn=0x…&x.pe=…`.

There is no tracker and no DHT. Members find the owner by the peer addresses in the link (`x.pe`), and each other by
peer exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote

from .codec import InvalidArchive

_INFO_HASH = re.compile(r"urn:btih:([0-9a-f]{40})", re.IGNORECASE)
_MAX_FIELDS = 20  # that are looked at for peers


@dataclass(frozen=True)
class MagnetLink:
    """`info_hash` is 40 hex digits, `name` the community's id, `peers` are `(host, port)`."""

    info_hash: str
    name: str = ""
    peers: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> MagnetLink:
        """InvalidArchive for what is no magnet link to a version 1 torrent."""
        scheme, _, query = text.partition(":?")
        fields = parse_qsl(query)
        found = next((m for key, value in fields if key == "xt" and (m := _INFO_HASH.fullmatch(value))), None)
        if scheme != "magnet" or not found:
            raise InvalidArchive(f"no magnet link: {text[:200]!r}")
        peers = tuple(_peer(value) for key, value in fields[:_MAX_FIELDS] if key == "x.pe")
        return cls(found[1].lower(), dict(fields).get("dn", ""), peers)

    def at(self, peers: tuple[tuple[str, int], ...]) -> MagnetLink:
        return replace(self, peers=peers)

    def __str__(self) -> str:
        hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in self.peers)
        peers = "".join(f"&x.pe={host}:{port}" for host, port in hosts)
        return f"magnet:?xt=urn:btih:{self.info_hash}&dn={quote(self.name)}{peers}"


def _peer(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        if not 0 < int(port) < 2**16:
            raise ValueError(port)
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError as error:
        raise InvalidArchive(f"a magnet link with the peer address {text[:100]!r}") from error
