"""The fixture `faults`: faults on the nodes of a test, each phase in the journal and so on the timeline."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fleet.faults import Faults, FaultUnavailable
from fleet.faults.life import INJECT
from fleet.faults.network import Network
from fleet.faults.networks import network_of
from fleet.faults.process import Kill, Restart
from fleet.node import Node
from journal.journal import Journal
from plugin.fixtures import TestNodes
from plugin.open_run import OpenRun
from plugin.seed import random_of
from plugin.shared_fleet import SharedFleet

FAULT = "fault"

ENDED = pytest.StashKey[set[str]]()
"""Nodes that a fault has ended. Where one is down at the end of its test, it did not fail: the healing did."""

ENDING = (Kill.NAME, Restart.NAME)


@pytest.fixture(scope="session")
def network_helpers(harness: OpenRun) -> Iterator[Callable[[], Network]]:
    """Those of one worker; started when first needed."""
    made: list[Network] = []

    def get() -> Network:
        if not made:
            made.append(network_of(harness.runtime))
        return made[0]

    yield get
    for network in made:
        network.close()


@pytest.fixture
def faults(
    request: pytest.FixtureRequest,
    harness: OpenRun,
    nodes: TestNodes,
    journal: Journal,
    network_helpers: Callable[[], Network],
) -> Iterator[Faults]:
    """`with faults.kill(owner): ...`. Takes nodes and the clients of nodes that the fixtures made."""
    shared = _shared(harness.fleet)

    def tell(node: Node, name: str, phase: str, text: str) -> None:
        if phase == INJECT and name in ENDING:
            request.node.stash.setdefault(ENDED, set()).add(node.name)
        journal.append(node.name, FAULT, {"name": name, "phase": phase, **({"text": text} if text else {})})

    def node_of(given: Any) -> Node:
        return _node_of(given, [*nodes.started, *shared])

    names, numbers = {node.name for node in shared}, itertools.count()
    faults = Faults(
        tell,
        network=network_helpers,
        rng=lambda name: random_of(request.node, "fault", name, next(numbers)),
        node_of=node_of,
        is_shared=lambda node: node.name in names,
    )
    yield faults
    faults.close()


@pytest.fixture
def network_faults(faults: Faults, network_helpers: Callable[[], Network]) -> Faults:
    """`faults`, for a test that disturbs the network: where that cannot be, it is skipped before it begins."""
    try:
        network_helpers()
    except FaultUnavailable as error:
        pytest.skip(str(error))
    return faults


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Where a fault cannot be had, the test cannot be run."""
    try:
        return (yield)
    except FaultUnavailable as error:
        pytest.skip(str(error))


def _shared(fleet: SharedFleet) -> list[Node]:
    return [fleet.boot, fleet.store, fleet.codex]


def _node_of(given: Any, known: list[Node]) -> Node:
    """The node itself, or that of a client: some hold it, some know its name."""
    if hasattr(given, "spec"):
        return given
    held = getattr(given, "node", None)
    if hasattr(held, "spec"):
        return held
    for node in known:
        if node.name == held:
            return node
    raise FaultUnavailable(f"{given!r} is no node of this run: faults need one that the harness has started")
