"""`--repeat N`: every test runs N times, each round as a test of its own, with a folder of its own."""

from __future__ import annotations

import argparse
import re

import pytest

from plugin import groups

ROUND = "the_round"  # the parameter that makes rounds of a test
_IN_ID = re.compile(r"(\[|-)round-(\d+)\]$")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.REPRODUCTION)
    group.addoption(
        "--repeat",
        type=_count,
        default=1,
        metavar="N",
        help="run each test N times and tell how often it fails, and why (default: %(default)s)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The id of a test with parameters names no test where there are rounds: it stands for all of them."""
    rounds = config.option.repeat
    if rounds > 1:
        config.args = [each for argument in config.args for each in _with_rounds(argument, rounds)]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The round comes last in a test's id, whatever other parameters it has."""
    rounds = metafunc.config.option.repeat
    if rounds > 1:
        metafunc.fixturenames.append(ROUND)
        metafunc.parametrize(ROUND, range(1, rounds + 1), ids=lambda number: f"round-{number}")


def round_of(item: pytest.Item) -> int:
    """Counted from 1; 1 for a test that is not repeated."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(ROUND, 1) if callspec else 1


def without_round(item: pytest.Item) -> str:
    """The node id that the test has where it is not repeated."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or ROUND not in callspec.params:
        return item.nodeid
    return id_without_round(item.nodeid)


def round_in(node_id: str) -> int | None:
    """The number of the round that the id of a repeated test ends in; None for a test that takes no part in rounds."""
    match = _IN_ID.search(node_id)
    return int(match[2]) if match else None


def id_without_round(node_id: str) -> str:
    """For ids of tests of which it is known that they are repeated."""
    return _IN_ID.sub(lambda match: "]" if match[1] == "-" else "", node_id)


def _with_rounds(argument: str, rounds: int) -> list[str]:
    if "::" not in argument or not argument.endswith("]") or _IN_ID.search(argument):
        return [argument]
    return [f"{argument[:-1]}-round-{number}]" for number in range(1, rounds + 1)]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of rounds from 1 on is needed, not {text!r}")
    return int(text)
