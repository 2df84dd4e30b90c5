"""One number from which everything follows that the harness draws: names, passwords, texts, faults, the order of tests.

What a test draws depends on the seed, its own id, and what it is drawn for. So a test that is run alone draws what it
drew among others, in whatever order and on whatever worker.

Not seeded: keys and mnemonics, which the nodes make; message, archive and peer ids, which follow from keys and times;
ports and addresses, which kernel and engine choose; how processes and packets are scheduled.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Callable

import pytest

from plugin import groups
from plugin.controller import is_worker
from plugin.repeat import round_of, without_round

SEED = pytest.StashKey[int]()
LIMIT = 2**32


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.REPRODUCTION)
    group.addoption(
        "--seed",
        type=_number,
        default=None,
        metavar="N",
        help="what names, texts, faults and a seeded order are drawn from (default: a fresh one, shown in the header)",
    )
    group.addoption(
        "--repeat-data",
        choices=["fresh", "same"],
        default="fresh",
        help="with --repeat: whether each round draws data of its own, or all rounds those of the first; both follow "
        "from the seed (default: %(default)s)",
    )
    group.addoption(
        "--order",
        choices=["defined", "seeded"],
        default="defined",
        help="tests as they are defined, or shuffled: the same seed gives the same order (default: %(default)s)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if is_worker(config):
        config.stash[SEED] = config.workerinput["seed"]
    else:
        given = config.option.seed
        config.stash[SEED] = random.SystemRandom().randrange(LIMIT) if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist, on the controller: all workers have its seed."""
    node.workerinput["seed"] = node.config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    order = "" if config.option.order == "defined" else f" (--order {config.option.order})"
    return f"seed: {config.stash[SEED]}{order}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each test's place follows from its own id, so a part of the tests keeps the order that it had among all."""
    if config.option.order == "seeded" and not config.option.collectonly:
        items.sort(key=lambda item: _digest(config.stash[SEED], item.nodeid, "order"))


def seed_of(item: pytest.Item) -> int:
    """With this seed the test draws the same when it is run alone, once."""
    return seed_of_round(item.config, round_of(item))


def seed_of_round(config: pytest.Config, number: int) -> int:
    """The first round has the seed of the run."""
    seed = config.stash[SEED]
    if number == 1 or config.option.repeat_data == "same":
        return seed
    return int.from_bytes(_digest(seed, "round", number)) % LIMIT


def random_of(of: pytest.Item | pytest.Config, *names: object) -> random.Random:
    """A generator for what `names` say, always the same one for the same seed, test and names."""
    if isinstance(of, pytest.Config):
        return random.Random(_digest(of.stash[SEED], "", *names))
    return random.Random(_digest(seed_of(of), without_round(of), *names))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this test: the run's, or that of its round."""
    return seed_of(request.node)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A generator of this test's own, for whatever it draws."""
    return random_of(request.node, "rng")


@pytest.fixture
def unique_text(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """`unique_text("hello")`: a text that no other test writes, and this one only once."""
    texts = random_of(request.node, "texts")
    return lambda what: f"{what} {texts.getrandbits(128):032x}"


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number from 0 on is needed, not {text!r}")
    return int(text)
