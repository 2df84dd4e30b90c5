#!/usr/bin/env python3
"""Ask waku nodes who they are and write the fleets file that status-backend reads.

    scan_waku_fleet.py --fleet-name status-go.test --cluster-id 16 \\
        --bootstrap-nodes boot-1 --store-nodes store --static-nodes boot-1 --output wakufleetconfig.json

A host is HOST or HOST:PORT of its REST interface (8645 by default). Needs Python's standard library only.
Exit code 2 if a node does not answer; without any host it writes a fleet without nodes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.request
from pathlib import Path

REST_PORT = 8645
TIMEOUT_SECONDS = 5


class ScanError(Exception):
    """A node did not answer, or not as a waku node does."""


def scan(host: str, tries: int, pause: float) -> dict[str, str]:
    """`{"id", "enr", "addr", "restUrl"}` of one node."""
    rest_url = f"http://{host}" if ":" in host else f"http://{host}:{REST_PORT}"
    url = f"{rest_url}/debug/v1/info"
    for attempt in range(1, tries + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
                info = json.load(response)
            addr = preferred_address(info["listenAddresses"])
            return {"id": addr.rsplit("/", 1)[-1], "enr": info["enrUri"], "addr": addr, "restUrl": rest_url}
        except (OSError, ValueError, KeyError, TypeError) as error:
            failure = f"{type(error).__name__}: {error}"
            print(f"{url}: try {attempt} of {tries}: {failure}", file=sys.stderr)
        if attempt < tries:
            time.sleep(pause)
    raise ScanError(f"{url}: no usable answer in {tries} tries, the last one: {failure}")


def preferred_address(addresses: list[str]) -> str:
    """The first by name, because the address of a container changes; else the first."""
    if not addresses:
        raise ValueError("the node listens nowhere: listenAddresses is empty")
    return next((address for address in addresses if address.startswith(("/dns4/", "/dns6/"))), addresses[0])


def fleet(options: argparse.Namespace) -> dict[str, object]:
    hosts = dict.fromkeys(options.bootstrap_nodes + options.static_nodes + options.store_nodes)
    nodes = {host: scan(host, options.tries, options.pause) for host in hosts}
    relays = dict.fromkeys(options.static_nodes + options.bootstrap_nodes)
    return {
        "clusterId": options.cluster_id,
        "wakuNodes": [nodes[host]["enr"] for host in options.static_nodes],
        "discV5BootstrapNodes": [nodes[host]["enr"] for host in options.bootstrap_nodes],
        "storeNodes": [{**nodes[host], "fleet": options.fleet_name} for host in options.store_nodes],
        "relayNodes": [nodes[host] for host in relays],
    }


def write(path: Path, document: dict[str, object]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(document, indent=2) + "\n")
    temporary.replace(path)


class Hosts(argparse.Action):
    """Several values, several times, comma separated: `--store-nodes a,b c --store-nodes d`."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        hosts = [host for value in values for host in value.split(",") if host]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *hosts])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("scan_waku_fleet.py", allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--fleet-name", required=True)
    parser.add_argument("--cluster-id", type=int, required=True)
    for name in ("--bootstrap-nodes", "--store-nodes", "--static-nodes"):
        parser.add_argument(name, nargs="*", action=Hosts, default=[], metavar="HOST[:PORT]")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--tries", type=int, default=15, help="per node (15)")
    parser.add_argument("--pause", type=float, default=1.0, metavar="SECONDS", help="between two tries (1)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        write(options.output, {options.fleet_name: fleet(options)})
    except (ScanError, OSError) as error:
        print(f"scan_waku_fleet.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
