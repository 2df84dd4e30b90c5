"""One run: its id, its folders, and the marks by which everything of it is found again."""

from __future__ import annotations

import datetime
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet import leftovers
from fleet.guard import Guard
from fleet.lease import Lease
from fleet.limits import UNLIMITED, Limits
from fleet.marks import (
    CREATED_LABEL,
    LEASE_FILE,
    LEASE_LABEL,
    LEASE_VARIABLE,
    PREFIX,
    RUN_LABEL,
    RUN_VARIABLE,
    TEMP_MARK,
    TEST_LABEL,
    TEST_VARIABLE,
    WORKER_LABEL,
    WORKER_VARIABLE,
)

CONTROLLER = "controller"
MAX_LIFETIME = 6 * 3600.0


@dataclass
class Run:
    """`run_dir` keeps what the run leaves behind, `temp_dir` what goes with it (the data of nodes)."""

    run_id: str
    run_dir: Path
    temp_dir: Path
    lease: Lease
    limits: Limits = UNLIMITED
    worker: str = CONTROLLER
    created: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat())
    _guard: Guard | None = field(default=None, repr=False)

    @classmethod
    def create(
        cls,
        logs_dir: Path,
        *,
        docker: bool = False,
        max_lifetime: float = MAX_LIFETIME,
        limits: Limits = UNLIMITED,
        epilogue: Sequence[str] = (),
    ) -> Run:
        """A new run of this process, the controller. Its reapers watch it from here on.

        `docker`: the run may start containers. `max_lifetime`: seconds after which all of it is removed, come what may.
        `limits` hold for each node. `epilogue`: a command that a reaper runs where the controller died, with the folder
        of the run as its last argument.
        """
        run_id = f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        run_dir = logs_dir.resolve() / run_id
        run_dir.mkdir(parents=True)
        lease = Lease.of_this_process(run_id, max_lifetime)
        temp_dir = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run_id}-"))
        (temp_dir / LEASE_FILE).write_text(lease.to_text())
        (temp_dir / TEMP_MARK).write_text(run_id)
        run = cls(run_id, run_dir, temp_dir, lease, limits)
        try:
            run._guard = Guard(run_id, run_dir, temp_dir, docker=docker, max_lifetime=max_lifetime, epilogue=epilogue)
        except BaseException:
            leftovers.remove_temp_dir(temp_dir, run_id)
            raise
        return run

    @classmethod
    def join(cls, shared: Mapping[str, Any], worker: str) -> Run:
        """The same run as a worker sees it; `shared` is what `share` gave on the controller."""
        paths = {name: Path(shared[name]) for name in ("run_dir", "temp_dir")}
        lease, limits = Lease.from_text(shared["lease"]), Limits(**shared["limits"])
        return cls(shared["run_id"], **paths, lease=lease, limits=limits, worker=worker, created=shared["created"])

    def share(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "run_dir": str(self.run_dir),
            "temp_dir": str(self.temp_dir),
            "lease": self.lease.to_text(),
            "limits": self.limits.to_json(),
            "created": self.created,
        }

    @property
    def is_controller(self) -> bool:
        return self.worker == CONTROLLER

    @property
    def resource_name(self) -> str:
        """What names of networks and containers of this run begin with."""
        return f"{PREFIX}{self.run_id}"

    def labels(self, test: str = "") -> dict[str, str]:
        """For containers, networks and volumes."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        marks = {RUN_LABEL: self.run_id, WORKER_LABEL: self.worker, TEST_LABEL: test, CREATED_LABEL: now}
        return {**marks, LEASE_LABEL: self.lease.to_text()}

    def environment(self, test: str = "") -> dict[str, str]:
        """For processes. The harness itself must never carry these: the reapers would end it."""
        marks = {RUN_VARIABLE: self.run_id, WORKER_VARIABLE: self.worker, TEST_VARIABLE: test}
        return {**marks, LEASE_VARIABLE: self.lease.to_text()}

    def close(self) -> list[str]:
        """Lets the reapers sweep and end. Returns what was still there: nothing, where every node was removed."""
        if self._guard is None:
            return []
        guard, self._guard = self._guard, None
        return guard.close()

    def keep(self, seconds: float) -> None:
        """Ends the run, but leaves what there is of it to the reapers, which remove it after `seconds`."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.keep(seconds)
