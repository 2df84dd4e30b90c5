"""A run that is open: its folders, its runtime, its shared fleet. Opened by the controller when first needed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docker.errors import DockerException

from fleet import kept
from fleet.choose import Choice, make_runtime
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.node import Runtime
from fleet.run import MAX_LIFETIME, Run
from fleet.spec import Capability
from fleet.sweep import remove_stale
from plugin.isolation import Isolation
from plugin.options import Settings
from plugin.shared_fleet import SharedFleet, start_shared_fleet


@dataclass(frozen=True)
class OpenRun:
    """What a process of the run, controller or worker, works with."""

    settings: Settings
    run: Run
    runtime: Runtime
    fleet: SharedFleet

    def share(self) -> dict[str, Any]:
        return {"run": self.run.share(), "runtime": self.runtime.name, "fleet": self.fleet.share()}

    @classmethod
    def join(cls, settings: Settings, shared: dict[str, Any], worker: str) -> OpenRun:
        run = Run.join(shared["run"], worker)
        runtime = make_runtime(shared["runtime"], run, settings.images, own_network=settings.own_network)
        return cls(settings, run, runtime, SharedFleet.join(shared["fleet"], runtime))


class RunOnDemand:
    """The controller's: opens the run once, for whoever asks first, and closes it at the end."""

    def __init__(self, settings: Settings, isolation: Isolation, choice: Choice, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._isolation = isolation
        self.choice = choice
        self._say = say
        self._lock = threading.Lock()
        self._open: OpenRun | None = None
        self._failure: Exception | None = None
        self.kept: list[str] = []  # what to tell of nodes that stay up, after `close`

    def get(self) -> OpenRun:
        """Raises what opening raised, to everyone who asks: it is not tried again."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._open is None:
                try:
                    self._open = self._start()
                except Exception as error:
                    self._failure = error
                    raise
            return self._open

    @property
    def opened(self) -> OpenRun | None:
        return self._open

    def _start(self) -> OpenRun:
        self._sweep()
        run = Run.create(
            self._settings.logs_dir,
            docker=self.choice.name == "docker",
            max_lifetime=MAX_LIFETIME + (self._isolation.keep_for or 0),
            limits=self._isolation.limits,
            epilogue=[sys.executable, "-m", "report.unfinished"],
        )
        first_time = "; images that are missing are built first" if self.choice.name == "docker" else ""
        self._say(f"starting the shared fleet{first_time} (logs: {run.run_dir})")
        try:
            _point_latest_at(run)
            own = self._settings.own_network
            runtime = make_runtime(self.choice.name, run, self._settings.images, own_network=own)
            if own and Capability.NETWORK_FAULTS not in runtime.capabilities:
                self._say(f"NOT AVAILABLE --process-network own: {runtime.no_network_faults}")
            fleet = start_shared_fleet(runtime, run, self._settings)
        except BaseException:
            run.close()
            raise
        return OpenRun(self._settings, run, runtime, fleet)

    def _sweep(self) -> None:
        """What runs have left that were killed together with their reapers."""
        try:
            removed, failed = remove_stale(connect().client if self.choice.name == "docker" else None)
        except (FleetError, DockerException) as error:  # no reason not to run
            removed, failed = [], [str(error)]
        for lines, what in ((removed, "removed what earlier runs had left behind"), (failed, "not removed")):
            if lines:
                self._say(f"{what}:\n  " + "\n  ".join(lines))

    def close(self) -> list[str]:
        """Removes all of the run, but for what is kept. Returns what tests had left behind: nothing, in a clean run."""
        if self._open is None:
            return []
        if kept.noted(self._open.run):
            kept.note(self._open.run, "shared by all tests", self._open.fleet.nodes)
            self.kept = kept.keep(self._open.run, self._isolation.keep_for)
            return []
        self._open.runtime.close()
        return self._open.run.close()


def _point_latest_at(run: Run) -> None:
    """`latest` in the logs folder names the run that began last; renamed into place, it is never missing."""
    fresh = run.run_dir.with_name(f".latest-{run.run_id}")
    fresh.symlink_to(run.run_dir.name)
    fresh.replace(run.run_dir.with_name("latest"))
