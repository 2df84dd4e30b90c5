"""The two lists of packages: pinned in full, and of one mind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HARNESS = ROOT / "requirements.txt"
NODES = ROOT / "docker/base/requirements.txt"


def pins(file: Path) -> dict[str, str]:
    lines = (re.split("[#;]", line)[0].strip() for line in file.read_text().splitlines())
    found = {}
    for line in lines:
        if line and not line.startswith("--"):
            match = re.fullmatch(r"([\w.-]+)==([\w.]+)", line)
            assert match, f"{file.name} does not pin {line!r}"
            found[match[1].lower().replace("_", "-")] = match[2]
    return found


@pytest.mark.parametrize("file", [HARNESS, NODES], ids=["harness", "nodes"])
def test_every_package_is_pinned(file: Path) -> None:
    assert pins(file)


def test_a_package_in_both_lists_has_one_version() -> None:
    harness, nodes = pins(HARNESS), pins(NODES)
    common = harness.keys() & nodes.keys()
    assert {name: harness[name] for name in common} == {name: nodes[name] for name in common}
