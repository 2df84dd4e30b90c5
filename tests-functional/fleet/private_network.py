"""A network of its own for a run whose nodes are processes: each in a network namespace, all of them on one bridge.

Nothing outside sees it, so its addresses clash with nobody's; nor does a node see anything outside. Tests come in by a
relay, whose ports on this machine's loopback the kernel chooses.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet import namespace
from fleet.errors import NotSupported
from fleet.run import Run

SUBNET = ipaddress.IPv4Network("10.77.0.0/16")
LOOPBACK = "127.0.0.1"
RELAY = Path(__file__).with_name("relay.py")
WHAT = "network of its own for each process"

BRIDGE_SCRIPT = """set -e
ip link add bridge type bridge
ip link set bridge up
echo ready
exec sleep infinity"""

# Its hardware address goes with its address: neighbours of a node know that of the one in whose place it was started.
PLACE_SCRIPT = """set -e
bridge=$1 link=$2 hardware=$3 address=$4; shift 4
ip link set lo up
nsenter --target "$bridge" --net ip link add "$link" type veth peer name eth0 netns $$
nsenter --target "$bridge" --net ip link set "$link" master bridge up
ip link set eth0 address "$hardware"
ip address add "$address" dev eth0
ip link set eth0 up
exec "$@"
"""


def make_bridge(marks: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """What holds the network. Raises NotSupported."""
    return namespace.hold(WHAT, [*namespace.make("net"), "sh", "-c", BRIDGE_SCRIPT], marks)


@dataclass
class Place:
    """The network namespace of one node: that of the process `holder`. `published` are the ports on this machine's
    loopback by which its own are reached, by their names."""

    holder: int
    address: str
    published: dict[str, int]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def handle(self) -> dict[str, Any]:
        return {"holder": self.holder, "address": self.address, "published": self.published}

    @property
    def inside(self) -> list[str]:
        """What goes before a command that is to run there."""
        return namespace.enter(self.holder, "net")

    def close(self) -> None:
        """Once nothing runs in it. The kernel takes its time to remove the link, and the address with it: so we do."""
        subprocess.run([*self.inside, "ip", "link", "delete", "eth0"], stderr=subprocess.DEVNULL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.holder, signal.SIGKILL)
        if self._process is not None:
            self._process.communicate()


class PrivateNetwork:
    """The first process of a run that asks for it makes it; the others find it by the run's folder."""

    def __init__(self, folder: Path, bridge: int, process: subprocess.Popen[bytes] | None = None) -> None:
        self._folder = folder
        self._bridge = bridge
        self._process = process

    @classmethod
    def of(cls, run: Run) -> PrivateNetwork:
        """Raises NotSupported, with the same reason in each process of the run."""
        folder = run.temp_dir / ".network"
        note = folder / "network.json"
        if note.exists():
            known = json.loads(note.read_text())
            if reason := known.get("refused"):
                raise NotSupported(reason)
            return cls(folder, known["bridge"])
        folder.mkdir()
        try:
            bridge = make_bridge(run.environment())
        except NotSupported as error:
            note.write_text(json.dumps({"refused": str(error)}))
            raise
        note.write_text(json.dumps({"bridge": bridge.pid}))
        return cls(folder, bridge.pid, bridge)

    def node(self, name: str, ports: Mapping[str, int], marks: Mapping[str, str]) -> Place:
        """A place for a node that has these ports there, by their names."""
        sockets = {port: socket.create_server((LOOPBACK, 0)) for port in ports}
        try:
            pairs = [f"{each.fileno()}:{ports[port]}" for port, each in sockets.items()]
            relay = [sys.executable, "-IS", str(RELAY), str(self._address(name)), *pairs]
            place = self.place(name, relay, marks, [each.fileno() for each in sockets.values()])
            place.published.update({port: each.getsockname()[1] for port, each in sockets.items()})
            return place
        finally:
            for each in sockets.values():
                each.close()

    def place(self, name: str, command: Sequence[str], marks: Mapping[str, str], pass_fds: Sequence[int] = ()) -> Place:
        """A new network namespace, with the address of this name. The command holds it, once it has said "ready"."""
        address = self._address(name)
        hardware = ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))
        link = f"node-{int(address) - int(SUBNET.network_address)}"
        script = ["sh", "-c", PLACE_SCRIPT, "sh", str(self._bridge), link, hardware, f"{address}/{SUBNET.prefixlen}"]
        outside = [*namespace.enter(self._bridge, "net"), *namespace.make("net", user=False)]
        process = namespace.hold(WHAT, [*outside, *script, *command], marks, pass_fds)
        return Place(process.pid, str(address), {}, process)

    def close(self) -> None:
        """Once no node is left in it. Only where it was made."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _address(self, name: str) -> ipaddress.IPv4Address:
        """The same whenever a node of this name is started: others may know it. Processes of the run take turns."""
        with (self._folder / "names").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            names = file.read().split()
            if name not in names:
                names.append(name)
                file.write(f"{name}\n")
            return SUBNET[names.index(name) + 1]
