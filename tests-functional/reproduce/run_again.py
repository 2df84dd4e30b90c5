"""A run again the same way: from its run.json to the arguments of pytest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

from fleet.engine import connect
from fleet.images import SOURCES
from report import files
from reproduce import sources

FOREIGN = ("--docker-image", "--codex-image")


class NotReproducible(Exception):
    """Why a run cannot be run again the same way."""


@dataclass(frozen=True)
class Again:
    """`arguments` for pytest, and what will be different for all that: `remarks`, a line each."""

    arguments: list[str]
    remarks: list[str]


def again(run_dir: Path, has_image: Callable[[str], bool] | None = None) -> Again:
    """`run_dir`: logs/<run>. `has_image`: whether the engine has an image of this id. Raises NotReproducible."""
    path = run_dir / files.RUN
    if not path.exists():
        raise NotReproducible(f"{run_dir} is no run that can be run again: it has no {files.RUN}")
    run = files.read_json(path)
    if "reproduction" not in run:
        raise NotReproducible(f"{path} does not say how the run was made: an earlier version of the harness wrote it")
    kept = run["reproduction"]
    remarks = sources.differences(kept["sources"], sources.now())
    images = images_of(run)
    pinned, gone = _pinned(images, has_image or _engine_has) if images else ([], [])
    remarks += [
        f"the image {image} of {node} is gone: it is built from the sources as they are now" for node, image in gone
    ]
    return Again([*_by_id(kept["arguments"], images), *pinned, *kept["tests"]], remarks)


def images_of(run: Mapping[str, Any]) -> dict[str, str]:
    """Ids by the names that nodes asked for, of all nodes of the run; none where they were processes."""
    of_tests = [(node["image"], node.get("image_id")) for test in run["tests"] for node in test["nodes"].values()]
    found = [*run["reproduction"]["images"].items(), *of_tests]
    return {name: image for name, image in found if image and not Path(name).is_absolute()}  # a path: a source tree


def _by_id(arguments: Sequence[str], images: Mapping[str, str]) -> list[str]:
    """A foreign image's name may mean another one by now."""
    before = [None, *arguments]
    return [
        images.get(word, word) if option in FOREIGN else word for option, word in zip(before, arguments, strict=False)
    ]


def _pinned(images: Mapping[str, str], has_image: Callable[[str], bool]) -> tuple[list[str], list[tuple[str, str]]]:
    """Options that name each image by its id, and those that are gone."""
    options, gone = [], []
    for name, image in images.items():
        is_there = has_image(image)
        if name in SOURCES:
            options += ["--image", f"{name}={image}"] if is_there else []
            gone += [] if is_there else [(name, image)]
        elif not is_there:
            raise NotReproducible(f"the image {name} ({image}) of that run is gone from the engine")
    return options, gone


def _engine_has(image: str) -> bool:
    try:
        connect().client.images.get(image)
    except ImageNotFound:
        return False
    return True
