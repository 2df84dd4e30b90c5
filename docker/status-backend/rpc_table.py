#!/usr/bin/env python3
"""Writes the table of all RPC methods into README.md, from the services' own code; `--check` only compares."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

ROOT = Path(__file__).parent
README = ROOT / "README.md"
DIALECTS = ("codex", "logos-storage", "torrent")
START, END = "<!-- rpc_table.py writes from here -->", "<!-- to here -->"


def services() -> list[type]:
    """All service classes, of all dialects of the archives."""
    from status_backend import api
    from status_backend.rpc import Service

    for module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        importlib.import_module(module.name)
    importlib.import_module("status_backend.archives.api")
    return [kind for kind in _descendants(Service) if kind.namespace and kind.__module__.startswith("status_backend.")]


def methods() -> dict[str, tuple[type, Any]]:
    """Each method's full name with the class that offers it and its function; sorted by name."""
    offered = {
        f"{service.namespace}_{function.__rpc_name__}": (service, function)
        for service in services()
        for _, function in inspect.getmembers(service, inspect.isfunction)
        if hasattr(function, "__rpc_name__")
    }
    return dict(sorted(offered.items()))


def table() -> str:
    lines = ["| method | parameters | |", "|---|---|---|"]
    for name, (service, function) in methods().items():
        lines.append(f"| `{name}` | {_parameters(function)} | {_notes(service, function)} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser("rpc_table.py", description=__doc__, allow_abbrev=False)
    options.add_argument("--check", action="store_true", help="fail if the table is out of date")
    check = options.parse_args().check
    text = README.read_text()
    before, rest = text.split(START)
    _, after = rest.split(END)
    updated = f"{before}{START}\n{table()}\n{END}{after}"
    if updated == text:
        return
    if check:
        sys.exit("README.md: the table of RPC methods is out of date: run rpc_table.py")
    README.write_text(updated)


def _descendants(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _parameters(function: Any) -> str:
    from status_backend.go_json import type_name

    hints = get_type_hints(function, include_extras=True)
    shown = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        text = f"{parameter.name}: `{type_name(hints.get(parameter.name, Any))}`"
        shown.append(text if parameter.default is inspect.Parameter.empty else f"[{text}]")
    return ", ".join(shown)


def _notes(service: type, function: Any) -> str:
    first = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    return " ".join(part for part in (_dialects(service), first) if part)


def _dialects(service: type) -> str:
    """Which dialects of the archive API have it, unless all do."""
    from status_backend.archives import api

    if service.__module__ != api.__name__:
        return ""
    offered = {name: api.services_of(SimpleNamespace(dialect=SimpleNamespace(name=name))) for name in DIALECTS}
    names = [name for name, services_ in offered.items() if service in map(type, services_)]
    return "" if len(names) == len(DIALECTS) else f"({', '.join(names)})"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
