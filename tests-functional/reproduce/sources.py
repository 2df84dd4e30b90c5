"""What a run was made of, in a form that tells later whether it is the same: the commit, and hashes of the files."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from fleet.build_context import BuildContext
from fleet.images import DOCKER_DIR, PROJECT, SOURCES

NO_SOURCES = ("__pycache__", "*.pyc", ".*", "logs", "reports", "selftests")


def now() -> dict[str, Any]:
    """{"commit": "" where there is no git, "changed": files differ from it, "harness": hash, "nodes": {name: hash}}"""
    commit = _git("rev-parse", "HEAD")
    return {
        "commit": commit,
        "changed": bool(commit and _git("status", "--porcelain", "--", ".")),
        "harness": _hash({"tests-functional": PROJECT / "tests-functional"}, NO_SOURCES),
        "nodes": {node: _hash({folder: DOCKER_DIR / folder for folder in SOURCES[node]}) for node in SOURCES},
    }


def differences(then: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """What is not as it was, a line each. Another commit with the same files is no difference."""
    changed = ["the harness and its tests"] if then["harness"] != today["harness"] else []
    changed += [f"the node {node}" for node, was in then["nodes"].items() if today["nodes"].get(node) != was]
    if not changed:
        return []
    return [f"the sources of {', '.join(changed)} have changed: {_commit(then)} then, {_commit(today)} now"]


def _commit(sources: Mapping[str, Any]) -> str:
    if not sources["commit"]:
        return "no commit"
    return f"commit {sources['commit'][:10]}{' and changes to it' if sources['changed'] else ''}"


def _hash(folders: Mapping[str, Any], left_out: tuple[str, ...] | None = None) -> str:
    context = BuildContext()
    for name, folder in folders.items():
        context.add_tree(folder, name, *([left_out] if left_out else []))
    return context.hash()


def _git(*arguments: str) -> str:
    """ "" where there is no git, or no repository."""
    try:
        done = subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
