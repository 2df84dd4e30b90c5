"""The virtual environment: made once, refreshed where the requirements change, never left half done."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from selftests.scripts.project import Project, Result, make_project

# What each script does first, and then the proof that the requirements are there.
PREPARE = """
set -euo pipefail
source "$1/_assets/scripts/functional_tests_commons.sh"
prepare_python
"$PYTHON" -c 'import harness_needs, nodes_need; print("ready:", harness_needs.VERSION, nodes_need.VERSION)'
"""


def make_wheel(folder: Path, name: str, version: str) -> None:
    """The smallest wheel pip takes: installing needs no network."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = '{version}'\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def fresh_project(project: Project) -> Project:
    return needing(project)


def needing(project: Project) -> Project:
    """The project with requirements, which wheels beside it meet."""
    for version in ("1.0", "2.0"):
        make_wheel(project.root / "wheels", "harness_needs", version)
        make_wheel(project.root / "wheels", "nodes_need", version)
    require(project, "requirements.txt", "harness_needs==1.0")
    require(project, "docker/base/requirements.txt", "nodes_need==1.0")
    return project


def require(project: Project, file: str, line: str) -> None:
    (project.root / file).parent.mkdir(parents=True, exist_ok=True)
    (project.root / file).write_text(f"{line}\n")


def start(project: Project, **environment: str) -> subprocess.Popen[str]:
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (project.root / "wheels").as_uri()}
    environment = {**project.environment, "FUNCTIONAL_TESTS_PYTHON": "", **pip, **environment}
    return subprocess.Popen(
        ["bash", "-c", PREPARE, "script", str(project.root)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Result:
    output, _ = process.communicate(timeout=120)
    return Result(process.returncode, output)


def prepare(project: Project, **environment: str) -> Result:
    return finish(start(project, **environment))


@pytest.fixture(scope="module")
def started_at_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[Result]]:
    """A project whose virtual environment was broken when two scripts started at once, and what they said."""
    project = needing(make_project(tmp_path_factory.mktemp("started at once") / "a project"))
    (project.root / ".venv/bin").mkdir(parents=True)
    (project.root / ".venv/bin/python").symlink_to("/nowhere/python3")
    return project, [finish(process) for process in [start(project), start(project)]]


def test_two_scripts_started_at_once_take_turns(started_at_once: tuple[Project, list[Result]]) -> None:
    waited, worked = sorted((result.output for result in started_at_once[1]), key=len)
    assert waited == "ready: 1.0 1.0\n", "when its turn came there was nothing left to do"
    assert worked.count("Installing") == 1 and worked.endswith(waited)


def test_a_broken_one_is_made_anew(started_at_once: tuple[Project, list[Result]]) -> None:
    assert sum("Making the virtual environment" in result.output for result in started_at_once[1]) == 1


def test_it_is_refreshed_where_the_requirements_change(started_at_once: tuple[Project, list[Result]]) -> None:
    project, _ = started_at_once
    assert prepare(project).output == "ready: 1.0 1.0\n", "made once"

    require(project, "docker/base/requirements.txt", "nodes_need==3.0")
    failed = prepare(project)
    assert failed.status == 1
    assert "nodes_need==3.0" in failed.output and "pip could not install" in failed.output

    require(project, "docker/base/requirements.txt", "nodes_need==2.0")
    changed = prepare(project)
    assert changed.output.endswith("ready: 1.0 2.0\n")
    assert "Making" not in changed.output and "Installing" in changed.output
    assert project.remains() == []


def test_an_old_python_is_refused_in_words(fresh_project: Project, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "cat", "dirname", "basename", "flock", "mktemp", "rm"):
        (tools / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool} on PATH"))
    (tools / "python3").write_text('#!/bin/sh\necho Python 3.9.2\n[ "$1" = --version ]\n')
    (tools / "python3").chmod(0o755)
    result = prepare(fresh_project, PATH=str(tools))
    assert result.status == 1
    assert "Python 3.11 or newer is needed" in result.output and "Python 3.9.2" in result.output
    assert not (fresh_project.root / ".venv").exists()


def test_a_named_python_that_is_not_fit_is_refused_in_words(fresh_project: Project) -> None:
    result = prepare(fresh_project, PYTHON="/nowhere/python3")
    assert result.status == 1
    assert "PYTHON=/nowhere/python3" in result.output
