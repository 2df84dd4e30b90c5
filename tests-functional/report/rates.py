"""The failure rates of a run with repeated tests, for report.html."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def section(rates: Sequence[Mapping[str, Any]] | None) -> str:
    """`rates`: as reproduce.rate.Rate.to_json makes them; nothing where no test was repeated."""
    if not rates:
        return ""
    return f"<h2>How often it failed</h2><ul>{''.join(map(_rate, rates))}</ul>"


def _rate(rate: Mapping[str, Any]) -> str:
    reasons = "".join(
        f"<li>{len(rounds)} × {html.escape(reason)}<small>{' '.join(map(_round, rounds))}</small></li>"
        for reason, rounds in rate["reasons"].items()
    )
    outcome = "failed" if rate["failed"] else "passed"
    said = f"<span class='{outcome}'>{html.escape(rate['said'])}</span>"
    return f"<li>{html.escape(rate['test'])}: {said}<ul>{reasons}</ul></li>"


def _round(one: Mapping[str, Any]) -> str:
    text = f"round {one['number']} (--seed {one['seed']})"
    folder = Path(one["evidence"]).name
    return f"<a href='{html.escape(folder, quote=True)}/timeline.html'>{text}</a>" if folder else text
