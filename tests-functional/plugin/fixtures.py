"""What tests ask for: backends, the fleet's nodes, timings. A test gets nodes of its own, and a folder of its own."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clients.codex import CodexClient
from clients.status_backend import StatusBackend
from clients.waku import WakuClient
from fleet import catalog, concurrently
from fleet.node import Node
from fleet.spec import NodeSpec
from journal.journal import Journal
from plugin import keep
from plugin.controller import open_run, worker_of
from plugin.failure import FOLDER
from plugin.open_run import OpenRun
from plugin.seed import random_of
from plugin.sized_data import data_size
from resources.timings import Timings

JOURNAL = "journal.jsonl"


@dataclass
class TestNodes:
    """Starts nodes for one test and removes them; their logs and the test's journal are in `folder`."""

    __test__ = False  # pytest, this is no test class

    opened: OpenRun
    folder: Path
    journal: Journal
    worker: str
    test: str
    numbers: Iterator[int]
    data_size: int | None = None
    started: list[Node] = field(default_factory=list)
    after_start: Callable[[], None] = lambda: None

    def name(self, wanted: str) -> str:
        """Unique in the run, and fit for DNS."""
        return f"{re.sub('[^a-z0-9]+', '-', wanted.lower()).strip('-')}-{self.worker}-{next(self.numbers)}"

    def start(self, spec: NodeSpec) -> Node:
        if self.data_size is not None:
            spec = dataclasses.replace(spec, data_size=self.data_size)
        (node,) = self.opened.runtime.start([spec], self.folder, test=self.test)
        self.started.append(node)
        keep.remember(self, node)
        self.journal.note(node.name, f"started: {spec.kind}, image {spec.image}, log {node.log_path}")
        self.after_start()
        return node

    def replace(self, node: Node, spec: NodeSpec) -> Node:
        """Another node in the place of one that has nothing to lose."""
        node.remove()
        self.started.remove(node)
        return self.start(spec)

    def remove(self) -> None:
        concurrently.each(self.started, lambda node: node.remove())


class StorageBeside:
    """The Codex node beside one backend. It knows no other node until it joins one or is connected."""

    def __init__(self, nodes: TestNodes, name: str) -> None:
        self._nodes = nodes
        self._image = nodes.opened.settings.codex_image or None
        self.node = nodes.start(catalog.codex(nodes.name(name), image=self._image))

    def join(self, spr: str) -> None:
        """A Codex node is told of bootstrap nodes when it starts: so it is started anew, while it is still empty."""
        _, port = self.node.address("api")
        spec = catalog.codex(self.node.name, bootstrap_nodes=[spr], process_api_port=port, image=self._image)
        self.node = self._nodes.replace(self.node, spec)


@pytest.fixture(scope="session")
def harness(request: pytest.FixtureRequest) -> OpenRun:
    """The run that is open, with its shared fleet."""
    return open_run(request.config)


@pytest.fixture(scope="session")
def timings(harness: OpenRun) -> Timings:
    return harness.settings.timings


@pytest.fixture(scope="session")
def node_numbers() -> Iterator[int]:
    """Numbers the nodes of a worker, so that each has a name of its own."""
    return itertools.count(1)


@pytest.fixture
def test_folder(request: pytest.FixtureRequest, harness: OpenRun) -> Path:
    """Where this test leaves its evidence: logs/<run>/<module>.<class>.<test>/."""
    folder = new_folder(harness.run.run_dir, request.node.nodeid)
    request.node.stash[FOLDER] = folder
    return folder


@pytest.fixture
def journal(test_folder: Path) -> Iterator[Journal]:
    """Every signal and call of every node of this test, on disk as it happens."""
    with Journal(test_folder / JOURNAL) as journal:
        yield journal


@pytest.fixture
def nodes(
    request: pytest.FixtureRequest, harness: OpenRun, test_folder: Path, journal: Journal, node_numbers: Iterator[int]
) -> Iterator[TestNodes]:
    """Nodes of this test; all are removed when it ends, unless it failed and --keep is given."""
    worker = worker_of(request.config)
    nodes = TestNodes(harness, test_folder, journal, worker, request.node.nodeid, node_numbers, data_size(request.node))
    yield nodes
    keep.end(request.node, nodes)


class Backends:
    """The backends of one test. Threads may use it."""

    def __init__(self, request: pytest.FixtureRequest, harness: OpenRun, nodes: TestNodes) -> None:
        self._request = request
        self._harness = harness
        self._nodes = nodes
        self._urls = iter(harness.settings.status_backend_urls)
        self._numbers: dict[str, Iterator[int]] = defaultdict(itertools.count)  # of backends with one name
        self.made: list[StatusBackend] = []

    def place(self, name: str, docker_image: str | None = None) -> dict[str, Any]:
        """Starts a node, or takes a URL: what a StatusBackend is made with."""
        settings, storage = self._harness.settings, None
        rng = random_of(self._request.node, "backend", name, next(self._numbers[name]))
        if settings.status_backend_urls:
            target: Node | str = _next_url(self._urls, name)
        else:
            if settings.codex == "container" and docker_image is None:  # another image has storage of its own
                storage = StorageBeside(self._nodes, f"{name}-codex")
            codex = storage.node if storage else None
            target = self._nodes.start(_backend_spec(self._nodes, name, codex, docker_image))
        return {
            "node": target,
            "journal": self._nodes.journal,
            "name": name if isinstance(target, str) else target.name,
            "init_options": _init_options(self._harness, target),
            "account_options": {
                "waku_fleet": settings.waku_fleet,
                "import_initial_delay": settings.timings.import_initial_delay,
            },
            "storage": storage,
            "rng": rng,
        }

    def close(self) -> None:
        concurrently.each(self.made, StatusBackend.close)


