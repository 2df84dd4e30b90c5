"""Runs that nobody holds any more: their controller and both their reapers were killed, or the machine was booted.

python -m fleet.sweep                    removes what such runs left; tells of those that are left alone, and why
python -m fleet.sweep --remove RUN_ID    ends a run that was kept (--keep); "kept" for RUN_ID: each of them

A run that lives is never touched, also if another machine or user holds it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fleet import leftovers
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.kept import kept_in
from fleet.lease import Lease, Standing
from fleet.marks import LEASE_FILE, LEASE_LABEL, LEASE_VARIABLE, PREFIX

if TYPE_CHECKING:
    from docker import DockerClient

PROBE_TIMEOUT = 10.0  # seconds for the engine to answer
END_TIMEOUT = 60.0  # seconds for a reaper that was asked to end
KEPT = "kept"


@dataclass
class Known:
    """A run of which something is there. `temp_dirs`: it may be one that a reaper was just removing."""

    lease: Lease
    standing: Standing = Standing.OVER
    guards: list[int] = field(default_factory=list)
    temp_dirs: list[Path] = field(default_factory=list)
    running_containers: int = 0

    @property
    def is_stale(self) -> bool:
        """The containers of a run end with the machine, so one that runs is of a machine that only looks the same."""
        rebooted = self.standing is Standing.REBOOTED and not self.running_containers
        return self.standing is Standing.OVER or rebooted

    @property
    def kept_until(self) -> float | None:
        """Seconds since 1970, where it was kept for a person to look at."""
        return next((kept["until"] for kept in map(kept_in, self.temp_dirs) if kept), None)

    def describe(self) -> str:
        lease, until = self.lease, self.kept_until
        if self.is_stale:
            return f"{lease.run_id}: {self.standing.value}"
        if self.standing is Standing.GUARDED and until is not None:
            return f"{lease.run_id}: kept until {time.strftime('%H:%M:%S', time.localtime(until))}"
        if self.standing is Standing.ELSEWHERE:
            return f"{lease.run_id}: held by process {lease.controller} of user {lease.user} on {lease.host}"
        return f"{lease.run_id}: {self.standing.value} (process {lease.controller})"


def known_runs(docker: DockerClient | None) -> list[Known]:
    """All runs of which there is a process, a container, a network, a volume or a temporary folder."""
    known: dict[str, Known] = {}

    def note(text: str) -> Known | None:
        try:
            lease = Lease.from_text(text)
        except ValueError:
            return None  # not ours
        return known.setdefault(lease.run_id, Known(lease))

    guards = dict(_guards())
    for text in _leases_of_processes():
        note(text)
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = note((folder / LEASE_FILE).read_text())
        except OSError:  # another user's, no run's, or just going
            continue
        if found is not None:
            found.temp_dirs.append(folder)
    if docker is not None:
        filters = {"label": LEASE_LABEL}
        for container in docker.containers.list(all=True, sparse=True, filters=filters):
            if found := note(container.attrs["Labels"][LEASE_LABEL]):
                found.running_containers += container.attrs["State"] in ("running", "paused")
        for each in [*docker.networks.list(filters=filters), *docker.volumes.list(filters=filters)]:
            note(each.attrs["Labels"][LEASE_LABEL])
    # Once more: a run that began, or one that was given to its reapers, since the first look.
    guards |= dict(_guards())
    for run_id, each in known.items():
        each.guards = [pid for pid, guarded in guards.items() if guarded == run_id]
        each.standing = each.lease.standing(guards.values())
    return sorted(known.values(), key=lambda each: each.lease.run_id)


def remove_stale(docker: DockerClient | None, known: Sequence[Known] | None = None) -> tuple[list[str], list[str]]:
    """Removes what stale runs left. Returns what there was and what could not be removed, a line each."""
    removed: list[str] = []
    failed: list[str] = []
    for each in known_runs(docker) if known is None else known:
        if each.is_stale:
            found = leftovers.find(each.lease.run_id, docker)
            removed += [f"{each.lease.run_id}: {line}" for line in found.describe()]
            failed += leftovers.remove(found)
            for folder in each.temp_dirs:
                removed.append(f"{each.lease.run_id}: folder {folder}")
                leftovers.remove_temp_dir(folder, each.lease.run_id)
    return removed, failed


def end_kept(known: Sequence[Known], wanted: str) -> list[str]:
    """Lets the reapers of kept runs end them now; returns the runs' ids. Raises FleetError where that cannot be."""
    if wanted == KEPT:
        chosen = [each for each in known if each.standing is Standing.GUARDED]
    else:
        chosen = [each for each in known if each.lease.run_id == wanted]
        if not chosen:
            raise FleetError(f"there is nothing of a run {wanted}")
        if chosen[0].standing is not Standing.GUARDED:
            raise FleetError(f"not removed: {chosen[0].describe()}")
    for each in chosen:
        for pid in each.guards:
            os.kill(pid, signal.SIGTERM)
    processes = [process for each in chosen for process in map(_process, each.guards) if process]
    _, alive = psutil.wait_procs(processes, END_TIMEOUT)
    if alive:
        raise FleetError(f"reapers still at work after {END_TIMEOUT:.0f} s: {[process.pid for process in alive]}")
    return [each.lease.run_id for each in chosen]


def _guards() -> Iterator[tuple[int, str]]:
    """Process ids of living reapers, each with its run's id."""
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if command[-3:-1] == ["-m", "fleet.reaper"] and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid, command[-1]
        except psutil.Error:  # another user's, or gone
            continue


def _leases_of_processes() -> set[str]:
    found = set()
    for process in psutil.process_iter():
        try:
            found.add(process.environ().get(LEASE_VARIABLE, ""))
        except psutil.Error:
            continue
    return found - {""}


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("--remove", metavar="RUN_ID", help="end this run that was kept; 'kept': each of them")
    options = parser.parse_args(argv)
    try:
        client = connect(PROBE_TIMEOUT).client
    except FleetError as error:
        client = None
        print(f"only processes and folders are looked at: {error}", file=sys.stderr)
    try:
        known = known_runs(client)
        if options.remove:
            ended = end_kept(known, options.remove)
            print("\n".join(f"removed {run_id}" for run_id in ended) or "no run is kept")
            return 0
        removed, failed = remove_stale(client, known)
    except FleetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in removed:
        print(f"removed {line}")
    for each in known:
        if not each.is_stale:
            print(f"left alone {each.describe()}")
    for line in failed:
        print(f"NOT removed: {line}", file=sys.stderr)
    if not removed and not failed:
        print("nothing to remove")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
