"""run_tests.sh: every part runs, one failure fails the whole, and the summary tells which."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.scripts.project import Project, finish

SCRIPT = "run_tests.sh"
PASSES = "def test_{name}(ran):\n    pass\n"
PARTS = ["node-waku", "node-codex", "node-status-backend", "harness", "scripts"]


@pytest.fixture
def whole_project(project: Project) -> Project:
    """The project with a test in every part; the scenarios all pass."""
    for node in ("waku", "codex", "status-backend"):
        tests = project.root / "docker" / node / "tests"
        tests.mkdir(parents=True)
        (tests.parent / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        source = "def test_in_own_folder(pytestconfig):\n    assert pytestconfig.rootpath.name\n"
        (tests / "test_node.py").write_text(source)
    for folder, name in (
        ("selftests", "harness"),
        ("selftests/scripts", "script"),
        ("tests", "exists_for_default_chat"),
    ):
        folder = project.root / "tests-functional" / folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"test_{name}.py").write_text(PASSES.format(name=name))
    (project.root / "tests-functional/tests/test_small.py").unlink()
    images = project.root / "tests-functional/fleet/images.py"  # played: it names images and builds none
    images.parent.mkdir()
    images.write_text("print('waku waku-image:1')\nprint('codex codex-image:1')\n")
    return project


def node_test(project: Project, node: str) -> Path:
    return project.root / "docker" / node / "tests/test_node.py"


def test_all_parts_run_in_their_own_folder(whole_project: Project) -> None:
    node_test(whole_project, "codex").write_text(
        "import os\ndef test_in_own_folder(pytestconfig):\n"
        "    assert os.environ['CODEX_IMAGE'] == 'codex-image:1'\n"
        "    assert os.getcwd() == str(pytestconfig.rootpath) and pytestconfig.rootpath.name == 'codex'\n"
    )
    result = whole_project.run(SCRIPT, "--runtime", "both")
    assert result.status == 0
    assert whole_project.ran() == ["test_exists_for_default_chat"] * 3 + ["test_harness", "test_script"]
    summary = result.output.partition("=== Summary ===")[2]
    for part in [*PARTS, "scenarios-process", "scenarios-docker", "codex-beside"]:
        assert f"\n{part:<20} 1 passed, 0 failed, 0 skipped in " in summary
    assert summary.endswith("\n8 passed, 0 failed, 0 skipped\n")
    assert whole_project.remains() == []


DIES_AT_ITS_END = """
import os
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        os._exit(0)
"""


def test_each_way_to_fail_fails_the_whole_and_the_rest_still_runs(whole_project: Project) -> None:
    """One part is stuck, one has no test, one dies and says that all is well, one fails."""
    node_test(whole_project, "waku").write_text("import time\ndef test_is_stuck():\n    time.sleep(600)\n")
    node_test(whole_project, "codex").unlink()
    node_test(whole_project, "status-backend").with_name("conftest.py").write_text(DIES_AT_ITS_END)
    (whole_project.root / "tests-functional/selftests/test_fails.py").write_text(
        "def test_fails():\n    assert False\n"
    )
    result = whole_project.run(SCRIPT, "--runtime", "process", TEST_SECONDS="5")
    assert (result.status, whole_project.ran()) == (1, ["test_exists_for_default_chat", "test_harness", "test_script"])
    assert "in test_is_stuck" in result.output
    summary = result.output.partition("=== Summary ===\n")[2]
    told = {name: rest for name, *rest in (line.split(maxsplit=1) for line in summary.splitlines() if line)}
    assert told["node-waku"] == ["FAILED: pytest wrote no report (exit status 1)"]
    assert told["node-codex"][0].endswith("FAILED (exit status 5)")
    assert told["node-status-backend"] == ["FAILED: pytest wrote no report (exit status 0)"]
    assert told["harness"][0].endswith("FAILED (exit status 1)") and "1 passed, 1 failed" in told["harness"][0]
    assert summary.count("FAILED") == 4
    assert summary.endswith("\n3 passed, 1 failed, 0 skipped\n")


def test_ctrl_c_ends_the_whole(whole_project: Project) -> None:
    node_test(whole_project, "codex").write_text(
        "import time\nfrom pathlib import Path\n"
        "def test_waits():\n    Path('/dev/tty').write_text('it waits\\n')\n"
        "    while True:\n        time.sleep(0.1)\n"  # a signal just before one long sleep would wait for its end
    )
    terminal = whole_project.at_terminal(SCRIPT, "--runtime", "process")
    terminal.expect("it waits")
    terminal.sendintr()
    result = finish(terminal)
    assert (result.status, whole_project.ran()) == (130, [])
    assert "Interrupted" in result.output and "=== harness" not in result.output
    assert whole_project.remains() == []


def test_an_unknown_runtime_is_named(project: Project) -> None:
    result = project.run(SCRIPT, "--runtime", "auto")
    assert result.status == 2
    assert "--runtime is process, docker or both, not 'auto'" in result.output
