"""Options and fixtures that status-go's own harness has, so that its command lines and tests run here.

What concerns a chain or coverage has no effect and says so; a test that needs a chain is skipped.
"""

from __future__ import annotations

import pytest

from plugin import groups
from plugin.controller import is_worker

WITHOUT_EFFECT = {
    "--anvil-url": "no scenario here uses a chain",
    "--docker_project_name": "names of containers and networks are those of the run",
    "--codecov_dir": "no coverage of the backend is taken",
    "--benchmark-results-dir": "benchmarks are programs of their own, in benchmarks/",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.NODES)
    for option, reason in WITHOUT_EFFECT.items():
        group.addoption(option, default="", metavar="VALUE", help=f"taken from status-go, without effect: {reason}")
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


def pytest_report_header(config: pytest.Config) -> list[str]:
    if is_worker(config):
        return []
    given = [(option, reason) for option, reason in WITHOUT_EFFECT.items() if config.getoption(option)]
    return [f"{option} has no effect: {reason}" for option, reason in given]


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
