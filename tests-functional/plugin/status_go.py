"""Options and fixtures that status-go's own harness has, so that its command lines and tests run here.

What concerns a chain or coverage has no effect and says so; a test that needs a chain is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clients.status_backend import StatusBackend
from plugin import groups
from plugin.controller import is_worker
from utils.config import Config

WITHOUT_EFFECT = {
    ("--anvil-url", "--anvil_url"): "no scenario here uses a chain",
    ("--docker_project_name",): "names of containers and networks are those of the run",
    ("--codecov_dir",): "no coverage of the backend is taken",
    ("--user_dir",): "each node has a data directory of its own",
    ("--benchmark-results-dir",): "benchmarks are programs of their own, in benchmarks/",
    ("--reruns",): "a test that failed has failed; how often it does, --repeat tells",
}


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup(groups.NODES)
    for names, reason in WITHOUT_EFFECT.items():
        if "--reruns" in names and pluginmanager.hasplugin("rerunfailures"):
            continue  # whoever installs that plugin means it
        group.addoption(*names, default="", metavar="VALUE", help=f"taken from status-go, without effect: {reason}")
    group.addoption(
        "--peer-docker-image",
        action="append",
        default=[],
        metavar="IMAGE",
        help="status-backend image for tests across versions; repeat it for several (default: none)",
    )
    group.addoption(
        "--disable-override-networks",
        action="store_true",
        help="taken from status-go, and so it is here always: accounts get the networks of the backend (default: off)",
    )


def pytest_configure(config: pytest.Config) -> None:
    vars(Config).update(vars(config.option))


def pytest_report_header(config: pytest.Config) -> list[str]:
    if is_worker(config):
        return []
    given = [(names[0], reason) for names, reason in WITHOUT_EFFECT.items() if config.getoption(names[0])]
    return [f"{option} has no effect: {reason}" for option, reason in given]


@pytest.fixture(autouse=True)
def _backends_without_a_node(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`StatusBackend(await_signals)` in a test starts a node of that test."""

    @contextmanager
    def new_node(backend: StatusBackend, name: str) -> Iterator[dict[str, Any]]:
        backends = request.getfixturevalue("backends")
        yield backends.place(name)
        backends.made.append(backend)

    monkeypatch.setattr(StatusBackend, "new_node", new_node)


@pytest.fixture
def waku_light_client(request: pytest.FixtureRequest) -> bool:
    """What a test is parametrised with, indirectly; else no light client."""
    return getattr(request, "param", False)


@pytest.fixture(scope="session")
def peer_docker_images(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The images of --peer-docker-image, for `backend_new_profile(name, docker_image=...)`; a skip without any."""
    images = tuple(request.config.option.peer_docker_image)
    if not images:
        pytest.skip("a test across versions: give the other versions' images by --peer-docker-image")
    return images


@pytest.fixture(scope="session")
def anvil_client() -> None:
    """A client of a chain, as the three others that status-go has: a test that asks for one is skipped."""
    pytest.skip("needs a chain (anvil), and this harness starts none")


foundry_client = multicall3_deployer = snt_addresses = anvil_client
