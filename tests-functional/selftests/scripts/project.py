"""A small project around copies of the scripts: they find their project by their own place, as in the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pexpect
import psutil

ROOT = Path(__file__).parents[3]

CONFTEST = """
import os
import subprocess
import sys
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--runtime")
    parser.addoption("--process-network")
    parser.addoption("--contract")
    parser.addoption("--schema-check")
    parser.addoption("--codex")


def pytest_report_header(config):
    return f"runtime is {config.getoption('--runtime')}"


@pytest.fixture
def ran(request):
    with open(request.config.rootpath / "ran", "a") as file:
        file.write(request.node.name + "\\n")


@pytest.fixture
def node():
    # As a real node: out of reach of the terminal's Ctrl-C, so that only a teardown ends it.
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.terminate()
    process.wait()
"""

SCENARIOS = """
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("ran")


class TestSmall:
    def test_first(self):
        pass

    def test_second(self):
        pass

    def test_third(self):
        pass


def test_fails():
    assert False, "on purpose"


def test_exits():
    pytest.exit("on purpose", returncode=42)


def test_killed():
    # As a reaper: it outlives pytest for a moment.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"], start_new_session=True)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", [1, 2])
def test_waits(node, number):
    Path("/dev/tty").write_text(f"node {number} is up\\n")
    while True:  # a signal just before one long sleep would have to wait for its end
        time.sleep(0.1)
"""


@dataclass
class Project:
    root: Path
    mark: str  # in the environment of all that the scripts start, so that nothing of it can hide

    @property
    def environment(self) -> dict[str, str]:
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return outer | {
            "FUNCTIONAL_TESTS_PYTHON": sys.executable,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # each takes its time to start, and one is used
            "PYTEST_PLUGINS": "xdist",
            "PATH": f"{self.root / 'bin'}{os.pathsep}{outer['PATH']}",
            "SCRIPT_TEST_MARK": self.mark,
            "TMPDIR": str(self.root / "tmp"),
        }

    def script(self, name: str) -> str:
        return str(self.root / "_assets/scripts" / name)

    def run(self, name: str, *arguments: str, cwd: Path | None = None, **environment: str) -> Result:
        """Without a terminal, as CI does."""
        done = subprocess.run(
            [self.script(name), *arguments],
            cwd=cwd or self.root,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return Result(done.returncode, done.stdout)

    def at_terminal(self, name: str, *arguments: str) -> pexpect.spawn:
        return at_terminal(self.script(name), *arguments, environment=self.environment)

    def ran(self) -> list[str]:
        """Names of the tests that ran."""
        file = self.root / "ran"
        return sorted(file.read_text().split()) if file.exists() else []

    def remains(self) -> list[str]:
        """Processes and temporary files that the scripts left."""
        left = [str(path) for path in (self.root / "tmp").glob("functional-tests.*")]
        for process in psutil.process_iter():
            try:
                if process.environ().get("SCRIPT_TEST_MARK") == self.mark:
                    left.append(" ".join(process.cmdline()))
            except psutil.Error:
                pass  # another user's, or gone
        return left


@dataclass
class Result:
    status: int
    output: str


def at_terminal(script: str, *arguments: str, environment: dict[str, str]) -> pexpect.spawn:
    # By way of env: pexpect would take a path with a space for a command line.
    return pexpect.spawn("env", [script, *arguments], env=environment, encoding="utf-8", timeout=60)


def finish(terminal: pexpect.spawn) -> Result:
    """Waits for the script's end; the output is what came after the last match."""
    terminal.expect(pexpect.EOF)
    output = terminal.before
    terminal.close()
    assert terminal.exitstatus is not None, f"ended by signal {terminal.signalstatus}"
    return Result(terminal.exitstatus, output.replace("\r\n", "\n"))


def make_project(root: Path) -> Project:
    shutil.copytree(ROOT / "_assets/scripts", root / "_assets/scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "tmp").mkdir()
    (root / "bin").mkdir()
    (root / "bin/getconf").write_text("#!/bin/sh\necho 1\n")  # one core, so few workers: each takes its time to start
    (root / "bin/getconf").chmod(0o755)
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (root / "conftest.py").write_text(CONFTEST)
    scenarios = root / "tests-functional/tests"
    scenarios.mkdir(parents=True)
    (scenarios / "test_small.py").write_text(SCENARIOS)
    return Project(root, uuid4().hex)
