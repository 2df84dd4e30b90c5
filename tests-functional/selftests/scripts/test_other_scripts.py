"""The scripts that hand their arguments on: these and the status come through."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.scripts.project import Project

HANDED_ON_TO = {
    "build_status_go_docker.sh": "tests-functional/fleet/images.py",
    "generate_protobuf.sh": "docker/status-backend/status_backend/protocol/generate.py",
}


@pytest.mark.parametrize("script", HANDED_ON_TO)
def test_arguments_directory_and_status_come_through(project: Project, tmp_path: Path, script: str) -> None:
    module = project.root / HANDED_ON_TO[script]
    module.parent.mkdir(parents=True)
    module.write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\nsys.exit(7)\n")
    result = project.run(script, "--flag", "a value", cwd=tmp_path)
    assert result.status == 7
    assert result.output == f"{tmp_path} ['--flag', 'a value']\n"


@pytest.mark.parametrize("script", [*HANDED_ON_TO, "run_functional_tests.sh", "run_tests.sh"])
def test_help_starts_with_the_usage(project: Project, script: str) -> None:
    result = project.run(script, "--help")
    assert result.status == 0
    assert result.output.startswith(f"Usage: {script}")
