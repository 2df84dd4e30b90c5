"""timeline.html: one page for one test, with all it needs inside."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report import files, model


def write(folder: Path, record: Mapping[str, Any]) -> Path:
    """Builds the page from what is in `folder` at this moment."""
    return write_model(folder, model.build(folder, record))


def write_model(folder: Path, timeline: Mapping[str, Any]) -> Path:
    page = (files.TEMPLATES / "timeline_template.html").read_text(encoding="utf-8")
    script = (files.TEMPLATES / "timeline.js").read_text(encoding="utf-8")
    title = html.escape(str(timeline["test"]).rpartition("::")[2])
    # The data comes last: nothing in it is taken for a placeholder.
    page = page.replace("{{title}}", title).replace("{{script}}", script).replace("{{data}}", files.embedded(timeline))
    path = folder / files.TIMELINE
    files.write(path, page)
    return path
