"""The Waku fleets: which nodes there are and how to reach them.

The file is status-go's `wakufleetconfig.json`: `{fleet: {clusterId, wakuNodes: [enr], discV5BootstrapNodes: [enr],
storeNodes: [{id, enr, addr, fleet}]}}`. This project's scan script adds `restUrl` to store nodes and a list
`relayNodes` of the same shape; without them the REST interface is taken to be on port 8645 of the node's host.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_REST_PORT = 8645
DEFAULT_CLUSTER_ID = 16


class FleetError(Exception):
    """The fleets' file cannot be read, or does not know the fleet asked for."""


@dataclass(frozen=True)
class WakuNode:
    peer_id: str
    enr: str
    addr: str
    rest_url: str
    store: bool


@dataclass(frozen=True)
class WakuFleet:
    name: str
    cluster_id: int
    nodes: list[WakuNode] = field(default_factory=list)

    @property
    def store_nodes(self) -> list[WakuNode]:
        return [node for node in self.nodes if node.store]

    @property
    def relay_nodes(self) -> list[WakuNode]:
        """Where to publish: nodes that only relay first, a store node relays as well."""
        return sorted(self.nodes, key=lambda node: node.store)


def load_fleets(path: Path) -> dict[str, dict[str, Any]]:
    """The file as it is; FleetError if it is missing or no JSON object."""
    try:
        fleets = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise FleetError(f"waku fleets config {path}: {error}") from error
    if not isinstance(fleets, dict):
        raise FleetError(f"waku fleets config {path}: an object was expected, not {type(fleets).__name__}")
    return fleets


def load_fleet(path: Path, name: str) -> WakuFleet:
    fleets = load_fleets(path)
    if name not in fleets:
        known = ", ".join(sorted(fleets)) or "none"
        raise FleetError(f"waku fleets config {path}: no fleet {name!r}, there are: {known}")
    entry = fleets[name]
    stores = [_node(node, store=True) for node in entry.get("storeNodes") or []]
    listed = {node.rest_url for node in stores}
    relays = [_node(node, store=False) for node in entry.get("relayNodes") or []]
    cluster_id = entry.get("clusterId", DEFAULT_CLUSTER_ID)
    return WakuFleet(name, cluster_id, stores + [node for node in relays if node.rest_url not in listed])


def _node(entry: dict[str, Any], store: bool) -> WakuNode:
    addr = entry.get("addr") or ""
    rest_url = entry.get("restUrl") or _derived_rest_url(addr)
    return WakuNode(entry.get("id") or _last(addr), entry.get("enr") or "", addr, rest_url.rstrip("/"), store)


def _derived_rest_url(addr: str) -> str:
    """`/dns4/store/tcp/60002/p2p/16Ui...` → `http://store:8645`"""
    parts = addr.split("/")
    if len(parts) < 3 or parts[1] not in ("ip4", "ip6", "dns", "dns4", "dns6"):
        raise FleetError(f"waku node without restUrl and with no address to derive it from: {addr!r}")
    host = f"[{parts[2]}]" if parts[1] == "ip6" else parts[2]
    return f"http://{host}:{DEFAULT_REST_PORT}"


def _last(addr: str) -> str:
    return addr.rsplit("/", 1)[-1]
