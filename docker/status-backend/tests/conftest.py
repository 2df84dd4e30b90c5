from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backend_process import BackendProcess

# Databases are synced to disk after each change, and each test makes some. Only a power cut could tell a disk from
# memory, so tmp_path is in memory where there is enough of it.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture
def start_backend(tmp_path: Path) -> Iterator[Callable[..., BackendProcess]]:
    """Start backends on one data directory, one after the other."""
    started: list[BackendProcess] = []

    def start(**env: str) -> BackendProcess:
        started.append(BackendProcess(tmp_path, env))
        return started[-1]

    yield start
    for backend in started:
        backend.stop(signal.SIGKILL)


@pytest.fixture
def backend(start_backend: Callable[..., BackendProcess]) -> BackendProcess:
    return start_backend()


@pytest.fixture(scope="session")
def idle_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendProcess]:
    """One for all tests that only ask and change nothing: never initialised, never logged in."""
    backend = BackendProcess(tmp_path_factory.mktemp("idle"))
    yield backend
    assert backend.stop() == 0
