"""A data directory of limited size for a container: a volume in memory.

The engine keeps such a volume only while a container uses it; so that data outlives the node's container being stopped,
a second container does nothing but use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from docker import DockerClient
from docker.errors import APIError, NotFound

from fleet.spec import NodeSpec

FOLDER = "/data"  # in the keeper


def create(client: DockerClient, spec: NodeSpec, container: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """For the container's `volumes`; none where its size is not limited. The engine gives the directory the owner and
    the content that it has in the node's image. Raises APIError."""
    if spec.data_size is None:
        return {}
    from fleet.faults.image import helper_image

    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={spec.data_size}"}
    try:
        client.volumes.create(_name(container), driver="local", driver_opts=options, labels=dict(labels))
        client.containers.run(
            helper_image(client),
            ["wait"],
            name=_name(container),
            labels=dict(labels),
            volumes={_name(container): {"bind": FOLDER}},
            network_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            detach=True,
        )
    except BaseException as error:
        if not (isinstance(error, APIError) and error.status_code == HTTPStatus.CONFLICT):  # another node's
            remove(client, container)
        raise
    return {_name(container): {"bind": spec.data_path}}


def keeper(client: DockerClient, container: str) -> Any:
    """The container that keeps it. Raises NotFound."""
    return client.containers.get(_name(container))


def remove(client: DockerClient, container: str) -> None:
    """After the node's container. Does nothing where there is none."""
    try:
        keeper(client, container).remove(force=True)
    except NotFound:
        pass
    try:
        client.volumes.get(_name(container)).remove()
    except NotFound:
        pass


def _name(container: str) -> str:
    return f"{container}-data"
