"""Who is blamed, and by what evidence."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from clients.api import ApiResponseError
from journal.waiting import UnexpectedSignal, WaitTimeout
from report.host import HostState
from report.verdict import FAULT, HARNESS, HOST, PRODUCT, of_exception

OVERLOAD = "overload: some task waited for a processor 95% of the time"
OOM = "out of memory: the kernel killed 1 process(es) meanwhile"


class FaultNotVerified(AssertionError):
    pass


@pytest.mark.parametrize(
    ("error", "host", "blamed"),
    [
        (AssertionError("assert 1 == 2"), [], PRODUCT),
        (UnexpectedSignal("an archive was made"), [OVERLOAD], PRODUCT),
        (WaitTimeout("no signal came"), [], PRODUCT),
        (WaitTimeout("no signal came"), [OVERLOAD], HOST),
        (AssertionError("assert 1 == 2"), [OOM], HOST),
        (ApiResponseError("error -32000"), [], PRODUCT),
        (KeyError("a bug of ours"), [], HARNESS),
        (OSError(errno.ENOSPC, "No space left on device"), [], HOST),
        (MemoryError(), [], HOST),
        (FaultNotVerified("the pause did nothing"), [], FAULT),
    ],
)
def test_blame(error: Exception, host: list[str], blamed: str) -> None:
    verdict = of_exception(error, host, "test_x.py:3")
    assert verdict.of == blamed
    assert any(f"{type(error).__name__} at test_x.py:3" in line for line in verdict.evidence)
    assert set(host) <= set(verdict.evidence)


def test_the_cause_counts() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as cause:
            raise RuntimeError("cannot write") from cause
    except RuntimeError as error:
        assert of_exception(error, []).of == HOST


def test_pytest_fail_blames_the_product_only_from_within_the_test() -> None:
    error = pytest.fail.Exception("no")
    assert of_exception(error, []).of == PRODUCT
    assert of_exception(error, [], in_test=False).of == HARNESS


def test_the_host_says_what_was_wrong_with_it(tmp_path: Path) -> None:
    before = HostState(moment=0.0, cpu_wait=10.0, oom_kills=1, load=0.5, disk_free=10**12, processors=2)
    assert replace(before, moment=10.0, cpu_wait=12.0).since(before) == []
    assert replace(before, moment=10.0, cpu_wait=19.5).since(before) == [OVERLOAD]
    assert replace(before, oom_kills=2).since(before) == [OOM]
    assert replace(before, disk_free=2**20).since(before) == ["disk full: 1 MiB are left where the logs are"]
    no_figures = replace(before, cpu_wait=None, oom_kills=None)
    assert replace(no_figures, load=9.0).since(no_figures) == ["overload: load 9.0 on 2 processors"]
    assert HostState.now(tmp_path).processors >= 1
