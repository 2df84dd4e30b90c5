"""Finds and removes what carries the mark of a run. What lacks the mark is never touched."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from fleet.marks import RUN_LABEL, RUN_VARIABLE, TEMP_MARK, WORKER_LABEL, WORKER_VARIABLE

if TYPE_CHECKING:
    from docker import DockerClient


KILL_TIMEOUT = 5.0  # seconds for the kernel to end a process; more only where it hangs in a device


@dataclass
class Leftovers:
    processes: list[psutil.Process] = field(default_factory=list)
    containers: list[Any] = field(default_factory=list)
    networks: list[Any] = field(default_factory=list)
    volumes: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.processes, self.containers, self.networks, self.volumes))

    def describe(self) -> list[str]:
        """One line each, for people."""
        lines = [f"process {process.pid} {describe_process(process)}" for process in self.processes]
        lines += [f"container {container.name}" for container in self.containers]
        lines += [f"network {network.name}" for network in self.networks]
        return lines + [f"volume {volume.name}" for volume in self.volumes]


def find(run_id: str, docker: DockerClient | None, worker: str | None = None) -> Leftovers:
    """All that a run, or one worker of it, has not removed yet."""
    found = Leftovers(processes=list(find_processes(run_id, worker)))
    if docker is not None:
        find_in_engine(found, run_id, docker, worker)
    return found


def find_in_engine(found: Leftovers, run_id: str, docker: DockerClient, worker: str | None = None) -> None:
    labels = [f"{RUN_LABEL}={run_id}"] + ([f"{WORKER_LABEL}={worker}"] if worker else [])
    filters = {"label": labels}
    found.containers = docker.containers.list(all=True, filters=filters, ignore_removed=True)
    found.networks = docker.networks.list(filters=filters)
    found.volumes = docker.volumes.list(filters=filters)


def find_processes(run_id: str, worker: str | None = None) -> Iterator[psutil.Process]:
    """Reads each process's environment, which children inherit: so a node's own children are found as well."""
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            environment = process.environ() if process.pid not in own else {}
        except psutil.Error:  # another user's, or gone
            continue
        if environment.get(RUN_VARIABLE) != run_id:
            continue
        if worker is None or environment.get(WORKER_VARIABLE) == worker:
            yield process


def remove(found: Leftovers) -> list[str]:
    """Removes them all, and returns what could not be removed, a line each."""
    for process in found.processes:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            pass
    deadline = time.monotonic() + KILL_TIMEOUT
    while (alive := list(filter(_is_alive, found.processes))) and time.monotonic() < deadline:
        time.sleep(0.01)
    failed = [f"process {process.pid} outlives SIGKILL" for process in alive]
    with ThreadPoolExecutor(max_workers=8) as pool:
        removals = [lambda c=container: c.remove(force=True, v=True) for container in found.containers]
        failed += [error for error in pool.map(_attempt, removals) if error]
    for each in [*found.networks, *found.volumes]:  # not before their containers
        if error := _attempt(each.remove):
            failed.append(error)
    return failed


def remove_temp_dir(temp_dir: Path, run_id: str) -> None:
    """Only a folder that bears the run's mark. Another process may be at it as well."""
    mark = temp_dir / TEMP_MARK
    going = temp_dir.with_name(f"{temp_dir.name}.{secrets.token_hex(3)}")
    try:
        if mark.read_text() == run_id:
            temp_dir.rename(going)
            shutil.rmtree(going)
    except FileNotFoundError:
        if going.exists():
            raise


def describe_process(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:6])
    except psutil.Error:
        return "(gone)"


def _is_alive(process: psutil.Process) -> bool:
    """A zombie is dead, though its parent has not asked yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _attempt(action: Callable[[], None]) -> str | None:
    from docker.errors import APIError, NotFound

    try:
        action()
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:  # its removal is under way
            return str(error)
    return None
