""".ci/run: it sees to an engine, fails without one, and takes away only the one it started.

The engine and the package manager are played by scripts on PATH; what is tested is what .ci/run makes of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from selftests.scripts.project import ROOT, Project, Result

PLAYERS = {
    "docker": '[ -e "$STAGE/engine-is-up" ] && echo "Docker engine played"',
    "dockerd": """
        echo "the engine's own words"
        [ ! -e "$STAGE/engine-cannot-start" ] || exit 1
        touch "$STAGE/engine-is-up"
        trap 'kill $!; rm "$STAGE/engine-is-up"; exit 0' TERM
        sleep 60 & wait
    """,
    "dpkg-query": '[ ! -e "$STAGE/bare" ] && echo installed',
    "apt-get": 'echo "$@" >>"$STAGE/apt-get-calls"',
}


@pytest.fixture
def stage(project: Project) -> Path:
    shutil.copytree(ROOT / ".ci", project.root / ".ci")
    players = project.root / "players"
    players.mkdir()
    for name, lines in PLAYERS.items():
        (players / name).write_text(f"#!/bin/sh\n{lines}\n")
        (players / name).chmod(0o755)
    run_tests = Path(project.script("run_tests.sh"))
    run_tests.write_text('#!/bin/sh\n[ -e "$STAGE/engine-is-up" ] && echo "ran $@"\nexit "${STATUS:-0}"\n')
    return players


def run_ci(project: Project, stage: Path, **environment: str) -> Result:
    path = f"{stage}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", project.root / ".ci/run"],
        env=project.environment | {"PATH": path, "STAGE": str(stage)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return Result(done.returncode, done.stdout)


def test_an_engine_that_answers_is_used_and_left_alone(project: Project, stage: Path) -> None:
    (stage / "engine-is-up").touch()
    result = run_ci(project, stage)
    assert result.status == 0
    assert result.output.endswith("ran --runtime both\n") and "Starting" not in result.output
    assert (stage / "engine-is-up").exists() and not (stage / "apt-get-calls").exists()


def test_an_engine_is_started_where_none_answers_and_ended_after(project: Project, stage: Path) -> None:
    result = run_ci(project, stage)
    assert result.status == 0
    assert "Starting a Docker engine" in result.output and result.output.endswith("ran --runtime both\n")
    assert not (stage / "engine-is-up").exists()
    assert "the engine's own words" in (project.root / "tests-functional/reports/dockerd.log").read_text()


def test_the_run_fails_without_an_engine(project: Project, stage: Path) -> None:
    (stage / "engine-cannot-start").touch()
    result = run_ci(project, stage)
    assert result.status == 1
    assert "the engine's own words\nNo Docker engine could be started" in result.output
    assert "ran --runtime" not in result.output


def test_a_failing_run_fails_and_still_ends_the_engine(project: Project, stage: Path) -> None:
    assert run_ci(project, stage, STATUS="3").status == 3
    assert not (stage / "engine-is-up").exists()


def test_what_a_bare_machine_lacks_is_installed(project: Project, stage: Path) -> None:
    (stage / "bare").touch()
    assert run_ci(project, stage).status == 0
    update, install = (stage / "apt-get-calls").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install") and {"docker.io", "python3-venv", "mmdebstrap"} <= set(install.split())
