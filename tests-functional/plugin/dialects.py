"""A test that calls for what the chosen archive dialect never had is skipped, and says so.

Only for the dialect that the reference backends were started in: from any other backend a missing method is a failure.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from clients.api import ApiResponseError
from clients.archives import BY_NAME, DialectError, missing_method
from plugin.options import Settings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from _skipping(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from _skipping(item))


def _skipping(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        return (yield)
    except (DialectError, ApiResponseError) as error:
        reason = _reason(error, Settings.of(item.config))
        if not reason:
            raise
    pytest.skip(reason)


def _reason(error: DialectError | ApiResponseError, settings: Settings) -> str:
    if settings.backends_are_foreign:
        return ""
    dialect = BY_NAME[settings.dialect.replace("-", "_")]
    if isinstance(error, DialectError):
        return str(error) if error.dialect is dialect else ""
    return missing_method(error, dialect)
