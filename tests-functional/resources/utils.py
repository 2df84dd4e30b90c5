"""Checks that status-go's own tests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def assert_response_attributes(response: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Each of the expected attributes is there and has that value."""
    found = {name: response.get(name) for name in expected}
    assert found == dict(expected)
