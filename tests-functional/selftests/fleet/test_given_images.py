"""Other builds of the reference nodes in Docker: given images, and source trees."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import FleetError, Run
from fleet.docker_runtime import DockerRuntime
from fleet.images import DOCKER_DIR, Images


@pytest.fixture
def given(engine, tiny_image, tmp_path: Path) -> Iterator[DockerRuntime]:
    """A runtime whose waku nodes are tiny ones, by id, and whose codex image is gone."""
    run = Run.create(tmp_path, docker=True)
    image = engine.client.images.get(tiny_image).id.removeprefix("sha256:")[:12]
    runtime = DockerRuntime(run, engine, {"waku": image, "codex": "0123456789ab"})
    yield runtime
    runtime.close()
    run.close()


def test_an_image_by_its_id_stands_for_the_node(given: DockerRuntime, engine, tiny_image: str) -> None:
    assert engine.client.images.get(given.image("waku")).tags == engine.client.images.get(tiny_image).tags


def test_an_image_that_is_gone_is_named(given: DockerRuntime) -> None:
    with pytest.raises(FleetError, match="'0123456789ab'"):
        given.image("codex")


def test_a_source_tree_makes_an_image_of_its_own(engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images(engine.client)
    monkeypatch.setattr(images, "libs", lambda: "libs:1")
    built: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        images, "_build", lambda tag, context, dockerfile, arguments: built.append((tag, list(context.files)))
    )
    source = tmp_path / "another name"
    shutil.copytree(DOCKER_DIR / "status-backend", source, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    images.reference("status-backend")
    images.variant("status-backend", source)
    assert built[0] == built[1], "the same sources are the same image, whatever their folder is called"
    (source / "status_backend/server.py").write_text("changed")
    images.variant("status-backend", source)
    assert built[2][0] != built[0][0] and built[2][1] == built[0][1]
