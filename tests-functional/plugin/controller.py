"""Controller and workers: who holds the run, and how a worker joins it.

Without xdist the one process is its own controller.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from typing import Any

import pytest

from fleet.choose import choose
from fleet.engine import connect, context_name
from fleet.errors import FleetError
from fleet.images import had
from plugin.isolation import Isolation
from plugin.open_run import OpenRun, RunOnDemand
from plugin.options import Settings
from plugin.rendezvous import Rendezvous, ask

RUN = pytest.StashKey[RunOnDemand]()
RENDEZVOUS = pytest.StashKey[Rendezvous]()
MAIN = "main"  # the name of the one process that there is without workers
JOINED = pytest.StashKey[OpenRun]()


def pytest_configure(config: pytest.Config) -> None:
    if is_worker(config):
        return
    config.pluginmanager.register(_FullDisk(), "full-disk")
    settings = Settings.of(config)
    try:
        choice = choose(settings.runtime)
    except FleetError as error:
        raise pytest.UsageError(str(error)) from error
    os.environ.setdefault("DOCKER_CONTEXT", context_name())  # it may be switched while the run goes
    config.stash[RUN] = RunOnDemand(settings, Isolation.of(config), choice, lambda text: _say(config, text))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """What is given and cannot be had ends the run before anything is started."""
    config = session.config
    if is_worker(config) or config.option.collectonly:
        return
    settings = Settings.of(config)
    settings.require_logs_dir()
    given = [settings.docker_image, settings.codex_image, *settings.images.values(), *config.option.peer_docker_image]
    try:
        for image in filter(None, given):
            had(connect().client, image)
    except FleetError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    if is_worker(config):
        return []
    settings, choice = Settings.of(config), config.stash[RUN].choice
    image = settings.backend
    backends = [f"status-backend: {image}", f"dialect: {settings.dialect}", f"timings: {settings.timings.name}"]
    if settings.codex != "embedded":
        backends.insert(2, f"codex: beside each backend, {settings.codex_image or 'reference'}")
    return [
        f"runtime: {choice.name} ({choice.reason})",
        "; ".join([*backends, f"waku fleet: {settings.waku_fleet}"]),
        *Isolation.of(config).describe(choice.name),
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist, on the controller: tell a worker where to ask for the run."""
    config = node.config
    if RENDEZVOUS not in config.stash:
        config.stash[RENDEZVOUS] = Rendezvous(lambda: config.stash[RUN].get().share())
    node.workerinput["rendezvous"] = config.stash[RENDEZVOUS].invitation


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    """xdist, on the controller: what a worker that died had started would else run on until the end."""
    opened = node.config.stash[RUN].opened
    if error is not None and opened is not None and not Isolation.of(node.config).keep_for:
        opened.runtime.remove_worker(node.gateway.id)


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if is_worker(config):
        if JOINED in config.stash:
            config.stash[JOINED].runtime.close()
        return
    if RENDEZVOUS in config.stash:
        config.stash[RENDEZVOUS].close()
    left_behind = config.stash[RUN].close()
    if left_behind:
        _say(config, "removed what tests had left behind:\n  " + "\n  ".join(left_behind))


class _FullDisk:
    """Around all that a session's end writes, so that it is told in a line."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            where = session.config.option.logs_dir
            _say(session.config, f"the run ends here, and its reapers remove it: logs in {where}: {error}")
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    opened = None if is_worker(config) else config.stash[RUN].opened
    if opened is not None:
        terminalreporter.write_line(f"logs: {opened.run.run_dir}")


def open_run(config: pytest.Config) -> OpenRun:
    """The run, in any process; the first call anywhere starts the shared fleet."""
    if not is_worker(config):
        return config.stash[RUN].get()
    if JOINED not in config.stash:
        shared = ask(config.workerinput["rendezvous"])
        config.stash[JOINED] = OpenRun.join(Settings.of(config), shared, config.workerinput["workerid"])
    return config.stash[JOINED]


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def worker_of(config: pytest.Config) -> str:
    """The name of this process among those that run tests."""
    return getattr(config, "workerinput", {}).get("workerid", MAIN)


def _say(config: pytest.Config, text: str) -> None:
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        config.pluginmanager.get_plugin("terminalreporter").write_line(text)
