"""--node-memory and --node-cpus: in the header, on the nodes, in run.json."""

from __future__ import annotations

import json
from pathlib import Path

from selftests.plugin.outside import Outside

SAMPLE = """
import psutil

def test_limit(backend_factory):
    node = backend_factory("alice").node
    assert node._process().rlimit(psutil.RLIMIT_DATA) == (1 << 30, 1 << 30)
"""


def test_limits_reach_every_node_and_the_report(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    run = outside.run(SAMPLE, "--node-memory", "1g", "--node-cpus", "1.5", "--keep", "-n", "1")
    assert run.returncode == 0, run.stdout
    assert "limits of each node: 1024 MiB of memory, 1.5 processors\n" in run.stdout
    assert "NOT AVAILABLE --node-cpus is for containers" in run.stdout
    assert "stay up" not in run.stdout, "nothing failed, so nothing is kept"
    about = json.loads((outside.run_dir() / "run.json").read_text())
    assert about["limits"] == {"memory": 1 << 30, "cpus": 1.5}
