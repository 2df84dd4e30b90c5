"""A controller in a process of its own, seen from outside, and what its reapers say of its end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).parents[2]
WITHIN = 60  # seconds to wait for a dead run to be gone; on a machine with time to spare it takes 4

# Starts two nodes, says so, and waits for its end.
CONTROLLER = """
import json, sys, time
from pathlib import Path
from fleet import NodeSpec, Run
from fleet.choose import make_runtime
task = json.loads(sys.argv[1])
run = Run.create(Path(task["logs"]), docker=task["runtime"] == "docker", max_lifetime=task["max_lifetime"])
runtime = make_runtime(task["runtime"], run, own_network=task["own_network"])
nodes = runtime.start([NodeSpec.from_json(spec) for spec in task["specs"]], run.run_dir)
print(json.dumps({**run.share(), "urls": [node.url() for node in nodes]}), flush=True)
time.sleep(600)
"""


def await_report(run_dir: str | Path, seconds: float = WITHIN) -> dict[str, Any]:
    """The reaper writes its report last."""
    report = Path(run_dir) / "reaper.json"
    deadline = time.monotonic() + seconds
    while not report.exists():
        assert time.monotonic() < deadline, f"the reaper has not reported within {seconds} s"
        time.sleep(0.05)
    return json.loads(report.read_text())
