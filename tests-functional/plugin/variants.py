"""Other builds of the reference nodes: images of earlier runs, or a source tree that somebody changed.

They count as reference nodes: they speak the dialect that is asked for, and their logs are audited.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from fleet.images import SOURCES
from plugin import groups


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(groups.NODES)
    group.addoption(
        "--image",
        action="append",
        default=[],
        type=_image,
        metavar="NODE=IMAGE",
        help=f"in Docker, the image of a reference node ({', '.join(SOURCES)}) by name or id; repeat it for several "
        "(default: built from the sources when needed)",
    )
    group.addoption(
        "--status-backend-source",
        type=_source,
        default=None,
        metavar="DIR",
        help="a source tree of the reference status-backend, such as docker/status-backend of another checkout; as "
        "a process it runs from there, in Docker an image of it is built; as --status-backend-source=DIR, for pytest "
        "looks for tests in a path that is a word of its own (default: this repository's)",
    )


def _image(text: str) -> tuple[str, str]:
    node, _, image = text.partition("=")
    if node not in SOURCES or not image:
        raise argparse.ArgumentTypeError(f"NODE=IMAGE is needed, with NODE one of {', '.join(SOURCES)}; not {text!r}")
    return node, image


def _source(text: str) -> Path:
    folder = Path(text).resolve()
    missing = [name for name in ("status_backend", "entrypoint.sh") if not (folder / name).exists()]
    if missing:
        raise argparse.ArgumentTypeError(
            f"{text} is no source tree of status-backend: it has no {' and no '.join(missing)}"
        )
    return folder
