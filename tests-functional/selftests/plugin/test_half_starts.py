"""A run that ends while its fleet is starting leaves nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from fleet import leftovers
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.images import Images
from selftests.plugin.outside import Outside

PATIENCE = 60  # seconds
SAMPLE = "def test_sample(harness):\n    pass\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_end_during_the_start(tmp_path: Path, how: signal.Signals) -> None:
    outside = Outside(tmp_path)
    command = outside.command(SAMPLE, "-s")
    with subprocess.Popen(command, cwd=tmp_path, env=outside.environment, stdout=subprocess.PIPE, text=True) as run:
        said = next(line for line in run.stdout if "starting the shared fleet" in line)
        run_dir = Path(re.search(r"logs: (.*)\)", said)[1])
        run.send_signal(how)
        run.stdout.read()
    deadline = time.monotonic() + PATIENCE
    while not (run_dir / "reaper.json").exists():
        assert time.monotonic() < deadline, "the reaper has not reported"
        time.sleep(0.05)
    assert json.loads((run_dir / "reaper.json").read_text())["failed"] == []
    assert not leftovers.find(run_dir.name, None)


def test_fleet_that_cannot_start(tmp_path: Path) -> None:
    """The network is there, and a node or two, when it turns out that the image is of another program."""
    try:
        client = connect(timeout=5).client
    except FleetError as error:
        pytest.skip(str(error))
    outside = Outside(tmp_path)
    run = outside.run(SAMPLE, "--runtime", "docker", "--image", f"codex={Images(client).reference('waku')}")
    assert run.returncode == 1
    assert "StartError: node 'codex-bootstrap' " in run.stdout
    assert not leftovers.find(outside.run_dir().name, client)
    assert json.loads((outside.run_dir() / "reaper.json").read_text())["failed"] == []
