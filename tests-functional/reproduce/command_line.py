"""What the command lines of compare and bisect have in common: rounds, a seed, a folder, and arguments for pytest."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from reproduce.side import Side, timings

LOGS = Path(__file__).parents[1] / "logs"


def parser(program: str, description: str, repeat: int) -> argparse.ArgumentParser:
    """`repeat`: the rounds on each build where nothing is said."""
    made = argparse.ArgumentParser(prog=f"python -m reproduce.{program}", description=description)
    made.add_argument("--repeat", type=int, default=repeat, metavar="N", help="rounds on each build (%(default)s)")
    made.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="a fresh one")
    made.add_argument("--logs-dir", type=Path, default=LOGS, help="%(default)s")
    return made


def parse(by: argparse.ArgumentParser, argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The options, and what stands after `--`: arguments for pytest."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    return by.parse_args(words[:cut]), words[cut + 1 :]


def of_all(options: argparse.Namespace, sides: Sequence[Side], pytest_arguments: Sequence[str]) -> list[str]:
    """Arguments for pytest that are the same on every build."""
    rounds = ["--repeat", str(options.repeat)] if options.repeat > 1 else []
    return [*pytest_arguments, *timings(sides, pytest_arguments), "--seed", str(options.seed), *rounds]
