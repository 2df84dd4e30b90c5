"""Nodes whose data directories hold no more than the test says: what a full disk needs."""

from __future__ import annotations

import pytest

MARK = "sized_data"
USUAL = 64 << 20


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(bytes={USUAL}): the nodes of the test have data directories of this size, so that faults.disk_full "
        "can fill them",
    )


def data_size(item: pytest.Item) -> int | None:
    """Bytes; None where the test does not say."""

    def size(bytes: int = USUAL) -> int:
        return bytes

    mark = item.get_closest_marker(MARK)
    return size(*mark.args, **mark.kwargs) if mark else None