@pytest.fixture
def backends(request: pytest.FixtureRequest, harness: OpenRun, nodes: TestNodes) -> Iterator[Backends]:
    backends = Backends(request, harness, nodes)
    yield backends
    backends.close()


@pytest.fixture
def backend_factory(backends: Backends) -> Callable[..., StatusBackend]:
    """`backend_factory(name, **options)`: a backend that runs, without an account. Threads may call it.

    `docker_image` is one for this backend alone; see `peer_docker_images`."""

    def create(name: str, docker_image: str | None = None, **options: Any) -> StatusBackend:
        backend = StatusBackend(**backends.place(name, docker_image), **options)
        backends.made.append(backend)
        return backend

    return create


@pytest.fixture
def backend_new_profile(
    harness: OpenRun, backend_factory: Callable[..., StatusBackend]
) -> Callable[..., StatusBackend]:
    """`backend_new_profile(name, **account options)`: a backend with a fresh account, its messenger started."""

    def create(
        name: str,
        waku_light_client: bool = False,
        password: str | None = None,
        docker_image: str | None = None,
        privileged: bool = False,
        ipv6: bool = False,
        **options: Any,
    ) -> StatusBackend:
        backend = backend_factory(name, docker_image, privileged=privileged, ipv6=ipv6)
        if harness.settings.logout:
            backend.logout()
        backend.init_status_backend()
        backend.create_account_and_login(
            password=password or harness.settings.password or None,
            waku_light_client=waku_light_client,
            **options,
        )
        return _with_messenger(backend)

    return create


@pytest.fixture
def backend_new_profiles(backend_new_profile: Callable[..., StatusBackend]) -> Callable[..., list[StatusBackend]]:
    """`backend_new_profiles("owner", "member", **account options)`: several at once, started concurrently."""

    def create(*names: str, **options: Any) -> list[StatusBackend]:
        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            return list(pool.map(lambda name: backend_new_profile(name, **options), names))

    return create


@pytest.fixture
def backend_recovered_profile(backend_factory: Callable[..., StatusBackend]) -> Callable[..., StatusBackend]:
    """`backend_recovered_profile(name, user, **account options)`: a backend with the account of a mnemonic."""

    def create(name: str, user: Any, **options: Any) -> StatusBackend:
        backend = backend_factory(name)
        backend.init_status_backend()
        backend.restore_account_and_login(user, **options)
        return _with_messenger(backend)

    return create


@pytest.fixture
def store_node(harness: OpenRun, journal: Journal) -> WakuClient:
    """The store node that the backends use."""
    settings = harness.settings
    if settings.waku_store_url:
        return WakuClient(settings.waku_store_url, node="store", journal=journal)
    if settings.status_backend_urls:
        pytest.skip("which store node do the backends of --status_backend_url use? Say so: --waku-store-url URL")
    return WakuClient(harness.fleet.store.url, node=harness.fleet.store.name, journal=journal)


@pytest.fixture
def codex_bootstrap(harness: OpenRun, journal: Journal) -> CodexClient:
    """The fleet's Codex node, by which others find one another."""
    return CodexClient(harness.fleet.codex.url, node=harness.fleet.codex.name, journal=journal)


@pytest.fixture
def codex_node(nodes: TestNodes, journal: Journal, codex_bootstrap: CodexClient) -> CodexClient:
    """An independent Codex node of this test. It knows the fleet's Codex node and nobody else."""
    image = nodes.opened.settings.codex_image or None
    node = nodes.start(catalog.codex(nodes.name("codex"), bootstrap_nodes=[codex_bootstrap.spr()], image=image))
    return CodexClient(node.url, node=node.name, journal=journal)


def folder_name(nodeid: str) -> str:
    """<module>.<class>.<test>, fit for a file system."""
    module, _, rest = nodeid.partition("::")
    return re.sub(r"[^\w.\-\[\]]+", "_", ".".join((Path(module).stem, *rest.split("::"))))[:180]


def new_folder(parent: Path, nodeid: str) -> Path:
    """A fresh folder named after the test; a second one of the same test gets a number."""
    base = folder_name(nodeid)
    for number in itertools.count(1):
        folder = parent / (base if number == 1 else f"{base}~{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")


def _backend_spec(nodes: TestNodes, name: str, codex: Node | None, docker_image: str | None) -> NodeSpec:
    fleet, settings = nodes.opened.fleet, nodes.opened.settings
    image = docker_image or settings.docker_image or None
    return catalog.status_backend(
        nodes.name(name),
        bootstrap_nodes=[fleet.boot],
        store_nodes=[fleet.store],
        fleet_name=settings.waku_fleet,
        codex=codex,
        dialect=None if image else settings.dialect,
        image=image,
        source=settings.status_backend_source,
    )


def _init_options(harness: OpenRun, target: Node | str) -> dict[str, Any]:
    settings = harness.settings
    fleets_config = settings.waku_fleets_config or (
        "" if isinstance(target, str) else f"{target.data_path}/{catalog.FLEETS_CONFIG}"
    )
    paths = {"wakuFleetsConfigFilePath": fleets_config, "pushFleetsConfigFilePath": settings.push_fleets_config}
    return {key: path for key, path in paths.items() if path}


def _next_url(urls: Iterator[str], name: str) -> str:
    url = next(urls, None)
    if url is None:
        pytest.fail(f"no status-backend is left for {name!r}: give one more --status_backend_url", pytrace=False)
    return url


def _with_messenger(backend: StatusBackend) -> StatusBackend:
    backend.wait_for_login()
    backend.wakuext_service.start_messenger()
    backend.wallet_service.start_wallet()
    return backend
