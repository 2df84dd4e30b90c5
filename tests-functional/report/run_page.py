"""run.json and report.html: the whole run, brought up to date after each test."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report import coverage, files, pace, rates

_STYLE = """
body { font: 13px/1.45 "DejaVu Sans", system-ui, sans-serif; margin: 18px; color: #222; }
h1 { font-size: 17px; } table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px; border-bottom: 1px solid #ddd; }
th { background: #f5f5f5; } td.s { text-align: right; white-space: nowrap; }
.passed { color: #2f8f4e; } .failed, .crashed, .error { color: #c62828; font-weight: bold; } .skipped { color: #888; }
td { min-width: 4em; overflow-wrap: anywhere; } td:first-child { min-width: 17em; }
td.nodes, td.why { min-width: 16em; }
small { color: #666; display: block; max-width: 46em; }
"""


class RunPage:
    """Collects what tests left. Every change is on disk at once, in both files."""

    def __init__(self, run_dir: Path, about: Mapping[str, Any]) -> None:
        """`about`: the id of the run, when it began (Unix time), runtime, timings, image, node versions; JSON."""
        self._dir = run_dir
        self._lock = threading.Lock()
        self._run: dict[str, Any] = {**about, "ended": None, "findings": [], "tests": []}
        self._save()

    @classmethod
    def reopen(cls, run_dir: Path) -> RunPage:
        """With all that is in run.json, if the run came so far."""
        page = cls.__new__(cls)
        page._dir, page._lock = run_dir, threading.Lock()
        page._run = {"run": run_dir.name, "began": run_dir.stat().st_mtime, "ended": None, "findings": [], "tests": []}
        if (run_dir / files.RUN).exists():
            page._run |= files.read_json(run_dir / files.RUN)
        return page

    def add(self, record: Mapping[str, Any], folder: Path) -> None:
        """One test that ended; `record` as plugin.evidence makes it. The last one of a folder stands."""
        entry = {
            **record,
            "folder": folder.name,
            "timeline": f"{folder.name}/{files.TIMELINE}",
            "logs": [f"{folder.name}/{log.name}" for log in sorted(folder.glob("*.log"))],
        }
        with self._lock:
            self._run["tests"] = [test for test in self._run["tests"] if test["folder"] != folder.name] + [entry]
            stretch, test = pace.highest(self._run["tests"])
            self._run["highest_stretch"] = {"stretch": stretch, "test": test if stretch > 1 else ""}
            self._save()

    def add_to_run(self, key: str, value: Any) -> None:
        """What concerns the run as a whole; JSON."""
        with self._lock:
            self._run[key] = value
            self._save()

    def close(self, findings: list[dict[str, Any]]) -> None:
        """`findings`: what the logs of the shared nodes have."""
        with self._lock:
            self._run |= {"ended": time.time(), "findings": findings}
            self._save()

    def _save(self) -> None:
        files.write_json(self._dir / files.RUN, self._run)
        files.write(self._dir / files.REPORT, render(self._run))


def render(run: Mapping[str, Any]) -> str:
    """report.html from what is in run.json."""
    counts: dict[str, int] = {}
    for test in run["tests"]:
        counts[test["outcome"]] = counts.get(test["outcome"], 0) + 1
    took = f" in {run['ended'] - run['began']:.1f} s" if run["ended"] else ", still running"
    title = f"{', '.join(f'{n} {outcome}' for outcome, n in sorted(counts.items())) or 'no test has ended'}{took}"
    facts = ("runtime", "reason", "timings", "image", "waku_fleet", "seed")
    about = "; ".join(f"{name}: {_text(run[name])}" for name in facts if run.get(name))
    versions = ", ".join(f"{_text(name)} {_text(version)}" for name, version in run.get("versions", {}).items())
    rows = "".join(
        _row(test) for test in sorted(run["tests"], key=lambda test: test["outcome"] in ("passed", "skipped"))
    )
    hang = "".join(f"<p class='failed'>{_text(line)}</p>" for line in run.get("hang", ()))
    shared = "".join(f"<li>{_text(_said(finding))}</li>" for finding in run["findings"])
    findings = f"<p class='failed'>The logs of the shared nodes have errors:</p><ul>{shared}</ul>" if shared else ""
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{_text(title)}</title><style>{_STYLE}</style>"
        f"<h1>{_text(title)}</h1><p>run {_text(run['run'])}; {about}; pace: {_text(pace.of_run(run))}</p>"
        f"<p>shared nodes: {versions or 'unknown'}; logs: <a href='fleet/'>fleet</a></p>{hang}{findings}"
        f"{rates.section(run.get('rates'))}"
        "<table><tr><th>test<th>outcome<th>setup<th>call<th>teardown<th>verdict<th>nodes<th>evidence</tr>"
        f"{rows}</table>{coverage.section(run.get('schemas'), run.get('contract'))}</html>\n"
    )


def _row(test: Mapping[str, Any]) -> str:
    durations = {phase["name"]: phase["end"] - phase["begin"] for phase in test.get("phases", [])}
    times = "".join(
        f"<td class='s'>{durations[name]:.2f} s" if name in durations else "<td>"
        for name in ("setup", "call", "teardown")
    )
    verdict = test.get("verdict") or {"of": "", "evidence": []}
    evidence = "".join(f"<small>{_text(line)}</small>" for line in verdict["evidence"])
    death = f"<small>{_text(test['death'])}</small>" if test.get("death") else ""
    slow = f"<small>{_text(stretched)}</small>" if (stretched := pace.of_test(test)) else ""
    past = f"<small>{_text(test['history'])}</small>" if test.get("history") else ""
    nodes = "".join(
        f"<small>{_text(name)}: {_text(node['image'])} {_text(node.get('version') or '')}</small>"
        for name, node in test.get("nodes", {}).items()
    )
    logs = " ".join(f"<a href='{_text(log)}'>{_text(log.rpartition('/')[2])}</a>" for log in test["logs"])
    id_, outcome, page = (_text(test[key]) for key in ("id", "outcome", "timeline"))
    where, _, name = id_.rpartition("::")
    return (
        f"<tr title='{id_}'><td><small>{where.rpartition('/')[2]}</small>{name.replace('_', '_<wbr>')}"
        f"<small>{_text(test.get('worker', ''))}</small>"
        f"<td class='{outcome}'>{outcome}{death}{times}<td class='why'>{_text(verdict['of'])}{evidence}{slow}{past}"
        f"<td class='nodes'>{nodes}<td class='nodes'><a href='{page}'>timeline</a><small>{logs}</small></tr>\n"
    )


def _said(finding: Mapping[str, Any]) -> str:
    return f"{finding['node']}, line {finding['line']}: {finding['text']}"


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
