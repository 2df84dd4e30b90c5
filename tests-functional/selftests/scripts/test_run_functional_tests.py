"""run_functional_tests.sh: as in CI, without a question and with a report."""

from __future__ import annotations

from xml.etree import ElementTree

from selftests.scripts.project import Project

SCRIPT = "run_functional_tests.sh"


def test_it_asks_nothing_and_writes_a_report(project: Project) -> None:
    result = project.run(SCRIPT, "--runtime", "process", "TestSmall or test_fails")
    assert (result.status, len(project.ran())) == (1, 4)
    assert "Continue" not in result.output
    suite = ElementTree.parse(project.root / "tests-functional/reports/scenarios-process.xml").find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


def test_no_match_is_a_failure(project: Project) -> None:
    result = project.run(SCRIPT, "TestNowhere")
    assert (result.status, project.ran()) == (1, [])
    assert "No test matches: TestNowhere" in result.output
