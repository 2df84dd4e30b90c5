"""Command line options, and what they mean once they are parsed."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugin import groups
from resources.timings import BY_NAME, Timings

LOGS = Path(__file__).parents[1] / "logs"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.NODES)
    group.addoption(
        "--runtime",
        choices=["auto", "docker", "process"],
        default="auto",
        help="where nodes run; auto: docker where an engine answers, else process (default: %(default)s)",
    )
    group.addoption(
        "--process-network",
        choices=["loopback", "own"],
        default="loopback",
        help="where nodes are processes: all on this machine's loopback, or each in a network namespace of its own, as "
        "network faults need it and not every user may make it (default: %(default)s)",
    )
    group.addoption(
        "--timings",
        choices=sorted(BY_NAME),
        default=None,
        help="intervals and deadlines (default: fast on the reference nodes, upstream on other images)",
    )
    group.addoption(
        "--dialect",
        choices=["codex", "logos-storage", "torrent"],
        default="codex",
        help="the archive API that reference backends speak; of others it is found out (default: %(default)s)",
    )
    group.addoption(
        "--codex",
        choices=["embedded", "container"],
        default="embedded",
        help="the storage node of a reference backend: embedded, or a Codex node of its own beside it, used over REST; "
        "where nodes are processes that is one more process (default: %(default)s)",
    )
    group.addoption(
        "--codex-image",
        default="",
        metavar="IMAGE",
        help="image of all Codex nodes, with --codex container (default: the reference image, built when needed)",
    )
    group.addoption(
        "--docker-image",
        default="",
        metavar="IMAGE",
        help="status-backend image under test (default: the reference image, built when needed)",
    )
    group.addoption(
        "--status_backend_url",
        action="append",
        default=[],
        metavar="URL",
        help="use a status-backend that already runs; repeat it, one is taken per backend of a test (default: none)",
    )
    group.addoption(
        "--waku-store-url",
        default="",
        metavar="URL",
        help="REST of the store node that backends given by --status_backend_url use (default: the run's own)",
    )
    parser.getgroup(groups.EVIDENCE).addoption(
        "--logs-dir",
        type=Path,
        default=LOGS,
        metavar="DIR",
        help="where a run leaves its logs and signals (default: tests-functional/logs)",
    )
    group.addoption(
        "--waku-fleet",
        default="status-go.test",
        metavar="NAME",
        help="the name of the Waku fleet in the fleets config (default: %(default)s)",
    )
    group.addoption(
        "--waku-fleets-config",
        default="",
        metavar="PATH",
        help="a fleets config inside the backend (default: one made from the run's own Waku nodes)",
    )
    group.addoption(
        "--push-fleets-config", default="", metavar="PATH", help="push fleets config inside the backend (default: none)"
    )
    group.addoption("--password", default="", help="password of new profiles (default: one per profile, from the run)")
    group.addoption(
        "--logout",
        action="store_true",
        help="log out before InitializeApplication, for reused backends (default: off)",
    )


@dataclass(frozen=True)
class Settings:
    """The options of a run. The same on the controller and on every worker."""

    runtime: str
    timings: Timings
    dialect: str
    codex: str
    codex_image: str
    docker_image: str
    status_backend_urls: tuple[str, ...]
    logs_dir: Path
    waku_store_url: str
    waku_fleet: str
    waku_fleets_config: str
    push_fleets_config: str
    password: str
    logout: bool
    images: Mapping[str, str]
    status_backend_source: Path | None
    own_network: bool

    @property
    def backend(self) -> str:
        """What stands for the status-backend, for people: an image, URLs, a source tree, or "reference"."""
        given = self.docker_image or ", ".join(self.status_backend_urls) or self.status_backend_source
        return str(given or "reference")

    @property
    def backends_are_foreign(self) -> bool:
        """Not the reference ones of this run."""
        return bool(self.docker_image or self.status_backend_urls)

    def require_logs_dir(self) -> None:
        """Makes it where it is missing. UsageError where nothing can be written to it."""
        try:
            self.logs_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.logs_dir):
                pass
        except OSError as error:
            raise pytest.UsageError(f"logs cannot be written: {error}; --logs-dir DIR puts them elsewhere") from error

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        option = config.option
        _check(option)
        foreign = bool(option.docker_image or option.status_backend_url or option.codex_image)
        return cls(
            runtime="docker" if option.docker_image or option.codex_image or option.image else option.runtime,
            timings=BY_NAME[option.timings or ("upstream" if foreign else "fast")],
            dialect=option.dialect,
            codex=option.codex,
            codex_image=option.codex_image,
            docker_image=option.docker_image,
            status_backend_urls=tuple(option.status_backend_url),
            logs_dir=option.logs_dir,
            waku_store_url=option.waku_store_url,
            waku_fleet=option.waku_fleet,
            waku_fleets_config=option.waku_fleets_config,
            push_fleets_config=option.push_fleets_config,
            password=option.password,
            logout=option.logout,
            images=dict(option.image),
            status_backend_source=option.status_backend_source,
            own_network=option.process_network == "own",
        )


def _check(option: argparse.Namespace) -> None:
    """UsageError for values that cannot be, and for options that contradict each other."""
    for name, urls in (
        ("--status_backend_url", option.status_backend_url),
        ("--waku-store-url", [option.waku_store_url] if option.waku_store_url else []),
    ):
        for url in urls:
            if not re.fullmatch(r"https?://[^/\s]+/?", url):
                raise pytest.UsageError(f"{name} is http://HOST:PORT, not {url!r}")
    for name, image in (("--docker-image", option.docker_image), ("--codex-image", option.codex_image)):
        if image and option.runtime == "process":
            raise pytest.UsageError(f"{name} {image} needs Docker, but --runtime is process")
    if option.image and option.runtime == "process":
        raise pytest.UsageError("--image needs Docker, but --runtime is process")
    if option.status_backend_source and (option.docker_image or option.status_backend_url):
        raise pytest.UsageError("--status-backend-source is for the reference status-backend, and another one is given")
    if option.codex_image and option.codex != "container":
        raise pytest.UsageError(f"--codex-image {option.codex_image} needs --codex container: embedded is no image")
    if option.process_network == "own" and option.status_backend_url:
        raise pytest.UsageError("--process-network own is out of reach for the backends of --status_backend_url")
    if option.codex != "container":
        return
    if option.docker_image or option.status_backend_url:
        raise pytest.UsageError("--codex container is for the reference status-backend: others have their own storage")
    if option.dialect == "torrent":
        raise pytest.UsageError("--codex container makes no sense with --dialect torrent, which has no storage node")
