"""What a failed test says at the end of its report: where its logs are, and how to run just it again the same way."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from pathlib import Path

import pytest

from plugin.controller import open_run

FOLDER = pytest.StashKey[Path]()

RUN_AGAIN = "./_assets/scripts/run_functional_tests_dev.sh"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and FOLDER in item.stash:
        text = f"logs:  {item.stash[FOLDER]}\nagain: {command(item)}"
        report.sections.append(("Where to look, how to run it again", text))
    return report


def command(item: pytest.Item) -> str:
    """The script with this test alone, in the same runtime, with the same timings, dialect, storage and images."""
    opened = open_run(item.config)
    script = [RUN_AGAIN, "-y", "--runtime", opened.runtime.name, item.nodeid]
    options = ["--timings", opened.settings.timings.name, "--dialect", opened.settings.dialect]
    if opened.settings.codex != "embedded":
        options += ["--codex", opened.settings.codex]
    if opened.settings.codex_image:
        options += ["--codex-image", opened.settings.codex_image]
    if opened.settings.docker_image:
        options += ["--docker-image", opened.settings.docker_image]
    for url in opened.settings.status_backend_urls:
        options += ["--status_backend_url", url]
    return shlex.join([*script, "--", *options])
