"""The order of the self-tests when all of them run."""

from __future__ import annotations

import pytest

LONGEST = ["mutations", "plugin", "fleet"]  # they begin; what is short fills the gaps that workers have at the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    items.sort(key=place)
