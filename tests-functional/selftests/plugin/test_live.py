"""The live view as a person sees it: in a terminal of 100 columns, and where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pexpect
import pytest

from report.live import Lines, table
from selftests.plugin.outside import Outside

ROWS, COLUMNS = 40, 100
LATER = 90.0  # seconds; nothing here takes that long

WAITING_TESTS = """
import threading
from pathlib import Path
import pytest
from pace import Wait

@pytest.mark.parametrize("number", range({tests}))
def test_waits(number):
    with Wait("a sign", 600, of=f"owner-{{number}}") as wait:
        while not Path("go").exists() and wait.left() > 0:  # no event tells of a file
            threading.Event().wait(0.05)
"""


class Terminal:
    """As much of a terminal as the view uses: what is on it when these characters have been written."""

    def __init__(self, text: str) -> None:
        self.lines = [""]
        self.row = self.column = 0
        for escape, number, code, plain in re.findall(r"(\x1b\[([0-9;?]*)([A-Za-z]))|([^\x1b])", text, re.DOTALL):
            if escape:
                self._obey(code, int(number) if number.isdigit() else 1)
            else:
                self._put(plain)

    def _obey(self, code: str, number: int) -> None:
        if code == "A":
            self.row = max(0, self.row - number)
        elif code == "C":
            self.column = min(COLUMNS - 1, self.column + number)
        elif code == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]
        else:
            assert code in "mK", f"the view does not use ESC [ {code}"

    def _put(self, character: str) -> None:
        if character == "\n":
            self.row += 1
            self.lines += [""] * (self.row - len(self.lines) + 1)
        elif character == "\r":
            self.column = 0
        else:
            if self.column == COLUMNS:
                self._put("\n")
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1


@pytest.mark.parametrize(("workers", "verbose"), [(0, False), (0, True), (1, False), (2, True)])
def test_a_table_beneath_the_output_of_pytest(tmp_path: Path, workers: int, verbose: bool) -> None:
    outside, tests = Outside(tmp_path), max(workers, 1)
    arguments = ["-n", str(workers), *(["-v"] if verbose else [])]
    child = _in_terminal(outside, WAITING_TESTS.format(tests=tests), *arguments)
    names = ["main"] if workers == 0 else [f"gw{number}" for number in range(workers)]
    for name in names:  # sorted, so that one picture has them one after the other
        child.expect(rf"{name} +test_waits\[\d\] +\d+ s .*a sign +owner-\d +\d+ s", timeout=LATER)
    (tmp_path / "go").touch()
    child.expect(pexpect.EOF, timeout=LATER)
    shown = "\n".join(Terminal(child.text()).lines)
    assert f"{tests} passed" in shown and child.text().count("\x1b[J") >= 1
    assert "a sign" not in shown and "awaited" not in shown, "the view leaves nothing behind"
    result = r"^test_sample.py::test_waits\[0\] PASSED .*\[100%\]$" if workers == 0 else r"PASSED test_sample.py::test_"
    dots = rf"^(test_sample.py )?\.{{{tests}}} +\[100%\]$"
    assert re.search(result if verbose else dots, shown, re.MULTILINE), shown


def test_in_ci_there_are_lines_and_no_escapes(tmp_path: Path) -> None:
    child = _in_terminal(Outside(tmp_path), WAITING_TESTS.format(tests=1), CI="true")
    child.expect(r"main test_waits\[0\]: waiting \d+ s more for a sign from owner-0\r\n", timeout=LATER)
    (tmp_path / "go").touch()
    child.expect(pexpect.EOF, timeout=LATER)
    assert "\x1b[J" not in child.text() and "1 passed" in child.text()


@pytest.mark.parametrize("arguments", [("-q",), ("--live", "off")])
def test_nothing_where_nothing_is_wanted(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    child = _in_terminal(Outside(tmp_path), "def test(): pass\n", *arguments)
    child.expect(pexpect.EOF, timeout=LATER)
    assert "\x1b[J" not in child.text() and "1 passed" in child.text()


def test_a_table_needs_a_terminal(tmp_path: Path) -> None:
    run = Outside(tmp_path).run("def test(): pass\n", "--live", "table")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR and "--live table needs a terminal" in run.stderr
    found = Outside(tmp_path).run("def test(): pass\n", "--live", "table", "--collect-only")
    assert found.returncode == 0, "the script looks for tests with its output in a file"


def state(**changes):
    usual = {"worker": "gw1", "test": "a.py::B::test_x", "phase": "call", "since": 100.0, "limit": 600, "doing": "",
             "nodes": [], "waits": []}  # fmt: skip
    return {**usual, **changes}


WAIT = {"what": "historyArchivesCreated", "of": "owner", "began": 105.0, "ends": 137.0}


def test_lines_come_when_a_wait_has_lasted_and_not_too_often() -> None:
    lines, waiting = Lines(), state(waits=[WAIT])
    said = {now: lines.of([waiting], float(now)) for now in range(106, 136)}
    assert {now: line for now, line in said.items() if line} == {
        115: ["gw1 test_x: waiting 22 s more for historyArchivesCreated from owner"],
        130: ["gw1 test_x: waiting 7 s more for historyArchivesCreated from owner"],
    }


def test_lines_tell_of_a_phase_that_lasts_without_a_wait() -> None:
    lines, busy = Lines(), state(doing="join the community")
    said = [line for now in range(100, 200) for line in lines.of([busy], float(now))]
    assert said == [
        "gw1 test_x: call for 30 s, join the community",
        "gw1 test_x: call for 90 s, join the community",
    ]
    assert lines.of([state(phase="", since=0.0)], 500.0) == [], "an idle worker is no news"


def test_the_table_fits_and_puts_who_is_idle_last() -> None:
    states = [
        state(worker=f"gw{number}", phase="" if number < 2 else "call", test=f"test_{'x' * 200}", waits=[WAIT])
        for number in range(12)
    ]
    lines = table(states, 120.0, width=80, rows=8)
    assert len(lines) == 8 and lines[-1] == "and 6 more"
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert [line.split()[0] for line in plain[1:7]] == ["gw2", "gw3", "gw4", "gw5", "gw6", "gw7"]
    assert all(len(line) <= 80 for line in plain) and "owner" in plain[1] and "17 s" in plain[1]
    assert table([state(phase="")], 120.0, 80, 8) == []


class Child(pexpect.spawn):
    """A program in a terminal, which remembers all that it wrote."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._all: list[bytes] = []

    def read_nonblocking(self, *arguments, **options):
        data = super().read_nonblocking(*arguments, **options)
        self._all.append(data)
        return data

    def text(self) -> str:
        return b"".join(self._all).decode()


def _in_terminal(outside: Outside, source: str, *arguments: str, **environment: str) -> Child:
    command, *rest = outside.command(source, *arguments)
    env = {**outside.environment, "TERM": "xterm", "CI": "", **environment}
    return Child(command, rest, cwd=str(outside.folder), env=env, dimensions=(ROWS, COLUMNS), timeout=LATER)
