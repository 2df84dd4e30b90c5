"""One run: its id, its folders, and the marks by which everything of it is found again."""

from __future__ import annotations

import datetime
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.guard import Guard
from fleet.marks import (
    CREATED_LABEL,
    RUN_LABEL,
    RUN_VARIABLE,
    TEMP_MARK,
    TEST_LABEL,
    TEST_VARIABLE,
    WORKER_LABEL,
    WORKER_VARIABLE,
)

CONTROLLER = "controller"


@dataclass
class Run:
    """`run_dir` keeps what the run leaves behind, `temp_dir` what goes with it (the data of nodes)."""

    run_id: str
    run_dir: Path
    temp_dir: Path
    worker: str = CONTROLLER
    created: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat())
    _guard: Guard | None = field(default=None, repr=False)

    @classmethod
    def create(cls, logs_dir: Path, *, docker: bool = False, max_lifetime: float = 6 * 3600) -> Run:
        """A new run of this process, the controller. A reaper watches it from here on.

        `docker`: the run may start containers. `max_lifetime`: seconds after which all of it is removed, come what may.
        """
        run_id = f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        run_dir = logs_dir.resolve() / run_id
        run_dir.mkdir(parents=True)
        temp_dir = Path(tempfile.mkdtemp(prefix=f"tests-functional-{run_id}-"))
        (temp_dir / TEMP_MARK).write_text(run_id)
        run = cls(run_id, run_dir, temp_dir)
        run._guard = Guard.start(run_id, run_dir, temp_dir, docker=docker, max_lifetime=max_lifetime)
        return run

    @classmethod
    def join(cls, shared: Mapping[str, Any], worker: str) -> Run:
        """The same run as a worker sees it; `shared` is what `share` gave on the controller."""
        paths = {name: Path(shared[name]) for name in ("run_dir", "temp_dir")}
        return cls(shared["run_id"], **paths, worker=worker, created=shared["created"])

    def share(self) -> dict[str, str]:
        return {
            "run_id": self.run_id,
            "run_dir": str(self.run_dir),
            "temp_dir": str(self.temp_dir),
            "created": self.created,
        }

    @property
    def is_controller(self) -> bool:
        return self.worker == CONTROLLER

    @property
    def resource_name(self) -> str:
        """What names of networks and containers of this run begin with."""
        return f"tests-functional-{self.run_id}"

    def labels(self, test: str = "") -> dict[str, str]:
        """For containers, networks and volumes."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        return {RUN_LABEL: self.run_id, WORKER_LABEL: self.worker, TEST_LABEL: test, CREATED_LABEL: now}

    def environment(self, test: str = "") -> dict[str, str]:
        """For processes. The harness itself must never carry these: the reaper would end it."""
        return {RUN_VARIABLE: self.run_id, WORKER_VARIABLE: self.worker, TEST_VARIABLE: test}

    def close(self) -> list[str]:
        """Lets the reaper sweep and end. Returns what was still there: nothing, where every node was removed."""
        if self._guard is None:
            return []
        guard, self._guard = self._guard, None
        return guard.close()
