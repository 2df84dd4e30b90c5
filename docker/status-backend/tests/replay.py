"""Plays a recording of the original program against our nodes, line by line, and compares.

Everything must be equal, except: a time only has to be a time; an id (key, address, uuid, message id) must stand
wherever the recording has the same id, and nowhere else. What else differs is listed by path, with the reason: as
different by intent, or as varying from profile to profile, where the shape still counts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import requests
from backend_process import DEADLINE, BackendProcess

CONTRACT = Path(__file__).parent / "contract"

# A community id may be followed by the uuid of one of its channels, whose first digits are hex as well.
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(rf"0x[0-9a-f]{{66}}(?={_UUID})|0x[0-9a-fA-F]{{40,}}|{_UUID}|\bzQ3\w{{46}}|\b16Uiu2\w{{46}}")
# Seconds, milliseconds or nanoseconds since 1970, of a year from 2017 on.
_TIME = range(1_500_000_000, 2**63)

Reasons = dict[str, str]  # by path


class Ids:
    """Which id of ours stands for which recorded one: learnt where it is first met, held to from then on."""

    def __init__(self, ours: dict[str, str] | None = None, recorded: dict[str, str] | None = None) -> None:
        self._ours = dict(ours or {})
        self._recorded = dict(recorded or {})

    def copy(self) -> Ids:
        return Ids(self._ours, self._recorded)

    def translate(self, text: str) -> str:
        """A recorded text with our ids in it."""
        return _ID.sub(lambda match: self._ours.get(match[0], match[0]), text)

    def same(self, ours: str, recorded: str) -> bool:
        found, expected = _ID.findall(ours), _ID.findall(recorded)
        if _ID.sub("*", ours) != _ID.sub("*", recorded) or [*map(len, found)] != [*map(len, expected)]:
            return False
        return all(self._pair(*pair) for pair in zip(found, expected, strict=True))

    def _pair(self, ours: str, recorded: str) -> bool:
        return self._ours.setdefault(recorded, ours) == ours and self._recorded.setdefault(ours, recorded) == recorded


class Replay:
    """One recording and the nodes that it is played against, by their name in it.

    A path begins with the name of a step, or with the type of a signal and the line that it is recorded on
    (`messages.new:29.communities`); in a pattern `*` stands for anything.

    nodes        in the order in which they appear
    differences  what is not compared; a whole step or signal, or a part of it
    varies       where only the shape is compared: keys and types, of a list its first item
    ours_only    types of signals that may come though they were not recorded
    added        fields for the bodies of a function's requests
    """

    def __init__(
        self,
        rows: list[dict[str, Any]],
        nodes: dict[str, BackendProcess],
        differences: Reasons,
        varies: Reasons,
        ours_only: Reasons,
        added: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        # An answer is recorded after the signals that its request caused: sorted by when a request began.
        numbered = [{**row, "line": number} for number, row in enumerate(rows, start=1)]
        self.rows = sorted(numbered, key=lambda row: row.get("t", 0) - row.get("ms", 0) / 1000)
        self.mismatches: list[str] = []
        self.unused = set(differences)
        self.patience = 20.0  # seconds for a signal
        self._nodes = nodes
        self._differences = differences
        self._varies = varies
        self._ours_only = ours_only
        self._added = added or {}
        self._ids = Ids()
        self._taken: dict[str, set[int]] = {name: set() for name in nodes}

    def run(self) -> None:
        """Play all, then see that nothing is left over: neither signals of ours nor reasons."""
        for row in self.rows:
            if "request" in row:
                self._request(row)
            elif "signal" in row:
                self._signal(row)
        for name, node in self._nodes.items():
            for index, signal in enumerate(node.signals):
                known = index in self._taken[name] or signal["type"] in self._ours_only
                if not known:
                    self.mismatches.append(f"{name} signals what was not recorded: {json.dumps(signal)}")
        self.mismatches += [f"this difference is none: {path}" for path in sorted(self.unused)]
        assert not self.mismatches, "\n" + "\n".join(self.mismatches)

    def _request(self, row: dict[str, Any]) -> None:
        node = self._node(row)
        path = row["request"]["path"]
        answer = requests.post(node.url + path, data=self._body(node, row), timeout=DEADLINE)
        step = row["step"]
        assert answer.status_code == row["http_status"], step
        content = "text/plain" if answer.status_code == 404 else "application/json"
        assert answer.headers["Content-Type"].startswith(row.get("content_type", content)), step
        expected = self._here(node, row, row["response"])
        ours = answer.json() if isinstance(expected, dict) else answer.text
        self.mismatches += self._compare(ours, expected, step, self._ids)

    def _body(self, node: BackendProcess, row: dict[str, Any]) -> str | None:
        body = row["request"].get("body")
        if body is None:
            return None
        body = json.loads(self._ids.translate(json.dumps(self._here(node, row, body))))
        function = row["request"]["path"].removeprefix("/statusgo/")
        return json.dumps({**body, **self._added.get(function, {})})

    @staticmethod
    def _here(node: BackendProcess, row: dict[str, Any], value: Any) -> Any:
        """With the node's directory where the recording has a placeholder."""
        directory = str(node.data_dir)
        return json.loads(json.dumps(value).replace(f"$DATA/{row.get('node')}", directory).replace("$PATH", directory))

    def _signal(self, row: dict[str, Any]) -> None:
        """The recorded order of signals against answers is chance; so is that of signals that nothing orders."""
        expected = row["signal"]
        path = f"{expected['type']}:{row['line']}"
        if self._reason(path):
            return
        node, taken, end = self._node(row), self._taken[row["node"]], time.monotonic() + self.patience
        tried: dict[int, list[str]] = {}
        while True:
            seen = len(node.signals)
            for index, signal in enumerate(node.signals[:seen]):
                if signal["type"] != expected["type"] or index in taken or index in tried:
                    continue
                ids = self._ids.copy()
                tried[index] = list(self._compare(signal["event"], expected["event"], path, ids))
                if not tried[index]:
                    self._ids = ids
                    taken.add(index)
                    return
            if not node.more_signals(seen, end - time.monotonic()):
                self.patience = 0.2  # the test has failed: see what else does, soon
                self.mismatches.append(f"{path}: not signalled; what comes closest differs so:")
                self.mismatches += min(tried.values(), key=len, default=[])
                return

    def _node(self, row: dict[str, Any]) -> BackendProcess:
        return self._nodes[row["node"]] if "node" in row else next(iter(self._nodes.values()))

    def _compare(self, ours: Any, recorded: Any, path: str, ids: Ids) -> Iterator[str]:
        """What differs, a line each."""
        if self._reason(path):
            return
        if any(fnmatchcase(path, pattern) for pattern in self._varies):
            if shape(ours) != shape(recorded):
                yield f"{path}: {shape(ours)}, not {shape(recorded)}"
        elif isinstance(recorded, dict) and isinstance(ours, dict):
            yield from self._compare_objects(ours, recorded, path, ids)
        elif isinstance(recorded, list) and isinstance(ours, list):
            if len(ours) != len(recorded):
                yield f"{path}: {len(ours)} items, not {len(recorded)}"
            for index, (mine, theirs) in enumerate(zip(ours, recorded, strict=False)):
                yield from self._compare(mine, theirs, f"{path}[{index}]", ids)
        elif isinstance(recorded, str) and isinstance(ours, str):
            if not ids.same(ours, recorded):
                yield f"{path}: {ours!r}, not {ids.translate(recorded)!r}"
        elif (type(ours), ours) != (type(recorded), recorded) and not (_is_time(ours) and _is_time(recorded)):
            yield f"{path}: {ours!r}, not {recorded!r}"

    def _compare_objects(self, ours: dict[str, Any], recorded: dict[str, Any], path: str, ids: Ids) -> Iterator[str]:
        expected = {ids.translate(key): value for key, value in recorded.items()}
        missing, extra = expected.keys() - ours.keys(), ours.keys() - expected.keys()
        if len(missing) == len(extra) == 1 and ids.same(*extra, *missing):  # an id that is met here first
            expected[extra.pop()] = expected.pop(missing.pop())
        for key in sorted(missing | extra):
            if not self._reason(f"{path}.{key}"):
                yield f"{path}.{key}: {'not recorded' if key in extra else 'missing'}"
        for key in expected.keys() & ours.keys():
            yield from self._compare(ours[key], expected[key], f"{path}.{key}", ids)

    def _reason(self, path: str) -> bool:
        found = [pattern for pattern in self._differences if fnmatchcase(path, pattern)]
        self.unused.difference_update(found)
        return bool(found)


def recording(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CONTRACT / f"{name}.jsonl").open()]


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and value in _TIME
