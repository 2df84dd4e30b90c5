"""The timeline: its data from journal, logs and samples, and the page as a browser shows it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import model, timeline

Evidence = tuple[Path, dict[str, Any]]


def test_lanes_hold_the_test_and_every_node(evidence_folder: Evidence) -> None:
    assert model.build(*evidence_folder)["lanes"] == ["test", "member", "owner"]


def test_arrows_follow_a_message_and_each_step_of_an_archive(evidence_folder: Evidence) -> None:
    built = model.build(*evidence_folder)
    label = {event["seq"]: f"{event['node']} {event['label']}" for event in built["events"]}
    arrows = [(arrow["kind"], label[arrow["from"]], label[arrow["to"]]) for arrow in built["arrows"]]
    assert arrows == [
        ("message", "owner wakuext_sendChatMessage", "member messages.new"),
        ("archive", "owner community.historyArchivesCreated", "member community.indexDownloadCompleted"),
        ("archive", "member community.indexDownloadCompleted", "member community.historyArchiveDownloaded"),
        ("archive", "member community.historyArchiveDownloaded", "member community.downloadingHistoryArchivesFinished"),
    ]


def test_a_fault_is_a_band_until_it_is_healed_or_to_the_end(evidence_folder: Evidence) -> None:
    built = model.build(*evidence_folder)
    healed, running = built["bands"]
    assert (healed["node"], healed["name"], healed["verified"], healed["healed"]) == ("member", "pause", True, True)
    assert (running["node"], running["name"], running["verified"], running["healed"]) == ("owner", "kill", False, False)
    assert running["end"] == built["end"]


def test_resources_are_processors_and_memory_and_a_cut_line_is_left_out(evidence_folder: Evidence) -> None:
    (first, second) = model.build(*evidence_folder)["resources"]["owner"]
    assert first[1:] == [0.0, 50.0]
    assert second[1:] == [0.5, 50.0]


def test_a_journal_that_was_never_written_still_makes_a_page(tmp_path: Path) -> None:
    page = timeline.write(tmp_path, {"id": "t::x", "outcome": "crashed", "began": 5.0, "death": "SIGKILL"})
    assert "SIGKILL" in page.read_text()


def test_the_page_needs_nothing_from_outside(evidence_folder: Evidence) -> None:
    page = timeline.write(*evidence_folder).read_text()
    assert not re.findall(r"""(?:src|href)\s*=\s*["']|@import|url\(\s*["']?http""", page.split('id="data"')[0])
    assert page.count("</script>") == 2, "what a node says must not end the page's script"


def test_a_browser_shows_lanes_arrows_bands_and_the_failing_assertion(
    evidence_folder: Evidence, shown: Callable[..., str]
) -> None:
    page = shown(timeline.write(*evidence_folder))
    counts = Counter(re.findall(r'class="(lane|arrow message|arrow archive|band|band verified|failing|cpu)\s*"', page))
    assert counts == {
        "lane": 3, "arrow message": 1, "arrow archive": 3, "band": 1, "band verified": 1, "failing": 1, "cpu": 1,
    }  # fmt: skip
    assert re.search(r'class="bad failing-text"[^>]*>✗ AssertionError: the member has no message', page)
    assert "call failed" in page and "at tests/test_sample.py:7" in page and "assert 0 == 1" in page
    assert "verdict: product" in page
    assert len(marks(page)) == 9


def test_filters_hide_by_node_kind_and_text(evidence_folder: Evidence, shown: Callable[..., str]) -> None:
    page = timeline.write(*evidence_folder)
    click = "document.querySelector('[data-filter={}]').click();"
    without_member = shown(page, click.format("member"))
    assert len(marks(without_member)) == 5, "the member's four signals are gone"
    assert 'title="member"' not in without_member and "arrow message" not in without_member.split("<svg")[1]
    without_signals = click.format("signal") + "document.title = document.querySelectorAll('[data-seq]').length;"
    search = "const s = document.getElementById('search'); s.value = 'HELLO'; s.dispatchEvent(new Event('input'));"
    searched = shown(page, without_signals + click.format("signal") + search)
    assert "<title>3</title>" in searched, "the step, the RPC and the note"
    assert len(marks(searched)) == 3, "the message's RPC and two signals"


def test_a_mark_shows_its_json_on_hover_and_keeps_it_on_click(
    evidence_folder: Evidence, shown: Callable[..., str]
) -> None:
    page = timeline.write(*evidence_folder)
    mark = "document.querySelector('rect.event.rpc, path.event.rpc')"
    hover = f"{mark}.dispatchEvent(new MouseEvent('mousemove', {{clientX: 50, clientY: 50}}));"
    touched = shown(page, f"{hover} {mark}.dispatchEvent(new MouseEvent('click'));")
    tip = touched.partition('id="tip"')[2].partition("</div>")[0]
    assert "display: block" in tip and "0xfeed" in tip and "hello &lt;/script&gt;&lt;b&gt;" in tip
    assert "wakuext_sendChatMessage" in touched.partition('id="detail"')[2].partition("</div>")[0]


def test_long_values_are_cut_and_say_so(tmp_path: Path) -> None:
    line = {"seq": 0, "wall": 1.0, "mono": 1.0, "node": "a", "kind": "note", "text": "x" * 5000}
    (tmp_path / "journal.jsonl").write_text(json.dumps(line) + "\n")
    (event,) = model.build(tmp_path, {"id": "t", "outcome": "passed"})["events"]
    assert event["data"]["text"].endswith("… (5000 characters)") and len(event["data"]["text"]) < 700


def marks(page: str) -> list[str]:
    """The marks of journal entries in the drawn page."""
    return re.findall(r'data-seq="\d+"', page)
