"""--doctor, --sweep and --remove of run_functional_tests_dev.sh, with the real project behind them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "_assets/scripts/run_functional_tests_dev.sh"


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"FUNCTIONAL_TESTS_PYTHON": sys.executable, **environment}
    return subprocess.run(
        [SCRIPT, *arguments], cwd=cwd, env=os.environ | given, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_doctor_looks_and_runs_nothing(tmp_path: Path) -> None:
    done = run("--doctor", cwd=tmp_path, TMPDIR=str(tmp_path))
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.splitlines()[0].startswith("ok    python       3.")
    assert done.stdout.endswith(" in the way of a run\n")
    assert list(tmp_path.iterdir()) == []


def test_doctor_needs_no_environment(tmp_path: Path) -> None:
    """By a Python that has nothing installed, as where there is no .venv yet."""
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    done = run("--doctor", cwd=tmp_path, FUNCTIONAL_TESTS_PYTHON=str(bare))
    assert done.stderr == ""
    assert "FAIL  packages     missing, or not as pinned: " in done.stdout
    assert done.returncode == 1, "this Python was named: then it must have them"


def test_sweep_says_that_there_is_nothing_to_remove(tmp_path: Path) -> None:
    done = run("--sweep", cwd=tmp_path, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "removed " in done.stdout or "nothing to remove\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--remove", "no-such-run"], ["--remove=no-such-run"]])
def test_run_that_is_not_kept_cannot_be_removed(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("error: there is nothing of a run no-such-run\n")


def test_remove_wants_to_know_what(tmp_path: Path) -> None:
    done = run("--remove", cwd=tmp_path)
    assert done.returncode == 2
    assert "--remove: expected one argument" in done.stderr
