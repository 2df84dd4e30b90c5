"""The seed: the same one draws the same, for each test by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from plugin import PLUGINS

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]

AT_A_TERMINAL = ("plugin.live",)  # writes to a descriptor, which the output of a pytest in this process has not

DRAWS = """
import json
import pytest
from plugin.seed import random_of

def drawn(request, seed, rng, unique_text):
    faults = random_of(request.node, "faults").random()
    whole = random_of(request.config, "whole").random()
    texts = [unique_text("a"), unique_text("a")]
    print("DRAWN", json.dumps([request.node.nodeid, seed, rng.random(), *texts, faults, whole]))

def test_one(request, seed, rng, unique_text):
    drawn(request, seed, rng, unique_text)

@pytest.mark.parametrize("letter", ["x", "y"])
def test_two(request, seed, rng, unique_text, letter):
    drawn(request, seed, rng, unique_text)
"""


class Drawing:
    """Runs the tests in a pytest of their own; no run is opened, for none of them asks for a node."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        pytester.makepyfile(test_draws=DRAWS)

    def run(self, *arguments: str) -> pytest.RunResult:
        plugins = [part for name in PLUGINS if name not in AT_A_TERMINAL for part in ("-p", name)]
        ini = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(self._pytester.path))
        return self._pytester.runpytest_inprocess(*ini, *plugins, "--runtime", "process", "-rP", *arguments)

    def draws(self, *arguments: str) -> dict[str, list[object]]:
        """By node id, in the order in which they ran."""
        result = self.run(*arguments)
        assert result.ret == 0, result.stdout.str()
        lines = re.findall(r"^DRAWN (.*)$", result.stdout.str(), re.MULTILINE)
        return {node_id: values for node_id, *values in map(json.loads, lines)}


@pytest.fixture
def drawing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Drawing:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests-functional"))
    return Drawing(pytester)


def test_the_same_seed_draws_the_same_on_any_worker_and_alone(drawing: Drawing) -> None:
    together = drawing.draws("--seed", "7")
    assert list(together) == ["test_draws.py::test_one", "test_draws.py::test_two[x]", "test_draws.py::test_two[y]"]
    assert drawing.draws("--seed", "7", "-n", "2") == together
    alone = drawing.draws("--seed", "7", "-k", "test_two and not x")
    assert alone == {"test_draws.py::test_two[y]": together["test_draws.py::test_two[y]"]}


def test_tests_and_names_and_seeds_draw_apart_and_the_run_as_one(drawing: Drawing) -> None:
    seven, eight = (list(drawing.draws("--seed", seed).values()) for seed in ("7", "8"))
    seeds, *own, whole = zip(*seven)
    assert set(seeds) == {7} and len(set(whole)) == 1
    everything = [value for values in own for value in values]
    assert len(set(everything)) == len(everything) == 12
    assert not {value for values in seven for value in values} & {value for values in eight for value in values}


def test_a_fresh_seed_is_shown_and_repeats_the_run(drawing: Drawing) -> None:
    first = drawing.run()
    (shown,) = re.findall(r"^seed: (\d+)$", first.stdout.str(), re.MULTILINE)
    assert re.findall("^DRAWN.*", first.stdout.str(), re.M) == re.findall(
        "^DRAWN.*", drawing.run("--seed", shown).stdout.str(), re.M
    )


def test_rounds_draw_each_their_own_and_one_of_them_runs_again_alone(drawing: Drawing) -> None:
    rounds = drawing.draws("--seed", "7", "--repeat", "3", "-k", "test_two and x")
    assert list(rounds) == [f"test_draws.py::test_two[x-round-{number}]" for number in (1, 2, 3)]
    first, second, third = rounds.values()
    assert first[0] == 7 and len({first[1], second[1], third[1]}) == 3
    (again,) = drawing.draws("--seed", str(third[0]), "-k", "test_two and x").values()
    assert again[:-1] == third[:-1], "all but what is drawn for the run as a whole"


def test_the_id_of_a_test_with_parameters_names_all_of_its_rounds(drawing: Drawing) -> None:
    rounds = drawing.draws("--repeat", "2", "test_draws.py::test_two[x]", "test_draws.py::test_two[y-round-2]")
    assert list(rounds) == [f"test_draws.py::test_two[{name}]" for name in ("x-round-1", "x-round-2", "y-round-2")]


def test_rounds_may_draw_all_the_same(drawing: Drawing) -> None:
    rounds = drawing.draws("--seed", "7", "--repeat", "3", "--repeat-data", "same", "-k", "test_one")
    first, second, third = rounds.values()
    assert first == second == third


def test_a_seeded_order_is_kept_by_a_part_of_the_tests(drawing: Drawing) -> None:
    orders = {seed: list(drawing.draws("--seed", str(seed), "--order", "seeded")) for seed in range(3)}
    assert len({tuple(order) for order in orders.values()}) > 1
    part = list(drawing.draws("--seed", "1", "--order", "seeded", "-k", "test_two"))
    assert part == [node_id for node_id in orders[1] if "test_two" in node_id]


@pytest.mark.parametrize(("option", "value"), [("--seed", "-1"), ("--seed", "x"), ("--repeat", "0")])
def test_numbers_that_make_no_sense_are_refused(drawing: Drawing, option: str, value: str) -> None:
    result = drawing.run(f"{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"not '{value}'" in result.stderr.str()
