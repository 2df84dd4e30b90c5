"""The data directories of a failed test's nodes: what they had on disk when it failed, in the test's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker.errors
import pytest

from fleet.errors import FleetError
from fleet.node import Node
from journal.journal import Journal
from plugin.failure import has_failed

FOLDER = "data"
PRIVATE = frozenset({"key", "nodekey"})  # network keys of Codex and Waku nodes; all other keys are encrypted on disk
LIMIT = 64 << 20  # bytes kept of one node; the largest files go first, for they are blocks of a repository
NOT_TO_BE_HAD = (FleetError, docker.errors.DockerException, OSError)  # the node or its engine may be what failed


@pytest.fixture(autouse=True)
def data_dirs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of a test that has nodes: it ends before they are removed."""
    if "nodes" not in request.fixturenames:
        yield
        return
    nodes = request.getfixturevalue("nodes")
    yield
    if has_failed(request.node):
        keep(nodes.started, nodes.folder, nodes.journal)


def keep(nodes: Iterable[Node], folder: Path, journal: Journal) -> None:
    """Copies each node's data to `folder`/data/<node>. What is left out, and why, is a note in the journal."""
    for node in nodes:
        target = folder / FOLDER / node.name
        target.mkdir(parents=True, exist_ok=True)
        try:
            node.copy_out("", target)
        except NOT_TO_BE_HAD as error:
            journal.note(node.name, f"its data could not be kept: {error}")
        left_out = [path for path in _files(target) if path.name in PRIVATE] + _too_much(target)
        for path in left_out:
            path.unlink()
        if left_out:
            names = ", ".join(str(path.relative_to(target)) for path in left_out)
            journal.note(
                node.name, f"left out of {FOLDER}/{node.name}, as private keys or beyond {LIMIT} bytes: {names}"
            )
        if not any(_files(target)):
            shutil.rmtree(target)


def _too_much(target: Path) -> list[Path]:
    sizes = {path: path.lstat().st_size for path in _files(target) if path.name not in PRIVATE}
    by_size = sorted(sizes, key=sizes.__getitem__)
    left_out: list[Path] = []
    while sum(sizes[path] for path in by_size) > LIMIT:
        left_out.append(by_size.pop())
    return left_out


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
