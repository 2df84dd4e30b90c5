"""The command that runs a failed test again: what it repeats, and that it does what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plugin import PLUGINS

pytest_plugins = ["pytester"]

PROJECT = Path(__file__).resolve().parents[3]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "logs", "reports", "selftests", "__pycache__", ".*_cache", "*.egg-info"
)

AT_A_TERMINAL = ("plugin.live",)  # writes to a descriptor, which the output of a pytest in this process has not

OPTIONS = """
import argparse
from pathlib import Path
import pytest
from plugin import groups
from plugin.command import given

def seconds(text):
    return float(text.removesuffix("s"))

def pytest_addoption(parser):
    group = parser.getgroup(groups.ISOLATION)
    group.addoption("--lifetime", type=seconds, default=60.0)
    group.addoption("--limit", action="append", default=[])
    group.addoption("--careful", action=argparse.BooleanOptionalAction, default=True)
    group.addoption("--keep-all", action="store_true")
    group.addoption("--folder", type=Path, default=None)
    group.addoption("--pair", nargs=2, default=None)
    parser.getgroup("somebody else's").addoption("--foreign", default="")

def pytest_collection_finish(session):
    print("GIVEN", given(session.config, but={"runtime"}))
"""


@pytest.mark.parametrize(
    ("arguments", "repeated"),
    [
        ([], []),
        (["--lifetime", "5s"], ["--lifetime", "5s"]),
        (["--lifetime=5s", "--lifetime=7s"], ["--lifetime", "7s"]),
        (["--lifetime", "60s"], []),
        (["--limit", "a b", "--limit=c"], ["--limit", "a b", "--limit", "c"]),
        (["--no-careful"], ["--no-careful"]),
        (["--keep-all", "--pair", "x", "y z"], ["--keep-all", "--pair", "x", "y z"]),
        (["--folder", "./some/../where"], ["--folder=where"]),
        (["--foreign", "f", "-k", "x or --limit", "--seed=3"], ["--seed", "3"]),
    ],
    ids=lambda value: " ".join(value) or "nothing",
)
def test_options_are_repeated_as_they_were_given(
    pytester: pytest.Pytester, arguments: list[str], repeated: list[str]
) -> None:
    pytester.syspathinsert()
    pytester.makepyfile(extra=OPTIONS, test_nothing="def test_nothing(): pass")
    plugins = [part for name in (*PLUGINS, "extra") if name not in AT_A_TERMINAL for part in ("-p", name)]
    ini = ("-c", str(PROJECT / "pytest.ini"), "--rootdir", str(pytester.path))
    result = pytester.runpytest_inprocess(*ini, *plugins, "--runtime", "process", *arguments, "test_nothing.py")
    shown = re.findall(r"GIVEN (\[.*\])$", result.stdout.str(), re.MULTILINE)
    assert shown == [str(repeated)], result.stdout.str() + result.stderr.str()


FAILING = """
import pytest

@pytest.mark.parametrize("what", ["it's a b", "other"])
def test_fails(test_folder, rng, unique_text, what):
    assert unique_text(what) == rng.random()
"""


def test_the_printed_command_does_it_again(tmp_path: Path) -> None:
    project = tmp_path / "a project with blanks"
    shutil.copytree(PROJECT, project, ignore=LEFT_OUT)
    (project / "tests-functional/tests/test_failing.py").write_text(FAILING)
    environment = {**os.environ, "FUNCTIONAL_TESTS_PYTHON": sys.executable}
    options = ["--runtime", "process", "--logs-dir", "tests-functional/logs/my logs", "--timings", "upstream"]
    first = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-k", "test_failing and not other"],
        cwd=project, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    (command,) = re.findall(r"^again: (.*)$", first.stdout, re.MULTILINE)
    words = shlex.split(command)
    assert words[words.index("--") - 1] == "tests-functional/tests/test_failing.py::test_fails[it's a b]"
    assert "--logs-dir=tests-functional/logs/my logs" in words

    second = subprocess.run(
        command, shell=True, cwd=project, env=environment, capture_output=True, text=True, timeout=120
    )
    assert second.returncode == 1, second.stdout + second.stderr
    assert "1 failed" in second.stdout
    assert f"again: {command}\n" in second.stdout
    failure = re.findall(r"^E +(assert .*)$", first.stdout, re.MULTILINE)
    assert failure and re.findall(r"^E +(assert .*)$", second.stdout, re.MULTILINE) == failure
    assert len(list((project / "tests-functional/logs/my logs").glob("2*"))) == 2
