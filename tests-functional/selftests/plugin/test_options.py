"""Options whose values cannot be."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from fleet.engine import connect
from fleet.errors import FleetError
from plugin import controller
from plugin.options import Settings
from selftests.plugin.outside import Outside


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"status_backend_url": ["localhost:3333"]}, "--status_backend_url is http://HOST:PORT, not 'localhost:3333'"),
        ({"waku_store_url": "http://store/v1"}, "--waku-store-url is http://HOST:PORT, not 'http://store/v1'"),
    ],
)
def test_an_address_that_is_none_is_refused(pytestconfig: pytest.Config, values: dict, complaint: str) -> None:
    option = argparse.Namespace(**{**vars(pytestconfig.option), **values})
    with pytest.raises(pytest.UsageError, match=f"^{re.escape(complaint)}$"):
        Settings.of(SimpleNamespace(option=option))


def test_logs_that_cannot_be_written_are_told_before_anything_is_started(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    settings = dataclasses.replace(Settings.of(pytestconfig), logs_dir=tmp_path / "new" / "logs")
    settings.require_logs_dir()
    assert settings.logs_dir.is_dir() and not list(settings.logs_dir.iterdir())

    (file := tmp_path / "file").touch()
    complaint = f"logs cannot be written: [Errno 17] File exists: '{file}'; --logs-dir DIR puts them elsewhere"
    with pytest.raises(pytest.UsageError, match=f"^{re.escape(complaint)}$"):
        dataclasses.replace(settings, logs_dir=file).require_logs_dir()


def test_an_image_that_cannot_be_had_ends_the_run_before_anything_is_started(tmp_path: Path) -> None:
    try:
        connect(timeout=5)
    except FleetError as error:
        pytest.skip(str(error))
    outside = Outside(tmp_path)
    run = outside.run("def test_nothing(): pass\n", "--runtime", "docker", "--docker-image", "0123456789ab")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: the engine has no image '0123456789ab' and cannot pull it: " in run.stderr
    assert list(outside.logs.iterdir()) == []


def test_a_full_disk_at_the_end_of_a_session_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[str] = []
    monkeypatch.setattr(controller, "_say", lambda config, text: said.append(text))
    session = SimpleNamespace(config=SimpleNamespace(option=SimpleNamespace(logs_dir=tmp_path)), exitstatus=0)
    ending = controller._FullDisk().pytest_sessionfinish(session)
    next(ending)
    with pytest.raises(StopIteration):
        ending.throw(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    reason = f"logs in {tmp_path}: [Errno 28] No space left on device"
    assert said == [f"the run ends here, and its reapers remove it: {reason}"]
    assert session.exitstatus == pytest.ExitCode.INTERNAL_ERROR

    ending = controller._FullDisk().pytest_sessionfinish(session)
    next(ending)
    with pytest.raises(FileNotFoundError):
        ending.throw(FileNotFoundError(errno.ENOENT, "other"))
