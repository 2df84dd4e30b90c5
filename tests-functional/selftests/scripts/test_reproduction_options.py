"""run_functional_tests_dev.sh: seeds, rounds, runs again, the history, and the search among builds.

What these do is tested elsewhere; here it is what the script makes of its arguments.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from selftests.scripts.project import Project, Result

SCRIPT = "run_functional_tests_dev.sh"

OPTIONS = """

@pytest.hookimpl
def pytest_addoption(parser):
    for option in ("--runtime", "--seed", "--repeat", "--reproduce"):
        parser.addoption(option)


def pytest_configure(config):
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    given = {name: getattr(config.option, name) for name in ("runtime", "seed", "repeat", "reproduce")}
    given["workers"] = len(config.option.tx or [])
    print("GIVEN", json.dumps(given))
"""

TOOL = """
import json, os, sys
print("TOOL", json.dumps({"name": __spec__.name, "arguments": sys.argv[1:], "folder": os.getcwd()}))
sys.exit(1 if "bad" in sys.argv else 0)
"""


@pytest.fixture
def project(project: Project) -> Project:
    conftest = project.root / "conftest.py"
    own = re.sub(r"def pytest_addoption.*?\n\n\n", "", conftest.read_text(), flags=re.DOTALL)
    conftest.write_text(own.replace("import os\n", "import json\nimport os\n", 1) + OPTIONS)
    tools = project.root / "tests-functional/reproduce"
    tools.mkdir()
    for name in ("__init__", "compare", "bisect", "history"):
        (tools / f"{name}.py").write_text("" if name == "__init__" else TOOL)
    return project


def given(result: Result) -> dict[str, object]:
    return json.loads(re.findall(r"^GIVEN (.*)$", result.output, re.MULTILINE)[0])


def tool(result: Result) -> dict[str, object]:
    return json.loads(re.findall(r"^TOOL (.*)$", result.output, re.MULTILINE)[0])


def test_seed_and_rounds_go_to_pytest_and_rounds_get_workers(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "--seed", "7", "test_second", "--repeat=3")
    assert result.status == 0, result.output
    assert (given(result)["seed"], given(result)["repeat"]) == ("7", "3")
    assert int(given(result)["workers"]) > 1, "one test, but three rounds"
    assert "Found 1 test matching: test_second\n" in result.output


def test_a_run_again_needs_no_question_and_no_pattern(project: Project, tmp_path: Path) -> None:
    (tmp_path / "logs/a run").mkdir(parents=True)
    result = project.run(SCRIPT, "--reproduce", "logs/a run", "--", "-k", "test_second", cwd=tmp_path)
    assert given(result) == {
        "runtime": None, "seed": None, "repeat": None, "reproduce": f"{tmp_path}/logs/a run", "workers": 0,
    }  # fmt: skip
    assert "Found" not in result.output
    assert given(project.run(SCRIPT, "--reproduce=x", "--runtime", "process"))["runtime"] == "process"


@pytest.mark.parametrize("pattern", [[], ["TestSmall"]])
def test_the_history(project: Project, pattern: list[str]) -> None:
    result = project.run(SCRIPT, "--history", *pattern)
    assert result.status == 0 and tool(result)["name"] == "reproduce.history"
    assert tool(result)["arguments"] == pattern


def test_two_builds_are_compared(project: Project, tmp_path: Path) -> None:
    (tmp_path / "my source").mkdir()
    result = project.run(
        SCRIPT, "-y", "--compare", "image:1", "my source", "TestSmall", "--seed", "7", "--", "-x", cwd=tmp_path
    )
    assert result.status == 0, result.output
    assert "Found 3 tests matching: TestSmall\n" in result.output
    called = tool(result)
    assert (called["name"], called["folder"]) == ("reproduce.compare", str(project.root))
    arguments = called["arguments"]
    assert arguments[: arguments.index("--")] == ["image:1", f"{tmp_path}/my source", "--seed", "7"]
    rest = arguments[arguments.index("--") + 1 :]
    assert rest[rest.index("-k") + 1] == "TestSmall" and rest[-1] == "-x"
    assert int(rest[rest.index("-n") + 1]) > 1


def test_the_status_of_the_search_is_the_scripts(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "--repeat", "4", "--bisect", "good", "between", "bad", "test_second")
    assert result.status == 1
    arguments = tool(result)["arguments"]
    assert arguments[: arguments.index("--")] == ["good", "between", "bad", "--repeat", "4"]
    assert "Found 1 test matching: test_second\n" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--compare", "one"], "--compare needs two builds and at most one pattern"),
        (["--bisect", "one", "two"], "--bisect needs two builds or more, and a pattern"),
        (["--repeat", "0"], "--repeat needs a number of rounds, not '0'"),
        (["--seed"], "--seed needs a value"),
        (["--reproduce", "logs/x", "TestSmall"], "--reproduce runs the tests that the run had"),
    ],
)
def test_arguments_that_make_no_sense(project: Project, arguments: list[str], complaint: str) -> None:
    result = project.run(SCRIPT, *arguments)
    assert result.status == 2
    assert complaint in result.output
