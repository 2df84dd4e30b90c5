"""The timeline of one test as data: what its page draws. Times are seconds since `begin`, a Unix time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from journal.reading import read_journal
from report import arrows, audit, files

TEST = "test"
_LONGEST_TEXT = 600
_DEEPEST = 6
_MOST_ITEMS = 30


def build(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """From the journal, logs and samples in `folder`, and what is known of the test (`record`, see plugin.evidence)."""
    journal = folder / files.JOURNAL
    entries = list(read_journal(journal)) if journal.exists() else []
    findings = audit.scan_folder(folder)
    samples = _samples(folder / files.RESOURCES)
    moments = [e["wall"] - e.get("duration", 0) for e in entries] + [
        phase["begin"] for phase in record.get("phases", [])
    ]
    begin = min(moments, default=record.get("began", 0.0))
    events = [_event(entry, begin) for entry in _without_ended_begins(entries) if entry["kind"] != "fault"]
    ends = [e["t"] + e["d"] for e in events] + [phase["end"] - begin for phase in record.get("phases", [])]
    end = max([*ends, 0.001])
    return {
        "test": record["id"],
        "outcome": record["outcome"],
        "verdict": record.get("verdict"),
        "failures": [_failure(phase, begin) for phase in record.get("phases", []) if phase.get("error")],
        "death": record.get("death"),
        "begin": begin,
        "end": end,
        "lanes": _lanes(entries, folder),
        "phases": [
            {"name": p["name"], "t": p["begin"] - begin, "d": p["end"] - p["begin"]} for p in record.get("phases", [])
        ],
        "events": events,
        "arrows": list(arrows.find(entries)),
        "bands": list(_bands(entries, begin, end)),
        "log_errors": [{**f.to_json(), "t": None if f.wall is None else f.wall - begin} for f in findings],
        "resources": _resources(samples, begin),
        "logs": [log.name for log in sorted(folder.glob("*.log"))],
    }


def _failure(phase: Mapping[str, Any], begin: float) -> dict[str, Any]:
    """The failing assertion: when, where, what it says."""
    return {"phase": phase["name"], "t": phase["end"] - begin, "where": phase.get("where", ""), "text": phase["error"]}


def _event(entry: Mapping[str, Any], begin: float) -> dict[str, Any]:
    duration = entry.get("duration", 0) if entry["kind"] in ("rpc", "http", "step") else 0
    return {
        "seq": entry["seq"],
        "t": entry["wall"] - begin - duration,
        "d": duration,
        "node": entry["node"],
        "kind": entry["kind"],
        "label": _label(entry),
        "failed": bool(entry.get("error")),
        "data": _shortened({k: v for k, v in entry.items() if k not in ("seq", "mono", "node", "kind")}),
    }


def _without_ended_begins(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A step that has ended is one event, with its duration; only one that never ended shows its begin."""
    begun: dict[tuple[str, str], list[int]] = {}
    kept = {entry["seq"]: entry for entry in entries}
    for entry in entries:
        if entry["kind"] != "step":
            continue
        name = (entry["node"], entry["name"])
        if entry["phase"] == "begin":
            begun.setdefault(name, []).append(entry["seq"])
        elif begun.get(name):
            del kept[begun[name].pop()]
    return list(kept.values())


def _label(entry: Mapping[str, Any]) -> str:
    match entry["kind"]:
        case "signal":
            return str(entry["type"])
        case "rpc":
            return str(entry["method"])
        case "http":
            return f"{entry['method']} /{str(entry['url']).split('/', 3)[-1].split('?')[0]}"
        case "step":
            return str(entry["name"]) if entry["phase"] == "end" else f"{entry['name']} ({entry['phase']})"
        case _:
            return str(entry.get("text") or entry.get("name") or entry["kind"])[:80]


def _lanes(entries: Iterable[Mapping[str, Any]], folder: Path) -> list[str]:
    """The test first, then nodes in the order in which they appear, then those that only have a log."""
    names = dict.fromkeys([TEST, *(entry["node"] for entry in entries if entry["node"])])
    return list(names | dict.fromkeys(log.stem for log in sorted(folder.glob("*.log"))))


def _bands(entries: Iterable[Mapping[str, Any]], begin: float, end: float) -> Iterator[dict[str, Any]]:
    """A fault lasts from `inject` until `healed`, or until the end where it never was."""
    running: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] != "fault":
            continue
        key = (entry["node"], entry["name"])
        if entry["phase"] == "inject" and key not in running:
            running[key] = {
                "node": entry["node"],
                "name": entry["name"],
                "t": entry["wall"] - begin,
                "verified": False,
                "healed": False,
            }
        elif key in running and entry["phase"] == "verified":
            running[key]["verified"] = True
        elif key in running and entry["phase"] == "healed":
            band = running.pop(key)
            yield {**band, "healed": True, "end": entry["wall"] - begin}
    for band in running.values():
        yield {**band, "end": end}


def _samples(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [
        json.loads(line) for line in lines if line.endswith("\n")
    ]  # the last may be cut where its writer was killed


def _resources(samples: Iterable[Mapping[str, Any]], begin: float) -> dict[str, list[list[float]]]:
    """Per node [[t, processors in use since the sample before, MiB resident], ...]."""
    series: dict[str, list[list[float]]] = {}
    before: dict[str, Mapping[str, Any]] = {}
    for sample in samples:
        last = before.get(sample["node"])
        used = 0.0
        if last and sample["wall"] > last["wall"]:
            # Less than before: the node was started again, and counts from zero.
            used = max(0.0, sample["cpu_seconds"] - last["cpu_seconds"]) / (sample["wall"] - last["wall"])
        before[sample["node"]] = sample
        point = [round(sample["wall"] - begin, 3), round(used, 3), round(sample["rss_bytes"] / 2**20, 1)]
        series.setdefault(sample["node"], []).append(point)
    return series


def _shortened(value: Any, depth: int = 0) -> Any:
    """Enough to understand it; the journal has the whole."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {k: _shortened(v, depth + 1) for k, v in value.items()} if depth < _DEEPEST else "{…}"
    if isinstance(value, list):
        if depth >= _DEEPEST:
            return "[…]"
        short = [_shortened(item, depth + 1) for item in value[:_MOST_ITEMS]]
        return short + ([f"… {len(value) - _MOST_ITEMS} more"] if len(value) > _MOST_ITEMS else [])
    return value
