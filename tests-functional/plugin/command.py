"""Command lines that do it again: one test of a run, or all of it.

Every option of our groups that was given counts, whoever added it; what the run settled by itself is said outright.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest

from fleet.images import SOURCES
from fleet.node import Node
from plugin import groups
from plugin.controller import open_run
from plugin.open_run import OpenRun
from plugin.repeat import without_round
from plugin.seed import seed_of

RUN_AGAIN = "./_assets/scripts/run_functional_tests_dev.sh"
GROUPS = (groups.NODES, groups.EVIDENCE, groups.REPRODUCTION, groups.ISOLATION)
# What is settled, or has its own place in the command; and what is about many tests.
SETTLED = frozenset({"runtime", "timings", "dialect", "seed", "image", "docker_image", "codex_image"})
OF_MANY = frozenset({"repeat", "repeat_data", "order", "reproduce", "record", "contract", "update_schemas"})
ID_DIGITS = 12  # as docker itself shows them


def again(item: pytest.Item) -> str:
    """The script with this test alone: same runtime, options, seed, and in Docker the same images by their ids."""
    opened = open_run(item.config)
    nodes = getattr(item, "funcargs", {}).get("nodes")
    images = image_ids([*opened.fleet.nodes, *(nodes.started if nodes else [])])
    script = [RUN_AGAIN, "-y", "--runtime", opened.runtime.name, without_round(item)]
    seed = ["--seed", str(seed_of(item))]
    return shlex.join([*script, "--", *settled(opened, images), *seed, *given(item.config, but=SETTLED | OF_MANY)])


def settled(opened: OpenRun, images: Mapping[str, str]) -> list[str]:
    """What a run with the same options could settle otherwise. `images`: ids by the names that were asked for."""
    settings = opened.settings
    options = ["--timings", settings.timings.name, "--dialect", settings.dialect]
    for name, option in ((settings.docker_image, "--docker-image"), (settings.codex_image, "--codex-image")):
        options += [option, images.get(name, name)] if name else []
    for node in SOURCES:
        image = images.get(node) or settings.images.get(node)
        options += ["--image", f"{node}={image}"] if image else []
    return options


def image_ids(nodes: Iterable[Node]) -> dict[str, str]:
    """By the name of the image that each node was to have; without those that run as processes."""
    ids = {node.spec.image: node.image_id for node in nodes}
    return {name: image.removeprefix("sha256:")[:ID_DIGITS] for name, image in ids.items() if image}


def given(config: pytest.Config, but: Collection[str] = ()) -> list[str]:
    """The options of our groups that have another value than their default, spelled as they were given.

    `but`: the names under which pytest holds options that are left out.
    """
    ours = [
        option
        for group in config._parser._groups
        if group.name in GROUPS
        for option in group.options
        if option.dest not in but and getattr(config.option, option.dest) != option.default
    ]
    spelled = _spelled(config, [option._action for option in ours])
    words: list[str] = []
    for option in ours:
        for name, *values in spelled.get(option.dest, []):
            # One word: pytest would look for tests in a path that is a word of its own.
            if isinstance(getattr(config.option, option.dest), Path):
                words.append(f"{name}={_place(config, *values)}")
            else:
                words += [name, *values]
    return words


def _spelled(config: pytest.Config, actions: Iterable[argparse.Action]) -> dict[str, list[list[str]]]:
    """The words of each use of an option, before its type made something else of them; the last counts, or all do."""
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for action in actions:
        reader.add_argument(*action.option_strings, dest=action.dest, nargs=action.nargs, action=_Collect)
    words = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.invocation_params.args]
    found = vars(reader.parse_known_args(list(map(str, words)))[0])
    every = {action.dest for action in actions if isinstance(action, argparse._AppendAction)}
    return {dest: uses if dest in every else uses[-1:] for dest, uses in found.items() if uses}


class _Collect(argparse.Action):
    """Keeps each use as the words it is made of: the option and its values, none for a flag."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        words = [] if values is None else values if isinstance(values, list) else [values]
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), [option_string, *words]])


def _place(config: pytest.Config, text: str) -> str:
    """A path as it is called from the project's root, where the script runs pytest."""
    path = Path(os.path.normpath(config.invocation_params.dir / text))
    return str(path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path)
