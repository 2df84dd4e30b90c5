"""Failure rates: Wilson's interval, and reasons that are the same when only volatile values differ."""

from __future__ import annotations

import pytest

from reproduce import rate, reasons
from reproduce.volatile import settled


@pytest.mark.parametrize(
    ("failed", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (10, 10, 0.7225, 1.0), (263, 300, 0.8347, 0.9091)],
)
def test_wilson_as_the_tables_have_it(failed: int, total: int, low: float, high: float) -> None:
    assert rate.wilson(failed, total) == pytest.approx((low, high), abs=0.0001)


def test_reasons_are_grouped_and_what_fails_most_comes_first() -> None:
    rounds = [
        ("seldom", rate.Round(1, 7)),
        ("often", rate.Round(2, 8, "late", "logs/often-2")),
        ("often", rate.Round(1, 7, "wrong")),
        ("seldom", rate.Round(2, 8, "late")),
        ("seldom", rate.Round(3, 9)),
        ("often", rate.Round(3, 9, "late")),
    ]
    often, seldom = rate.of_rounds(rounds)
    assert (str(often), often.failed, seldom.failed) == (
        "often: failed 3 of 3 (100%; 95 % interval 44% to 100%)", 3, 1,
    )  # fmt: skip
    assert {reason: [one.number for one in found] for reason, found in often.reasons.items()} == {
        "late": [2, 3],
        "wrong": [1],
    }
    assert list(often.reasons) == ["late", "wrong"]
    assert often.to_json()["reasons"]["late"][0] == {
        "number": 2, "seed": 8, "reason": "late", "evidence": "logs/often-2",
    }  # fmt: skip


def test_a_reason_forgets_what_differs_from_run_to_run() -> None:
    messages = [
        f"WaitTimeout: no messages.new from owner-{worker} within {limit} s: {cid} {key} http://127.0.0.1:{port}/x {at}"
        for worker, limit, cid, key, port, at in [
            ("gw0-3", "12.5", "zDvZRwzm3UqTkWnt7x1cQ9", "0x02b3aa81f3c4", 43211, "2026-11-24T13:43:30.123Z"),
            ("main-12", "30.1", "zDvZRwzmFFqTkWnt9x2cQ", "0x03f0f0f0f0f0f1", 9, "2026-11-25 01:02:03"),
        ]
    ]
    assert len({settled(message) for message in messages}) == 1
    assert settled(messages[0]).startswith("WaitTimeout: no messages.new from owner within <n> s: <id> ")


@pytest.mark.parametrize(
    "text", ["assert 2 == 1", "assert {} == {'a': 'hello'}", "round-3 of test_x failed with code 137"]
)
def test_a_reason_keeps_what_says_something(text: str) -> None:
    assert reasons.of_text(text) == text


def test_the_reason_of_a_record() -> None:
    failed = {
        "outcome": "failed",
        "phases": [{}, {"error": "AssertionError: one\n  two"}],
        "verdict": {"of": "product", "evidence": []},
    }
    assert reasons.of_record(failed) == "product: AssertionError: one"
    crashed = {"outcome": "crashed", "phases": [], "death": "worker gw0 was ended by signal 9 (SIGKILL)"}
    assert reasons.of_record(crashed) == "worker gw0 was ended by signal 9 (SIGKILL)"
    audited = {"outcome": "error", "phases": [], "verdict": {"of": "product", "evidence": ["panic in a log"]}}
    assert reasons.of_record(audited) == "product: panic in a log"
    audited["phases"] = [
        {"name": "teardown", "error": "Failed: the logs of the nodes in /a/logs/20261124-120000-abcdef"}
    ]
    assert reasons.of_record(audited) == "product: panic in a log"
    del audited["verdict"]
    assert reasons.of_record(audited) == "Failed: the logs of the nodes in logs/<run>"
    assert reasons.of_record({"outcome": "passed", "phases": []}) == ""
