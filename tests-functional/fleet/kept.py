"""Nodes that stay up after their run, so that a person can look at them: how to reach them, and until when.

Each process of the run notes its kept nodes in the run's temporary folder; the controller makes one file of them all.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleet.errors import FleetError
from fleet.marks import KEPT_FILE
from fleet.node import Node
from fleet.run import Run

NOTES = "kept"


def note(run: Run, what: str, nodes: Sequence[Node]) -> None:
    """`what`: whose nodes they are, a test's id for instance."""
    folder = run.temp_dir / NOTES
    folder.mkdir(exist_ok=True)
    entry = {"of": what, "nodes": [describe(node) for node in nodes]}
    (folder / f"{run.worker}-{len(list(folder.glob(f'{run.worker}-*')))}.json").write_text(json.dumps(entry))


def noted(run: Run) -> list[dict[str, Any]]:
    """In the order in which it was noted."""
    paths = sorted((run.temp_dir / NOTES).glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text()) for path in paths]


def keep(run: Run, seconds: float) -> list[str]:
    """Gives all of the run to its reapers for `seconds`; returns what to tell people, a line each."""
    kept = {"run_id": run.run_id, "until": time.time() + seconds, "of": noted(run)}
    (run.temp_dir / KEPT_FILE).write_text(json.dumps(kept, indent=1))
    run.keep(seconds)
    until = time.strftime("%H:%M:%S", time.localtime(kept["until"]))
    lines = [f"kept until {until}, then removed:"]
    for entry in kept["of"]:
        lines.append(f"  {entry['of']}")
        for node in entry["nodes"]:
            lines.append(f"    {node['name']} ({node['kind']}): {node['state']}")
            lines += [f"      {line}" for line in node["reach"]]
    return lines


def describe(node: Node) -> dict[str, Any]:
    """`reach`: addresses, commands and paths, a line each."""
    handle = node.handle
    reach = [f"{port:<5} {address}" for port, address in _addresses(node)]
    if "container" in handle:
        container = handle["container"][:12]
        shell = f"docker exec -it {container} sh"
        reach += [f"shell {shell}", f"log   docker logs -f {container}", f"data  {node.data_path} in the container"]
    else:
        reach += [f"log   tail -f {shlex.quote(str(node.log_path))}", f"data  {node.data_path}"]
    return {"name": node.name, "kind": node.spec.kind, "state": node.state().value, "reach": reach}


def _addresses(node: Node) -> list[tuple[str, str]]:
    found = []
    for port in node.spec.ports:
        try:
            url = node.url(port)
        except FleetError:  # it is not running, or off the network: that is worth looking at as well
            continue
        found.append((port, url if port == node.spec.health.port else url.removeprefix("http://")))
    return found


def kept_in(temp_dir: Path) -> dict[str, Any] | None:
    """What `keep` wrote there."""
    file = temp_dir / KEPT_FILE
    return json.loads(file.read_text()) if file.exists() else None
