from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from status_backend import logs


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: for who writes it is an OSError, as that of a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.setLevel(logging.DEBUG)
    logs.to_file(tmp_path, "DEBUG")
    yield tmp_path / logs.FILE_NAME
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()


def texts(path: Path) -> list[str]:
    return [line.partition(": ")[2] for line in path.read_text().splitlines()]


def test_a_full_disk_costs_one_line_and_loses_none(log_file: Path, caplog, capfd):
    log = logging.getLogger("some.part")
    log.info("before")
    with full_disk(log_file.stat().st_size + 10):
        log.info("while it is full")
        log.info("and still")
    log.info("after")
    told = [record.getMessage() for record in caplog.records if record.name == logs.__name__]
    assert told == [f"{log_file}: File too large; its lines wait in memory"]
    assert texts(log_file) == ["before", "while it is full", told[0], "and still", "after"]
    assert capfd.readouterr() == ("", "")  # no "--- Logging error ---"


def test_it_is_told_again_when_it_is_full_again(log_file: Path, caplog):
    for _ in range(2):
        with full_disk(log_file.stat().st_size):
            logging.getLogger("some.part").info("line")
        logging.getLogger("some.part").info("there is room")
    assert [record.name for record in caplog.records].count(logs.__name__) == 2


def test_a_full_disk_does_not_keep_the_log_from_going_elsewhere(log_file: Path, tmp_path: Path):
    with full_disk(log_file.stat().st_size):
        logging.getLogger("some.part").info("lost with its disk")
        logs.to_file(tmp_path / "other", "DEBUG")
    logging.getLogger("some.part").info("here")
    assert texts(tmp_path / "other" / logs.FILE_NAME) == ["here"]
