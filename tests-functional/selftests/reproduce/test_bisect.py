"""The search for the first bad build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reproduce import bisect as bisect_module
from reproduce.bisect import Tried, bisect, look, main
from reproduce.side import NotRun, Side


def attempts(first_bad: int, tried: list[str]) -> Callable[[str], Tried]:
    """Builds are named by their number; those from `first_bad` on fail."""

    def attempt(name: str) -> Tried:
        tried.append(name)
        failed = int(name) >= first_bad
        return Tried(name, Path(name), int(failed), 1, ("late",) if failed else ())

    return attempt


@pytest.mark.parametrize("count", [2, 3, 9])
def test_the_first_bad_one_is_found_wherever_it_is(count: int) -> None:
    for first_bad in range(1, count):
        tried: list[str] = []
        verdict = bisect([str(number) for number in range(count)], attempts(first_bad, tried))
        assert (verdict.last_good.name, verdict.first_bad.name) == (str(first_bad - 1), str(first_bad))
        assert tried[:2] == ["0", str(count - 1)], "both ends first"
        assert len(set(tried)) == len(tried) <= 2 + (count - 2).bit_length()


@pytest.mark.parametrize(
    ("first_bad", "said"),
    [(0, "The ends do not differ, both are bad"), (9, "The ends do not differ, both are good")],
)
def test_ends_that_do_not_differ_are_told(first_bad: int, said: str) -> None:
    tried: list[str] = []
    verdict = bisect(["0", "1", "2", "3"], attempts(first_bad, tried))
    assert not verdict.is_found and str(verdict).startswith(said)
    assert tried == ["0", "3"]


def test_a_list_the_wrong_way_round_is_told() -> None:
    verdict = bisect(["3", "2", "0"], attempts(2, []))
    assert not verdict.is_found
    assert "list them from good to bad" in str(verdict)


def test_a_build_that_fails_sometimes_is_bad(make_run: Callable[..., Path], timeline: Callable) -> None:
    run_dir = make_run("a", {"test_a": [timeline()] * 3, "test_b": [timeline()]}, {"test_b": "Late: 2 != 1"})
    tried = look("image:1", run_dir)
    assert (tried.failed, tried.total, tried.reasons, tried.is_bad) == (1, 4, ("Late: 2 != 1",), True)
    assert str(tried) == "image:1: failed 1 of 4 (25%; 95 % interval 5% to 70%)"
    assert str(look("image:1", make_run("b", {"test_a": [timeline()]}))) == "image:1: passed 1 of 1"


def test_a_build_on_which_nothing_ran_ends_the_search(make_run: Callable[..., Path]) -> None:
    with pytest.raises(NotRun, match="on image:1 every test was skipped"):
        look("image:1", make_run("a", {}))


def test_steps_and_their_folders_are_told(
    make_run: Callable[..., Path], timeline: Callable, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    asked: list[list[str]] = []

    def run(side: Side, logs_dir: Path, arguments: Sequence[str]) -> Path:
        asked.append(list(arguments))
        name = str(logs_dir.relative_to(tmp_path) / "run")
        return make_run(name, {"test_a": [timeline()]}, {"test_a": "Late: 2 != 1"} if side.name > "v2" else {})

    monkeypatch.setattr(bisect_module, "run", run)
    words = ["v1", "v2", "v3", "v4", "--seed", "7", "--repeat", "2", "--logs-dir", str(tmp_path), "--", "-k", "test_a"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "step 2: v4: failed 1 of 1 (100%; 95 % interval 21% to 100%)\n" in out
    assert f"        {tmp_path}/bisect-" in out and "/step-4/run\n" in out
    assert out.endswith("seed: 7\nThe first bad one is v3; v2, before it, is good.\n  Late: 2 != 1\n")
    assert asked == [["-k", "test_a", "--timings", "upstream", "--seed", "7", "--repeat", "2"]] * 4


def test_one_build_is_no_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["v1", "--", "tests"])
    assert "at least two builds are needed, from good to bad" in capsys.readouterr().err
