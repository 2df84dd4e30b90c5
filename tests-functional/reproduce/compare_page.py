"""compare.html: two runs side by side, self-contained."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from report import files
from reproduce.divergence import Row

if TYPE_CHECKING:
    from reproduce.compare import Compared

_STYLE = """
body { font: 13px/1.45 "DejaVu Sans", system-ui, sans-serif; margin: 18px; color: #222; }
h1 { font-size: 17px; } h2 { font-size: 15px; margin: 26px 0 4px; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; max-width: 1500px; }
th, td { text-align: left; vertical-align: top; padding: 3px 8px; border-bottom: 1px solid #e4e4e4; }
td, th, h2 { overflow-wrap: anywhere; }
th { background: #f5f5f5; } .s { width: 5.5em; text-align: right; color: #666; } .lane { width: 8em; }
.parts td { background: #fff3cd; } .first td { background: #ffd9d9; font-weight: bold; }
.passed { color: #2f8f4e; } .failed { color: #c62828; } .none { color: #999; font-style: italic; }
summary { cursor: pointer; color: #444; margin: 6px 0; }
p.first { background: #ffd9d9; padding: 6px 10px; max-width: 1480px; }
"""


def render(compared: Sequence[Compared], names: tuple[str, str], about: Mapping[str, Any]) -> str:
    """`about`: {"seed", "reports": hrefs of both runs' report.html, "lonely": lines}."""
    apart = sum(one.parting is not None for one in compared)
    title = f"{names[0]} and {names[1]}: they part in {apart} of {len(compared)} tests"
    reports = ", ".join(f"<a href='{_text(href)}'>{_text(name)}</a>" for name, href in zip(names, about["reports"]))
    lonely = "".join(f"<p class='failed'>{_text(line)}</p>" for line in about["lonely"])
    tests = "".join(_test(one, names, about["reports"]) for one in compared)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{_text(title)}</title><style>{_STYLE}</style>"
        f"<h1>{_text(title)}</h1><p>seed {about['seed']}; reports: {reports}</p>"
        "<p>Events are compared lane by lane, without ids and times. The sides part where one has an event in every "
        f"round and the other in none.</p>{lonely}{tests}</html>\n"
    )


def _test(one: Compared, names: tuple[str, str], reports: Sequence[str]) -> str:
    heads = "".join(_head(one, side, name, reports[side]) for side, name in enumerate(names))
    parting = one.parting
    if parting is None:
        said, rows = "<p class='passed'>Nothing parts their timelines.</p>", ""
    else:
        said = f"<p class='first'>They part at <b>{_text(parting.lane)}: {_text(parting.what)}</b></p>"
        rows = "".join(_row(row, "parts") for row in one.rows if row.parts and row is not parting)
        rows = f"<table>{_columns(names)}{_row(parting, 'first')}{rows}</table>"
    every = "".join(_row(row, "first" if row is parting else "parts" if row.parts else "") for row in one.rows)
    timelines = (
        f"<details><summary>all {len(one.rows)} events</summary><table>{_columns(names)}{every}</table></details>"
    )
    return f"<h2>{_text(one.test)}</h2>{heads}{said}{rows}{timelines}"


def _head(one: Compared, side: int, name: str, report: str) -> str:
    reasons = "; ".join(one.why(side))
    base = report.rpartition("/")[0]
    links = " ".join(
        f"<a href='{_text(base)}/{_text(record['folder'])}/{files.TIMELINE}'>timeline {record.get('round', 1)}</a>"
        for record in one.rounds[side]
    )
    kind = "failed" if reasons else "passed"
    return f"<div>{_text(name)}: <span class='{kind}'>{_text(one.outcome(side))}</span> {_text(reasons)} {links}</div>"


def _columns(names: tuple[str, str]) -> str:
    a, b = map(_text, names)
    return f"<tr><th class='s'>s<th class='lane'>lane<th>event<th>{a}<th>{b}<th class='s'>s</tr>"


def _row(row: Row, kind: str) -> str:
    times = ["" if time is None else f"{time:.2f}" for time in row.times]
    cells = [
        "<td class='none'>did not happen" if outcome is None else f"<td>{_text(outcome) or '✓'}"
        for outcome in row.outcomes
    ]
    return (
        f"<tr class='{kind}'><td class='s'>{times[0]}<td>{_text(row.lane)}<td>{_text(row.what)}"
        f"{''.join(cells)}<td class='s'>{times[1]}</tr>\n"
    )


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
