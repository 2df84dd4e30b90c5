"""What a run exercised of the interface, what it never did, and what did not fit its schema: for run.json, the page
and the terminal. Names are those of schemas: "replies/<service>_<method>", "signals/<type>"."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.mismatch import causes

REPLIES, SIGNALS = "replies/", "signals/"
_MOST_SHOWN = 3
_TOLD = ("test", "node", "subject", "path", "what")


def of_run(records: Iterable[Mapping[str, Any]], known: Sequence[str]) -> dict[str, Any]:
    """The union over the tests of a run.

    `records`: of each test {"test", "checked": how many, "seconds", "exercised": {name: times}, "unknown": [name],
    "mismatches": [{"name", "node", "path", "expected", "came", "file", "times"}]}."""
    exercised: dict[str, int] = {}
    run: dict[str, Any] = {"checked": 0, "seconds": 0.0, "mismatches": []}
    unknown: set[str] = set()
    for record in records:
        run["checked"] += record["checked"]
        run["seconds"] += record["seconds"]
        run["mismatches"] += [{"test": record["test"], **mismatch} for mismatch in record["mismatches"]]
        unknown.update(record["unknown"])
        for name, times in record["exercised"].items():
            exercised[name] = exercised.get(name, 0) + times
    never = [name for name in known if name not in exercised]
    return {
        **run,
        "known": {"methods": len(_of(REPLIES, known)), "signals": len(_of(SIGNALS, known))},
        "exercised": dict(sorted(exercised.items())),
        "never_exercised": {"methods": _of(REPLIES, never), "signals": _of(SIGNALS, never)},
        "unknown": sorted(unknown),
    }


def summary(run: Mapping[str, Any]) -> list[str]:
    """For the terminal, a line each."""
    each = 1e6 * run["seconds"] / max(1, run["checked"])
    changes = len(causes(run["mismatches"]))
    lines = [
        f"schemas: {run['checked']} replies and signals checked ({each:.0f} µs each), "
        + (f"not all fit: {changes} changes of shape" if changes else "all fit")
    ]
    if run["unknown"]:
        lines.append(f"no schema for: {', '.join(_short(name) for name in run['unknown'])}")
    never, known = run["never_exercised"], run["known"]
    lines.append(
        "never exercised: "
        + ", ".join(f"{len(never[what])} of {known[what]} {what}" for what in ("methods", "signals"))
        + " (listed in report.html)"
    )
    return lines


def section(run: Mapping[str, Any] | None, contract: Mapping[str, Any] | None = None) -> str:
    """The same as HTML, with the lists, and what `--contract` found; empty where a run has neither.

    `contract`: {"compared": how many tests, "differences": [{"test", "node", "subject", "path", "what", ...}], ...}."""
    parts = []
    if run:
        parts.append(f"<p>{'; '.join(map(_text, summary(run)[:-1]))}</p>")
        parts.append(_list(misfits(run)))
        for what in ("methods", "signals"):
            never = run["never_exercised"][what]
            parts.append(
                f"<details><summary>{len(never)} of {run['known'][what]} known {what} were never exercised</summary>"
                f"<p>{_text(', '.join(never)) or 'none'}</p></details>"
            )
    if contract:
        found = contract["differences"]
        parts.append(f"<p>{contract['compared']} tests compared with their transcripts, {len(found)} differences</p>")
        parts.append(_list(" ".join(str(each[key]) for key in _TOLD if each[key]) for each in found))
    return f"<h1>Contract</h1>{''.join(parts)}" if parts else ""


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<ul class='failed'>{items}</ul>" if items else ""


def misfits(run: Mapping[str, Any]) -> list[str]:
    """What does not fit, a line for each change of shape."""
    return [f"{cause} (in {_few(cause.subjects)})" for cause in causes(run["mismatches"])]


def _few(names: list[str]) -> str:
    shown = names if len(names) <= _MOST_SHOWN + 1 else names[:_MOST_SHOWN]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def _of(kind: str, names: Iterable[str]) -> list[str]:
    return sorted(name.removeprefix(kind) for name in names if name.startswith(kind))


def _short(name: str) -> str:
    return name.partition("/")[2]


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
