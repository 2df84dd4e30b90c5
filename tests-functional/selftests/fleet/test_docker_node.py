"""What a container's node makes of answers that an engine gives only at certain moments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from requests.exceptions import JSONDecodeError

from fleet import HealthCheck, NodeSpec
from fleet.docker_node import DockerNode
from fleet.errors import NodeGone

SPEC = NodeSpec("alice", "tiny", "tiny", (), (), {"http": 80}, HealthCheck("http"))


class Ending:
    """A container that still counts as running."""

    attrs = {"State": {"Status": "running"}}

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self._answer = answer

    def reload(self) -> None:
        pass

    def stats(self, **_: Any) -> dict[str, Any]:
        if self._answer is None:
            raise JSONDecodeError("Expecting value", "", 0)
        return self._answer


@pytest.mark.parametrize("answer", [None, {"memory_stats": {}}], ids=["nothing", "not all"])
def test_usage_of_a_container_that_is_just_ending(answer: dict[str, Any] | None, tmp_path: Path) -> None:
    node = DockerNode(SPEC, Ending(answer), None, None, tmp_path / "alice.log")
    with pytest.raises(NodeGone, match="'alice' has just ended"):
        node.usage()
