"""A worker ends when its controller does: at once where that died, in order where that was interrupted.

Left to itself it would first wait for its test, for ten seconds or so.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Any

import pytest

from plugin.controller import is_worker

PR_SET_PDEATHSIG = 1
WORKERS = pytest.StashKey[list[Any]]()


def pytest_configure(config: pytest.Config) -> None:
    if not is_worker(config):
        config.stash[WORKERS] = []
        config.pluginmanager.register(_Interruption(config), "interruption")
        return
    signal.signal(signal.SIGINT, _interrupt_once)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _interrupt_once(*_: object) -> None:
    """Ctrl-C reaches the workers as well as the controller, which then passes it on: once is enough to clean up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, on the controller. Its own list forgets a worker that has failed."""
    process = getattr(getattr(node.gateway, "_io", None), "popen", None)
    if process is not None:
        node.config.stash[WORKERS].append(process)


class _Interruption:
    """The hook itself is not told which session it is about."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_keyboard_interrupt(self) -> None:
        for process in self._config.stash[WORKERS]:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
