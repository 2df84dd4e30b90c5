"""Two transcripts of one test: put together, so that what differs is from then on known to vary, or compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from golden import merged
from golden.transcript import ELSEWHERE, Transcript

_MOST_VARIANTS = 6


@dataclass(frozen=True)
class Difference:
    """`subject` is a method or a signal; `path` a field in it ("$" is its root), empty where it is about the subject as
    a whole. `what`: missing field, new field, type changed, value changed, call missing, call not recorded, signal
    missing, signal not recorded, order changed, node missing, node not recorded."""

    node: str
    subject: str
    path: str
    what: str
    expected: Any = None
    came: Any = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def together(golden: Transcript, seen: Transcript) -> Transcript:
    """What both recordings have is always there, the rest sometimes; values of both are allowed."""
    nodes = {}
    for role in dict.fromkeys([*golden["nodes"], *seen["nodes"]]):
        one, other = golden["nodes"].get(role), seen["nodes"].get(role)
        nodes[role] = _nodes_together(one, other) if one and other else one or other
    return {"test": golden["test"], "nodes": nodes}


def differences(golden: Transcript, seen: Transcript) -> list[Difference]:
    """Of what was seen from what was recorded."""
    found: list[Difference] = []
    for role in dict.fromkeys([*golden["nodes"], *seen["nodes"]]):
        if role not in seen["nodes"]:
            found.append(Difference(role, "", "", "node missing"))
        elif role not in golden["nodes"]:
            found.append(Difference(role, "", "", "node not recorded"))
        else:
            found += _of_node(role, golden["nodes"][role], seen["nodes"][role])
    return found


# together


def _nodes_together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        "calls": list(_calls_together(one["calls"], other["calls"])),
        "replies": {
            method: merged.merge([node["replies"][method] for node in (one, other) if method in node["replies"]])
            for method in dict.fromkeys([*one["replies"], *other["replies"]])
        },
        "signals": {
            kind: _signals_together([node["signals"][kind] for node in (one, other) if kind in node["signals"]])
            for kind in sorted({*one["signals"], *other["signals"]})
        },
        "order": _common(one["order"], other["order"]),
    }


def _signals_together(signals: list[dict[str, Any]]) -> dict[str, Any]:
    together = {"event": merged.merge([signal["event"] for signal in signals])}
    sometimes = len(signals) == 1 or any("sometimes" in signal for signal in signals)
    return together | ({"sometimes": True} if sometimes else {})


def _calls_together(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for mine, theirs in _aligned(one, other):
        call = mine or theirs
        assert call is not None
        if mine and theirs:
            for part in ("request", "reply", "error"):
                found = [side[part] for side in (mine, theirs) if part in side]
                if found:
                    call = {**call, part: _variants(found)}
        if not (mine and theirs) or "sometimes" in mine or "sometimes" in theirs:
            call = {**call, "sometimes": True}
        yield call


def _variants(values: list[Any]) -> Any:
    distinct: list[Any] = []
    for value in values:
        for variant in _of_variants(value):
            if not any(_same(variant, known) for known in distinct):
                distinct.append(variant)
    if len(distinct) > _MOST_VARIANTS or {merged.ANY: "value"} in distinct:
        return {merged.ANY: "value"}
    return distinct[0] if len(distinct) == 1 else {merged.ONE_OF: distinct}


def _of_variants(value: Any) -> list[Any]:
    return value[merged.ONE_OF] if isinstance(value, dict) and value.keys() == {merged.ONE_OF} else [value]


def _same(one: Any, other: Any) -> bool:
    return (type(one), one) == (type(other), other)


def _common(one: list[str], other: list[str]) -> list[str]:
    """The longest order that holds in both."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [kind for block in blocks for kind in one[block.a : block.a + block.size]]


def _aligned(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Pairs of the same call; None where one side has no such call there."""
    names = [call["call"] for call in one], [call["call"] for call in other]
    for tag, a, a_end, b, b_end in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(one[a:a_end], other[b:b_end], strict=True)
        else:
            yield from ((call, None) for call in one[a:a_end])
            yield from ((None, call) for call in other[b:b_end])


# differences


def _of_node(role: str, golden: dict[str, Any], seen: dict[str, Any]) -> Iterator[Difference]:
    yield from _of_calls(role, golden["calls"], seen["calls"], golden["replies"])
    for method, reply in seen["replies"].items():
        if method in golden["replies"]:
            yield from _of_merged(role, method, golden["replies"][method], reply)
    for kind, signal in golden["signals"].items():
        if kind in seen["signals"]:
            yield from _of_merged(role, kind, signal["event"], seen["signals"][kind]["event"])
        elif "sometimes" not in signal:
            yield Difference(role, kind, "", "signal missing")
    for kind in seen["signals"].keys() - golden["signals"].keys():
        yield Difference(role, kind, "", "signal not recorded")
    expected = [kind for kind in golden["order"] if kind in seen["order"]]
    came = [kind for kind in seen["order"] if kind in expected]
    if expected != came:
        yield Difference(role, "signals", "", "order changed", expected, came)


def _of_calls(
    role: str, golden: list[dict[str, Any]], seen: list[dict[str, Any]], replies: dict[str, Any]
) -> Iterator[Difference]:
    """`replies`: the recorded ones that are too long for their call's line."""
    missing, extra = [], []
    for recorded, call in _aligned(golden, seen):
        if recorded is None:
            extra.append(call["call"])
        elif call is None:
            if "sometimes" not in recorded:
                missing.append(recorded["call"])
        else:
            yield from _of_call(role, recorded, call, replies.get(call["call"]))
    for name in missing:
        what = "order changed" if name in extra else "call missing"
        if name in extra:
            extra.remove(name)
        yield Difference(role, name, "", what)
    known = {call["call"] for call in golden if "sometimes" in call}
    for name in extra:
        if name not in known:
            yield Difference(role, name, "", "call not recorded")


def _of_call(role: str, recorded: dict[str, Any], call: dict[str, Any], long: Any) -> Iterator[Difference]:
    name = call["call"]
    for part in ("request", "reply", "error"):
        if part not in call:
            continue  # where an answer was recorded and an error came, the error tells
        if part not in recorded:
            recorded_answer = recorded.get("reply", recorded.get("error"))
            yield Difference(role, name, part, "value changed", recorded_answer, call[part])
            continue
        variants = _of_variants(recorded[part])
        if {merged.ANY: "value"} in variants or any(_same(call[part], variant) for variant in variants):
            continue
        expected = merged.merge([long if variant == ELSEWHERE else merged.of(variant) for variant in variants])
        found = list(_of_merged(role, name, expected, merged.of(call[part]), part))
        yield from found or [Difference(role, name, part, "value changed", recorded[part], call[part])]


def _of_merged(role: str, subject: str, golden: Any, seen: Any, root: str = "$") -> Iterator[Difference]:
    for change in merged.changes(golden, seen, root):
        yield Difference(role, subject, change.path, change.what, change.expected, change.came)
