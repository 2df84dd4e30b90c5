"""A data directory of limited size for a process: a file system in memory that only the node sees.

It is mounted in a mount namespace of its own, which lives as long as the process that made it. So there is never
anything to unmount, and no privilege is needed where users may make namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fleet.errors import NotSupported

TOOLS = ("unshare", "nsenter", "mount")
SCRIPT = 'mount -t tmpfs -o size="$2",mode=0700 tmpfs "$1" && cd "$1" && echo ready && exec sleep infinity'


class SizedFolder:
    """`path` is where the folder is for this process, `prefix` goes before a command that is to run in it."""

    def __init__(self, folder: Path, holder: subprocess.Popen[bytes], user: bool) -> None:
        self._holder = holder
        self.path = Path(f"/proc/{holder.pid}/root{folder}")
        namespaces = ("--mount", "--user", "--preserve-credentials") if user else ("--mount",)
        self.prefix = ["nsenter", f"--target={holder.pid}", *namespaces, "--wd", "--"]

    @classmethod
    def create(cls, folder: Path, size: int, marks: Mapping[str, str]) -> SizedFolder:
        """`size` in bytes; `marks` go into the environment of the process that holds it. Raises NotSupported."""
        if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
            raise NotSupported(f"no data directory of limited size: there is no {missing[0]} here")
        user = os.geteuid() != 0
        holder = subprocess.Popen(
            ["unshare", "--mount", *(("--user", "--map-root-user") if user else ()), "--"]
            + ["sh", "-c", SCRIPT, "sh", str(folder), str(size)],
            env={"PATH": os.environ.get("PATH", os.defpath), **marks},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        said = holder.stdout.readline()
        if said != b"ready\n":
            holder.kill()
            said += holder.communicate()[0]
            raise NotSupported(
                "no data directory of limited size: this user may not mount one in a namespace "
                f"({said.decode(errors='replace').strip()})"
            )
        return cls(folder, holder, user)

    def close(self) -> None:
        """Once nothing runs in it."""
        self._holder.kill()
        self._holder.communicate()
