"""Two builds side by side: what is told of them, and the whole way once with real nodes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reproduce import compare, compare_page
from reproduce.side import Side, timings
from selftests.plugin.outside import HARNESS, LOAD_PLUGINS

NAMES = ("old", "<new>")


def test_outcomes_reasons_and_the_first_parting_are_told(make_run: Callable[..., Path], timeline: Callable) -> None:
    first = make_run("a", {"test_a": [timeline().step("s")] * 2, "test_b": [timeline().step("s")] * 2})
    broken = timeline().step("s").signal("owner", "panic")
    second = make_run("b", {"test_a": [broken] * 2, "test_b": [timeline().step("s")] * 2}, {"test_a": "Late: 2 != 1"})
    compared, lonely = compare.compare(first, second)
    assert lonely == []
    assert compare.told(compared, NAMES).splitlines() == [
        "x.py::test_a",
        "  old: passed 2 of 2",
        "  <new>: failed 2 of 2 (100%; 95 % interval 34% to 100%)",
        "      Late: 2 != 1",
        "  they part at  test: ends: passed",
        "                old: happened (after 0.0 s)",
        "                <new>: did not happen",
        "x.py::test_b",
        "  old: passed 2 of 2",
        "  <new>: passed 2 of 2",
        "  nothing parts their timelines",
    ]
    page = compare_page.render(compared, NAMES, compare.about(7, [first, second], lonely))
    assert "old and &lt;new&gt;: they part in 1 of 2 tests" in page
    assert "They part at <b>test: ends: passed</b>" in page
    assert "<new>" not in page and "<script" not in page and "http" not in page
    links = re.findall(r"href='([^']*timeline.html)'", page)
    assert len(links) == 8 and links[0] == f"{first.parent.name}/a/test_a-1/timeline.html"


def test_a_test_that_ran_on_one_side_only_is_named(make_run: Callable[..., Path], timeline: Callable) -> None:
    first = make_run("a", {"test_a": [timeline()], "test_b": [timeline()]})
    second = make_run("b", {"test_a": [timeline()]})
    compared, lonely = compare.compare(first, second)
    assert [one.test for one in compared] == ["x.py::test_a"]
    assert lonely == ["x.py::test_b ran on one side only"]


def test_what_a_build_may_be(tmp_path: Path) -> None:
    (tmp_path / "status_backend").mkdir()
    reference, source, image = Side("reference"), Side(str(tmp_path)), Side("statusgo-1")
    assert reference.options() == []
    assert source.options() == [f"--status-backend-source={tmp_path}"]
    assert image.options() == ["--docker-image", "statusgo-1"]
    assert timings([reference, source], []) == ["--timings", "fast"]
    assert timings([reference, image], []) == ["--timings", "upstream"], "on both sides the same"
    assert timings([reference, image], ["--timings=fast"]) == []


SAMPLE = """
def test_preference(backend_factory, unique_text):
    backend = backend_factory("alice")
    backend.init_status_backend()
    backend.create_account_and_login()
    backend.wait_for_login()
    print("DRAWN", backend.display_name, unique_text("a"))
    assert backend.wakuext_service.get_archive_distribution_preference()
"""


def test_a_changed_source_parts_from_the_reference(tmp_path: Path) -> None:
    source = tmp_path / "status-backend"
    shutil.copytree(HARNESS.parent / "docker/status-backend", source, ignore=shutil.ignore_patterns("tests"))
    api, code = source / "status_backend/archives/api.py", "return self._archives.preference"
    assert api.read_text().count(code) == 1, "api.py has changed: this test must be adapted"
    api.write_text(api.read_text().replace(code, "return 'torrent'"))
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    ini = ["-c", str(HARNESS.parent / "pytest.ini"), "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "reproduce.compare", "reference", str(source), "--repeat", "1", "--seed", "7",
         "--logs-dir", str(tmp_path / "logs"), "--", *ini, *LOAD_PLUGINS, "--runtime", "process", "-rP", "-q",
         str(tmp_path / "test_sample.py")],
        cwd=HARNESS, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    first, second = re.findall(r"^DRAWN .*$", done.stdout, re.MULTILINE)
    assert first == second, "both sides must draw the same"
    told = done.stdout.partition("they part at  ")[2]
    assert told.startswith("alice: wakuext_getArchiveDistributionPreference\n"), done.stdout
    assert 'reference: "codex" (after ' in told and f'{source}: "torrent" (after ' in told
    (page,) = (tmp_path / "logs").glob("compare-*/compare.html")
    assert f"side by side: {page}\n" in done.stdout
    for href in re.findall(r"href='([^']*)'", page.read_text()):
        assert (page.parent / href).exists()


def test_a_run_that_does_not_begin_is_no_result(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reproduce.compare", "reference", "reference", "--logs-dir", str(tmp_path), "--",
         "--no-such-option"],
        cwd=HARNESS, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "Nothing to compare: on reference pytest ended with exit code 4" in done.stderr
