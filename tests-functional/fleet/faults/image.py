"""The helpers' image, built when one is first needed."""

from __future__ import annotations

from pathlib import Path

from docker import DockerClient

from fleet.images import Images

HELPER = Path(__file__).parent / "helper"


def helper_image(client: DockerClient) -> str:
    return Images(client).build("fault-helper", HELPER)
