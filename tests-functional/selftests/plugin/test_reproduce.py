"""Tests in rounds, what is told of them, and a run that is run again from its folder."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reproduce import sources
from reproduce.run_again import NotReproducible, again, images_of
from selftests.plugin.outside import LOAD_PLUGINS, Outside

pytest_plugins = ["pytester"]

SEED = "2"  # with it some of the rounds below fail, and not all
SAMPLE = """
import pytest

@pytest.mark.parametrize("kind", ["a b"])
def test_drawn(test_folder, rng, record_property, kind):
    draw = rng.random()
    record_property("draw", f"{kind}: {draw}")
    assert draw < 0.5, "too much"

def test_without_nodes():
    assert True
"""


class Repeated:
    """A run of three rounds in a worker, and the same run again."""

    def __init__(self, folder: Path) -> None:
        self.outside = Outside(folder)
        self.first = self.outside.run(SAMPLE, "--seed", SEED, "--repeat", "3", "-n", "1", "--junitxml=first.xml")
        self.run_dir = self.outside.run_dir()
        command = self.outside.command(SAMPLE)
        python, loading = command[:3], command[3 : command.index("--runtime")]
        self.second = subprocess.run(
            [*python, *loading, "--reproduce", str(self.run_dir), "--junitxml=second.xml"],
            cwd=folder, env=self.outside.environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip

    def draws(self, name: str) -> list[str]:
        return sorted(re.findall(r'name="draw" value="([^"]*)"', (self.outside.folder / name).read_text()))

    def run(self, run_dir: Path) -> dict[str, Any]:
        return json.loads((run_dir / "run.json").read_text())


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    return Repeated(tmp_path_factory.mktemp("repeated"))


def test_each_round_has_a_folder_and_data_of_its_own(repeated: Repeated) -> None:
    assert repeated.first.returncode == 1, repeated.first.stdout + repeated.first.stderr
    folders = {folder.name for folder in repeated.run_dir.iterdir() if folder.name.startswith("test_sample")}
    assert folders == {f"test_sample.test_drawn[a_b-round-{number}]" for number in (1, 2, 3)}
    assert len(set(repeated.draws("first.xml"))) == 3


def test_the_rate_is_told_with_reasons_and_evidence(repeated: Repeated) -> None:
    told = repeated.first.stdout.partition("how often it failed")[2]
    failed = repeated.run(repeated.run_dir)["rates"][0]
    assert failed["failed"] == 2
    assert f"test_sample.py::test_drawn[a b]: failed {failed['failed']} of 3 (" in told
    assert "test_sample.py::test_without_nodes: failed 0 of 3 (0%; 95 % interval 0% to 56%)" in told
    (reason,) = failed["reasons"]
    assert reason == "product: AssertionError: too much"
    for one in failed["reasons"][reason]:
        assert f"round {one['number']}, --seed {one['seed']}: {one['evidence']}\n" in told
        assert f"{Path(one['evidence']).name}/timeline.html'>round {one['number']}" in _report(repeated.run_dir)


def test_the_run_again_is_the_same(repeated: Repeated) -> None:
    assert repeated.second.returncode == 1, repeated.second.stdout + repeated.second.stderr
    assert "again: pytest --runtime process --timings fast --dialect codex --seed 2 " in repeated.second.stdout
    assert "1 worker " in repeated.second.stdout
    assert repeated.draws("second.xml") == repeated.draws("first.xml")
    runs = [repeated.run(run_dir) for run_dir in (repeated.run_dir, repeated.outside.run_dir())]
    assert runs[0]["run"] != runs[1]["run"]
    assert runs[0]["reproduction"]["arguments"] == runs[1]["reproduction"]["arguments"]
    assert runs[0]["reproduction"]["tests"] == runs[1]["reproduction"]["tests"]


def test_the_second_run_knows_of_the_first(repeated: Repeated) -> None:
    assert "never ran here before (process)" in _report(repeated.run_dir)
    failed = repeated.run(repeated.run_dir)["rates"][0]["failed"]
    told = re.findall(r"^failed (\d) of the last (\d) runs here \(process\), last on .*, for the same reason in (\d)$",
                      repeated.second.stdout, re.MULTILINE)  # fmt: skip
    assert told and all(int(same) == int(number) >= failed and 3 <= int(of) < 6 for number, of, same in told)
    assert f"failed {told[0][0]} of the last {told[0][1]} runs" in _report(repeated.outside.run_dir())


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of a run in Docker, made with the sources as they are."""
    run = {
        "tests": [{"nodes": {"owner": {"image": "statusgo-1", "image_id": "sha-owner"}, "given": {"image": "url"}}}],
        "reproduction": {
            "arguments": ["--dialect", "codex", "--docker-image", "statusgo-1"],
            "tests": ["a.py::test_a"],
            "images": {"waku": "sha-waku", "codex": "sha-codex"},
            "sources": sources.now(),
        },
    }
    (tmp_path / "run.json").write_text(json.dumps(run))
    return tmp_path


def test_images_are_those_of_the_run(kept: Path) -> None:
    images = {"waku": "sha-waku", "codex": "sha-codex", "statusgo-1": "sha-owner"}
    assert images_of(json.loads((kept / "run.json").read_text())) == images
    planned = again(kept, lambda image: True)
    assert planned.arguments == [
        *("--dialect", "codex", "--docker-image", "sha-owner"),
        *("--image", "waku=sha-waku", "--image", "codex=sha-codex", "a.py::test_a"),
    ]
    assert planned.remarks == []


def test_an_image_that_is_gone_is_named(kept: Path) -> None:
    planned = again(kept, lambda image: image != "sha-waku")
    assert [word for word in planned.arguments if "=" in word] == ["codex=sha-codex"]
    assert planned.remarks == ["the image sha-waku of waku is gone: it is built from the sources as they are now"]
    with pytest.raises(NotReproducible, match=r"the image statusgo-1 \(sha-owner\) of that run is gone"):
        again(kept, lambda image: False)


def test_other_sources_are_named(kept: Path) -> None:
    run = json.loads((kept / "run.json").read_text())
    run["reproduction"]["sources"] |= {"commit": "0123456789abcdef", "changed": True, "harness": "other"}
    run["reproduction"]["sources"]["nodes"]["codex"] = "other"
    (kept / "run.json").write_text(json.dumps(run))
    (remark,) = again(kept, lambda image: True).remarks
    changed = "the sources of the harness and its tests, the node codex have changed"
    assert remark.startswith(f"{changed}: commit 0123456789 and changes to it then, ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--reproduce", "."], "is no run that can be run again: it has no run.json"),
        (["--reproduce", ".", "test_x.py"], "--reproduce knows its tests, and here are others too: test_x.py"),
    ],
)
def test_what_cannot_be_run_again_is_refused(pytester: pytest.Pytester, arguments: list[str], complaint: str) -> None:
    pytester.makepyfile(test_x="def test_x(): pass")
    result = pytester.runpytest_inprocess(*LOAD_PLUGINS, "-p", "no:cacheprovider", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()


def _report(run_dir: Path) -> str:
    return (run_dir / "report.html").read_text()
