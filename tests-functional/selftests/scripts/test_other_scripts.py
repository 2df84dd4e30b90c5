"""The scripts that hand their work on: arguments, directory and status come through."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from selftests.scripts.project import Project

IMAGES = "build_status_go_docker.sh"
PROTOBUF = "generate_protobuf.sh"
HANDED_ON_TO = {
    IMAGES: "tests-functional/fleet/images.py",
    PROTOBUF: "_assets/scripts/generate_protobuf.py",
}


@pytest.fixture
def receivers(project: Project) -> None:
    """What the scripts call, played: it tells where and with what."""
    for file in HANDED_ON_TO.values():
        module = project.root / file
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\nsys.exit(7)\n")


@pytest.mark.usefixtures("receivers")
@pytest.mark.parametrize(
    ("script", "arguments", "received"),
    [
        (PROTOBUF, [], []),
        (PROTOBUF, ["--check"], ["--check"]),
        (IMAGES, [], []),
        (
            IMAGES,
            ["--context", "a dir", "--tag", "mine", "--build-arg", "A=b c"],
            ["--context", "a dir", "--tag", "mine", "--build-arg", "A=b c"],
        ),
    ],
)
def test_arguments_directory_and_status_come_through(
    project: Project, tmp_path: Path, script: str, arguments: list[str], received: list[str]
) -> None:
    (tmp_path / "a dir").mkdir()
    result = project.run(script, *arguments, cwd=tmp_path)
    assert result.status == 7
    assert result.output == f"{tmp_path} {received}\n"


@pytest.mark.usefixtures("receivers")
def test_an_image_of_a_checkout_is_named_after_its_commit(project: Project, tmp_path: Path) -> None:
    checkout = tmp_path / "status go"
    git = ["git", "-C", str(checkout), "-c", "user.name=someone", "-c", "user.email=someone@example.invalid"]
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "first"], check=True)
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True)
    result = project.run(IMAGES, "--context", "status go", cwd=tmp_path)
    assert result.output == f"{tmp_path} {['--context', 'status go', '--tag', f'statusgo-{commit.stdout.strip()}']}\n"


@pytest.mark.usefixtures("receivers")
def test_a_folder_without_a_commit_needs_a_tag(project: Project, tmp_path: Path) -> None:
    result = project.run(IMAGES, "--context", ".", cwd=tmp_path)
    assert result.status == 1
    assert result.output.startswith(". has no commit") and "give --tag NAME" in result.output


@pytest.mark.parametrize("script", [*HANDED_ON_TO, "run_functional_tests.sh", "run_tests.sh"])
def test_help_starts_with_the_usage(project: Project, script: str) -> None:
    result = project.run(script, "--help")
    assert result.status == 0
    assert result.output.startswith(f"Usage: {script}")
