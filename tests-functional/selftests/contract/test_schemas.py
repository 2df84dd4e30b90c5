"""The schemas that are checked in: they accept all that the original program sent, and little else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.archives import BY_NAME
from clients.signal_types import SignalType
from schemas import text
from schemas.ids import ID
from schemas.library import REPLIES, SIGNALS, TYPES, Library
from schemas.samples import Sample, read

HARNESS = Path(__file__).parents[2]
RECORDINGS = sorted((HARNESS.parent / "docker/status-backend/tests/contract").glob("*.jsonl"))


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


@pytest.fixture(scope="module")
def recorded() -> list[Sample]:
    return [sample for path in RECORDINGS for sample in read(path)]


def test_all_that_was_recorded_of_the_original_program_fits(library: Library, recorded: list[Sample]) -> None:
    assert len(recorded) > 150 and len({sample.name for sample in recorded}) > 50
    misfits = [f"{sample.name}: {miss}" for sample in recorded for miss in library.check(sample.name, sample.value)]
    assert misfits == []


def test_a_changed_type_is_refused_wherever_it_is(library: Library, recorded: list[Sample]) -> None:
    tried = 0
    for sample in recorded:
        for path, changed in _with_other_types(sample.value):
            tried += 1
            assert library.check(sample.name, changed), f"{sample.name} accepts another type at {path}"
    assert tried > 5_000


def test_a_field_more_is_refused_wherever_it_is(library: Library, recorded: list[Sample]) -> None:
    for sample in recorded:
        for path, changed in _with_a_field_more(sample.value):
            assert library.check(sample.name, changed), f"{sample.name} accepts one field more at {path}"


def test_a_missing_field_is_refused_unless_it_may_be_missing(library: Library, recorded: list[Sample]) -> None:
    """What may be missing was missing in some answer, of the original program or of ours."""
    refused: dict[bool, int] = {True: 0, False: 0}
    optional = set()
    for sample in recorded:
        for path, changed in _with_a_field_less(sample.value):
            is_refused = bool(library.check(sample.name, changed))
            refused[is_refused] += 1
            if not is_refused:
                optional.add(path[-1])
    assert refused[True] > 15 * refused[False], f"{refused}: {sorted(optional)}"
    assert not optional & {"id", "name", "text", "chatId", "from", "clock", "members", "error", "type", "timestamp"}


def test_every_method_of_the_clients_and_every_signal_has_a_schema(library: Library) -> None:
    methods = {f"{REPLIES}/{method}" for method in _methods_of_services()}
    methods |= {f"{REPLIES}/wakuext_{dialect.enable_method}" for dialect in BY_NAME.values()}
    not_here = ("wallet", "localPairing")  # nothing here sends these
    signals = {f"{SIGNALS}/{kind.value}" for kind in SignalType if not kind.value.startswith(not_here)}
    assert len(methods) > 100
    assert sorted(name for name in methods | signals if name not in library) == []


def test_files_are_written_as_the_tool_writes_them_and_refer_to_files_that_exist(library: Library) -> None:
    assert library.changed() == []
    for name in library.names(REPLIES, SIGNALS, TYPES):
        for reference in _references(library.schemas[name]):
            assert library.target(name, reference) in library, f"{name} refers to {reference}"
    used = {library.target(name, ref) for name, schema in library.schemas.items() for ref in _references(schema)}
    assert set(library.names(TYPES)) <= used, "a type that nobody uses"
    assert all(json.loads(text.dump(schema)) == schema for schema in library.schemas.values())


def _methods_of_services() -> set[str]:
    """What `rpc_request` of each service is called with, read from the source."""
    found = set()
    for path in (HARNESS / "clients/services").glob("*.py"):
        tree = ast.parse(path.read_text())
        spaces = [
            n.value.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "namespace"
        ]
        space = spaces[0] if spaces else path.stem.partition("_")[0]
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", "") == "rpc_request" and isinstance(call.args[0], ast.Constant):
                found.add(f"{space}_{call.args[0].value}")
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


Path_ = tuple[Any, ...]


def _places(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value in `value` with its path; of a list only the first item and the last."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from _places(value[index], (*path, index))


def _replaced(value: Any, path: Path_, new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], new)
    return copy


def _with_other_types(value: Any) -> Iterator[tuple[Path_, Any]]:
    for path, item in _places(value):
        other = {"not": "this"} if not isinstance(item, dict) else 17.5
        yield path, _replaced(value, path, other)


def _with_a_field_more(value: Any) -> Iterator[tuple[Path_, Any]]:
    for path, item in _places(value):
        if isinstance(item, dict) and not all(ID.fullmatch(key) for key in item):
            yield path, _replaced(value, path, {**item, "isNew": True})


def _with_a_field_less(value: Any) -> Iterator[tuple[Path_, Any]]:
    for path, item in _places(value):
        if isinstance(item, dict):
            for key in item:
                if not ID.fullmatch(key):
                    yield (*path, key), _replaced(value, path, {k: v for k, v in item.items() if k != key})
