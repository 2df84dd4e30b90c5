"""The schemas of a folder: loaded, checked against, changed, written."""

from __future__ import annotations

import copy
import difflib
import json
import posixpath
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from schemas import text
from schemas.mismatch import Mismatch, explain

FOLDER = Path(__file__).parent
REPLIES, SIGNALS, TYPES = "replies", "signals", "types"

# Only so that relative references have something to be relative to.
_BASE = "schema:///"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Library:
    """A schema's name is its path without the suffix: "replies/wakuext_chats", "signals/node.login", "types/Chat"."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """:raises ValueError: a file that is no JSON, or no schema"""
        self.folder = folder
        self._texts: dict[str, str] = {}
        self.schemas: dict[str, Any] = {}
        self._validators: dict[str, Any] = {}
        for path in sorted(path for kind in (REPLIES, SIGNALS, TYPES) for path in (folder / kind).glob("*.json")):
            name = f"{path.parent.name}/{path.stem}"
            self._texts[name] = path.read_text(encoding="utf-8")
            try:
                self.schemas[name] = json.loads(self._texts[name])
                jsonschema_rs.meta.validate({"$schema": _DRAFT, **self.schemas[name]})
            except (ValueError, jsonschema_rs.ValidationError) as error:
                raise ValueError(f"{path} is no JSON Schema: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self.schemas

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def names(self, *kinds: str) -> list[str]:
        return sorted(name for name in self.schemas if name.partition("/")[0] in kinds)

    # checking

    def check(self, name: str, value: Any) -> list[Mismatch]:
        """Where `value` does not fit; what is the same in each item of a list is told once.

        :raises KeyError: there is no such schema"""
        validator = self.validator(name)
        if validator.is_valid(value):
            return []
        found = {miss.kind: miss for error in validator.iter_errors(value) for miss in explain(error)}
        return sorted(found.values(), key=lambda miss: miss.path)

    def validator(self, name: str) -> Any:
        """Made when first asked for, which takes far longer than a check."""
        if name not in self._validators:
            self._validators[name] = jsonschema_rs.Draft202012Validator(
                self.schemas[name], registry=self._registry, base_uri=_uri(name), offline=True
            )
        return self._validators[name]

    @cached_property
    def _registry(self) -> Any:
        return jsonschema_rs.Registry([(_uri(name), schema) for name, schema in self.schemas.items()])

    # changing

    def forget_validators(self) -> None:
        """After a change of `schemas`."""
        self._validators = {}
        self.__dict__.pop("_registry", None)

    def copy(self) -> Library:
        """One that may be changed while this one stays."""
        other = copy.copy(self)
        other.schemas = copy.deepcopy(self.schemas)
        other.forget_validators()
        return other

    def target(self, name: str, reference: str) -> str:
        """The name of the schema that `reference`, a `$ref` in schema `name`, leads to."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), reference)).removesuffix(".json")

    def changed(self) -> list[str]:
        """Schemas that are not as they were read."""
        return [name for name in sorted(self.schemas) if text.dump(self.schemas[name]) != self._texts.get(name)]

    def diff(self) -> list[str]:
        """What `write` would do, as a unified diff."""
        lines: list[str] = []
        for name in self.changed():
            before, after = self._texts.get(name, ""), text.dump(self.schemas[name])
            label = f"schemas/{name}.json"
            lines += difflib.unified_diff(
                before.splitlines(), after.splitlines(), label if before else "/dev/null", label, lineterm="", n=2
            )
        return lines

    def write(self) -> list[Path]:
        """Brings the files up to date; returns those that were written."""
        written = [self.path(name) for name in self.changed()]
        for name, path in zip(self.changed(), written, strict=True):
            self._texts[name] = text.dump(self.schemas[name])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._texts[name], encoding="utf-8")
        return written


def _uri(name: str) -> str:
    return f"{_BASE}{name}.json"


def types_in(schemas: Iterable[str]) -> list[str]:
    return [name for name in schemas if name.startswith(f"{TYPES}/")]
