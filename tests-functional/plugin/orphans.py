"""A worker ends with its controller. Left to itself it would first wait for its test, for ten seconds or so."""

from __future__ import annotations

import ctypes
import signal
import sys

import pytest

from plugin.controller import is_worker

PR_SET_PDEATHSIG = 1


def pytest_configure(config: pytest.Config) -> None:
    if is_worker(config) and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
