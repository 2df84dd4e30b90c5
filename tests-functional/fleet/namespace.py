"""Linux namespaces: one lives as long as a process that holds it or runs in it, so there is never one to remove.

Where users may make namespaces no privilege is needed: they are made in a user namespace of their own.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from fleet.errors import NotSupported

PRIVILEGED = os.geteuid() == 0
READY = b"ready\n"


def make(*kinds: str, user: bool = not PRIVILEGED) -> list[str]:
    """What goes before a command that is to run in new namespaces. `kinds`: "net", "mount"; `user`: in a new user
    namespace, without which only root can make others."""
    options = [*kinds, *(("user", "map-root-user") if user else ())]
    return ["unshare", *(f"--{option}" for option in options), "--"]


def enter(holder: int, *kinds: str) -> list[str]:
    """What goes before a command that is to run in those namespaces of a process."""
    options = [*kinds, *(() if PRIVILEGED else ("user", "preserve-credentials"))]
    return ["nsenter", f"--target={holder}", *(f"--{option}" for option in options), "--"]


def hold(
    what: str, command: Sequence[str], marks: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Starts what is to hold namespaces, once it has said "ready". `marks` are its environment variables by which the
    reaper knows it. Raises NotSupported, which says that there is no `what`, and why."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **marks},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NotSupported(f"no {what}: {error.filename} is not installed") from error
    said = process.stdout.readline()
    if said != READY:
        process.kill()
        said += process.communicate()[0]
        raise NotSupported(
            f"no {what}: this user may not make one in a namespace ({said.decode(errors='replace').strip()})"
        )
    return process
