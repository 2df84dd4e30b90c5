"""run_functional_tests_dev.sh: what it finds, what it asks, what it runs, and what it leaves."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from selftests.scripts.project import Project, at_terminal, finish

SCRIPT = "run_functional_tests_dev.sh"


def test_a_pattern_that_matches_nothing_is_named(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "TestNowhere")
    assert (result.status, project.ran()) == (1, [])
    assert "No test matches: TestNowhere" in result.output


def test_one_match_runs_without_workers(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "test_second")
    assert (result.status, project.ran()) == (0, ["test_second"])
    assert "Found 1 test matching: test_second\n" in result.output
    assert "workers" not in result.output


def test_several_matches_are_listed_and_run_in_workers(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "TestSmall")
    assert (result.status, project.ran()) == (0, ["test_first", "test_second", "test_third"])
    first = "  1. test_small.py::TestSmall::test_first"
    for line in ("Discovering tests...", "Found 3 tests matching: TestSmall", first):
        assert f"{line}\n" in result.output
    assert "Continue" not in result.output
    assert " workers.\n" in result.output
    assert "3 passed" in result.output


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("test_small and (first or third)", ["test_first", "test_third"]),
        ("TestSmall and not third", ["test_first", "test_second"]),
        ("test_small.py::TestSmall::test_first", ["test_first"]),
        ("tests-functional/tests/test_small.py::TestSmall::test_first", ["test_first"]),
        ("/elsewhere/tests-functional/tests/test_small.py::TestSmall::test_first", ["test_first"]),
        ("tests/test_small.py::TestSmall::test_first", ["test_first"]),
        ("testsmall", ["test_first", "test_second", "test_third"]),
    ],
)
def test_patterns(project: Project, pattern: str, found: list[str]) -> None:
    listing = project.run(SCRIPT, pattern).output
    assert re.findall(r"^ +\d+\. .*::(\w+)$", listing, re.MULTILINE) == found


def test_a_module_name_selects_the_module(project: Project) -> None:
    (project.root / "tests-functional/tests/test_other.py").write_text("def test_elsewhere(ran):\n    pass\n")
    assert project.run(SCRIPT, "-y", "test_other").status == 0
    assert project.ran() == ["test_elsewhere"]


def test_an_expression_that_is_none_shows_what_pytest_says(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "first second")
    assert (result.status, project.ran()) == (4, [])
    assert "first second" in result.output and "Discovery failed." in result.output


def test_a_module_that_cannot_be_imported_shows_why(project: Project) -> None:
    (project.root / "tests-functional/tests/test_broken.py").write_text("import not_there\n")
    result = project.run(SCRIPT, "-y")
    assert (result.status, project.ran()) == (2, [])
    assert "No module named 'not_there'" in result.output


def test_yes_runs(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT, "TestSmall")
    terminal.expect_exact("Continue with execution? (y/n): ")
    assert project.ran() == []
    terminal.sendline("y")
    result = finish(terminal)
    assert (result.status, project.ran()) == (0, ["test_first", "test_second", "test_third"])
    assert project.remains() == []


def test_no_runs_nothing(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT, "TestSmall")
    terminal.expect_exact("Continue with execution? (y/n): ")
    terminal.sendline("n")
    assert finish(terminal).status == 0
    assert (project.ran(), project.remains()) == ([], [])


def test_another_answer_is_asked_again(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT, "test_first")
    for answer in ("", "perhaps", "n"):
        terminal.expect_exact("Continue with execution? (y/n): ")
        terminal.sendline(answer)
    assert finish(terminal).status == 0
    assert project.ran() == []


def test_no_answer_runs_nothing(project: Project) -> None:
    result = project.run(SCRIPT, "TestSmall")
    assert (result.status, project.ran()) == (1, [])
    assert "-y" in result.output


def test_ctrl_c_at_the_question_runs_nothing(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT, "TestSmall")
    terminal.expect_exact("Continue with execution? (y/n): ")
    terminal.sendintr()
    assert finish(terminal).status == 130
    assert (project.ran(), project.remains()) == ([], [])


@pytest.mark.parametrize(("pattern", "nodes"), [("test_waits", 2), ("test_waits and 1", 1)], ids=["workers", "one"])
def test_ctrl_c_ends_the_run_in_order_and_leaves_no_process(project: Project, pattern: str, nodes: int) -> None:
    terminal = project.at_terminal(SCRIPT, "-y", pattern)
    for _ in range(nodes):
        terminal.expect("node . is up")
    assert project.remains() != []
    terminal.sendintr()
    result = finish(terminal)
    assert "KeyboardInterrupt" in result.output
    assert result.status == 2  # pytest's word for interrupted
    assert project.remains() == []


def test_sigterm_to_the_script_alone_ends_the_run_in_order(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT, "-y", "test_waits and 1")
    terminal.expect("node . is up")
    terminal.kill(signal.SIGTERM)
    assert finish(terminal).status == 2
    assert project.remains() == []


def test_the_script_outlasts_all_that_a_killed_pytest_leaves(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "test_killed")
    assert (result.status, project.remains()) == (128 + signal.SIGKILL, [])


def test_a_failure_gives_pytests_status(project: Project) -> None:
    result = project.run(SCRIPT, "-y", "test_fails or test_first")
    assert (result.status, project.ran()) == (1, ["test_fails", "test_first"])
    assert "1 failed, 1 passed" in result.output


def test_any_status_of_pytest_passes_through(project: Project) -> None:
    assert project.run(SCRIPT, "-y", "test_exits").status == 42


def test_it_runs_from_any_directory_and_needs_no_git(project: Project, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\ntouch '{tmp_path}/git-was-called'\nexit 127\n")
    (tools / "git").chmod(0o755)
    environment = {"PATH": f"{tools}:{project.environment['PATH']}", "CDPATH": str(project.root)}
    result = project.run(SCRIPT, "-y", "test_first", cwd=tmp_path, **environment)
    assert (result.status, project.ran()) == (0, ["test_first"])
    assert not (tmp_path / "git-was-called").exists()


@pytest.mark.parametrize(
    ("arguments", "runtime"),
    [([], "auto"), (["--runtime", "docker"], "docker"), (["--runtime=process"], "process")],
)
def test_the_runtime_reaches_pytest(project: Project, arguments: list[str], runtime: str) -> None:
    assert f"runtime is {runtime}\n" in project.run(SCRIPT, "-y", *arguments, "test_first").output


def test_arguments_after_the_dashes_reach_pytest_and_discovery(project: Project) -> None:
    deselected = "tests-functional/tests/test_small.py::TestSmall::test_second"
    result = project.run(SCRIPT, "-y", "TestSmall", "--", "-n", "0", "-v", "--deselect", deselected)
    assert (result.status, project.ran()) == (0, ["test_first", "test_third"])
    assert "Found 2 tests matching: TestSmall\n" in result.output
    assert "TestSmall::test_first PASSED" in result.output


def test_without_a_pattern_everything_is_found(project: Project) -> None:
    terminal = project.at_terminal(SCRIPT)
    terminal.expect_exact("Found 8 tests\r\n")
    terminal.expect_exact("test_waits[2]")
    terminal.expect_exact("Continue with execution? (y/n): ")
    terminal.sendeof()
    assert finish(terminal).status == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--runtime", "cloud"], "--runtime is auto, docker or process, not 'cloud'"),
        (["--runtime"], "--runtime needs a value"),
        (["--fast"], "unknown option --fast"),
        (["TestSmall", "TestLarge"], "one PATTERN only"),
    ],
)
def test_arguments_that_make_no_sense_are_named(project: Project, arguments: list[str], complaint: str) -> None:
    result = project.run(SCRIPT, "-y", *arguments)
    assert (result.status, project.ran()) == (2, [])
    assert complaint in result.output


def test_help_shows_the_usage_and_runs_nothing(project: Project) -> None:
    result = project.run(SCRIPT, "--help")
    assert (result.status, project.remains()) == (0, [])
    assert "[-y] [--runtime auto|docker|process] [PATTERN] [-- PYTEST ARGS]" in result.output


def test_the_archive_scenarios_are_found_in_the_real_project(project: Project) -> None:
    real = Path(__file__).parents[3] / "_assets/scripts" / SCRIPT
    terminal = at_terminal(str(real), "TestCommunityArchives", environment=project.environment)
    terminal.expect_exact("Found 5 tests matching: TestCommunityArchives\r\n")
    terminal.expect_exact("Continue with execution? (y/n): ")
    terminal.sendline("n")
    assert finish(terminal).status == 0
    assert project.remains() == []
