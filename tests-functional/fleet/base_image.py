"""The image below all others: Debian bookworm with python 3.11, from a registry or made here."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from fleet.errors import FleetError

log = logging.getLogger(__name__)

OFFICIAL = "python:3.11-slim-bookworm"
SUITE = "bookworm"
OPTIONS = (
    "--variant=essential",
    "--include=python3,ca-certificates,libstdc++6",  # the last for libtorrent
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)


def find_base(client: DockerClient, architecture: str) -> str | None:
    """The name of the base image that the engine has."""
    return next((name for name in (OFFICIAL, _own(architecture)) if _exists(client, name)), None)


def ensure_base(client: DockerClient, architecture: str, scratch: Path | None, marks: Mapping[str, str]) -> str:
    """The name of the base image: the official one, or one that mmdebstrap makes where no registry has it.

    `scratch`: where temporary files may be; `marks`: environment variables of the processes that do it.
    """
    if name := find_base(client, architecture):
        return name
    own = _own(architecture)
    try:
        log.info("pulling %s", OFFICIAL)
        client.images.pull(OFFICIAL)
        return OFFICIAL
    except APIError as error:
        log.info("%s cannot be pulled (%s): making a base image with mmdebstrap", OFFICIAL, error.explanation)
        _make(client, own, architecture, str(error.explanation), scratch, marks)
        return own


def _make(
    client: DockerClient, name: str, architecture: str, why: str, scratch: Path | None, marks: Mapping[str, str]
) -> None:
    if shutil.which("mmdebstrap") is None:
        raise FleetError(
            f"no base image: {OFFICIAL} cannot be pulled ({why}) and mmdebstrap is not installed.\n"
            f"Either load the image (docker save it elsewhere, docker load it here) or install the package mmdebstrap."
        )
    with tempfile.TemporaryDirectory(prefix="tests-functional-base-", dir=scratch) as folder:
        archive = Path(folder) / "base.tar"
        command = ["mmdebstrap", "--quiet", *OPTIONS, f"--architectures={architecture}", SUITE, str(archive)]
        environment = {**os.environ, **marks}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        if done.returncode:
            raise FleetError(
                f"no base image: {OFFICIAL} cannot be pulled ({why}), and mmdebstrap failed "
                f"(it needs root or user namespaces, and Debian's package mirror):\n{done.stdout[-2000:]}"
            )
        repository, tag = name.split(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag)


def _exists(client: DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _own(architecture: str) -> str:
    return f"tests-functional-base:{_recipe_hash(architecture)}"


def _recipe_hash(architecture: str) -> str:
    return hashlib.sha256("\n".join((SUITE, architecture, *OPTIONS)).encode()).hexdigest()[:12]
