"""`--reproduce logs/<run>`: what a run notes of itself so that it can be run again, and running it again."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin import groups
from plugin.command import SETTLED, given, image_ids, settled
from plugin.controller import is_worker
from plugin.open_run import OpenRun
from plugin.seed import SEED
from reproduce import sources
from reproduce.run_again import NotReproducible, again

TESTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup(groups.REPRODUCTION).addoption(
        "--reproduce",
        type=Path,
        default=None,
        metavar="DIR",
        help="run the run of this folder (tests-functional/logs/<run>) again: same tests, order, options, seed, number "
        "of workers and images; options that are given as well come last and win (default: off)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """pytest in the place of this one, with the arguments that it needs: they are what it says it does."""
    run_dir = config.option.reproduce
    if run_dir is None or is_worker(config):
        return
    if config.option.file_or_dir:
        named = " ".join(config.option.file_or_dir)
        raise pytest.UsageError(f"--reproduce knows its tests, and here are others too: {named}")
    try:
        planned = again(config.invocation_params.dir / run_dir)
    except NotReproducible as error:
        raise pytest.UsageError(str(error)) from error
    command = [sys.executable, "-m", "pytest", *planned.arguments, *_others(config)]
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
    print(f"again: pytest {shlex.join(command[3:])}")
    for remark in planned.remarks:
        print(f"not the same: {remark}")
    sys.stdout.flush()
    os.chdir(config.rootpath)
    os.execv(sys.executable, command)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if session.items:  # of a controller of workers there are none
        session.config.stash[TESTS] = [item.nodeid for item in session.items]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    node.config.stash[TESTS] = ids  # the same on every worker


def about(config: pytest.Config, opened: OpenRun) -> dict[str, Any]:
    """For run.json. `arguments` and `tests` are pytest's; `images` has the ids of the shared nodes' images."""
    workers = len(config.option.tx) if getattr(config.option, "tx", None) else 0
    parallel = ["-n", str(workers), "--dist", config.option.dist] if workers else ["-n", "0"]
    limit = ["--maxfail", str(config.option.maxfail)] if config.option.maxfail else []
    arguments = ["--runtime", opened.runtime.name, *settled(opened, {}), "--seed", str(config.stash[SEED])]
    arguments += given(config, but=SETTLED | {"reproduce", "record", "update_schemas"})
    return {
        "arguments": [*arguments, *(parallel if hasattr(config.option, "dist") else []), *limit],
        "tests": config.stash[TESTS],
        "images": image_ids(opened.fleet.nodes),
        "sources": sources.now(),
    }


def _others(config: pytest.Config) -> list[str]:
    """What was given besides, in the order in which it was."""
    words, rest = list(map(str, config.invocation_params.args)), []
    while words:
        word = words.pop(0)
        if word == "--reproduce":
            words.pop(0)
        elif not word.startswith("--reproduce="):
            rest.append(word)
    return rest
