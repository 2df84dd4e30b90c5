"""A data directory of limited size for a process: a file system in memory that only the node sees.

It is mounted in a mount namespace of its own, so there is never anything to unmount.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from fleet import namespace
from fleet.private_network import Place

SCRIPT = 'mount -t tmpfs -o size="$2",mode=0700 tmpfs "$1" && cd "$1" && echo ready && exec sleep infinity'


class SizedFolder:
    """`path` is where the folder is for this process, `inside` goes before a command that is to run in it."""

    def __init__(self, folder: Path, holder: subprocess.Popen[bytes], *kinds: str) -> None:
        self._holder = holder
        self.path = Path(f"/proc/{holder.pid}/root{folder}")
        self.inside = namespace.enter(holder.pid, *kinds, "wd")

    @classmethod
    def create(cls, folder: Path, size: int, marks: Mapping[str, str], place: Place | None) -> SizedFolder:
        """`size` in bytes; `marks` go into the environment of the process that holds it; `place` is where the node is
        that has a network of its own. Raises NotSupported."""
        script = ["sh", "-c", SCRIPT, "sh", str(folder), str(size)]
        what = "data directory of limited size"
        if place is None:
            return cls(folder, namespace.hold(what, [*namespace.make("mount"), *script], marks), "mount")
        command = [*place.inside, *namespace.make("mount", user=False), *script]
        return cls(folder, namespace.hold(what, command, marks), "mount", "net")

    def close(self) -> None:
        """Once nothing runs in it."""
        self._holder.kill()
        self._holder.communicate()
