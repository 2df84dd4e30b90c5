"""Makes a schema accept one value more, and no more than that: the smallest change that does it."""

from __future__ import annotations

from typing import Any, Literal

from schemas.ids import ID
from schemas.library import TYPES, Library, types_in
from schemas.mismatch import type_of

Schema = dict[str, Any]

# An object with this many fields, all required ones of a type among them, is of that type.
_FEWEST_FIELDS = 5
_MOSTLY = 0.75


def widen(library: Library, name: str, value: Any) -> None:
    """Widens schema `name` of `library`, or the types it refers to; a schema that is not there yet is inferred. What
    already fits changes nothing. Keywords written by hand (`pattern`, `enum`, ...) stay, so a value that breaks one of
    them still does not fit."""
    library.schemas[name] = _Widener(library, name).widen(library.schemas.get(name), value)


class _Widener:
    def __init__(self, library: Library, name: str) -> None:
        self._library = library
        self._name = name

    def widen(self, schema: Schema | Literal[False] | None, value: Any) -> Schema:
        if schema is None or schema is False:
            return self._inferred(value)
        if "$ref" in schema:
            return self._widen_reference(schema, value)
        if "anyOf" in schema and "type" not in schema:
            return self._widen_alternatives(schema, value)
        if "type" not in schema:
            return schema  # written by hand: anything goes
        if not _allows(schema, type_of(value)):
            return self._with_alternative(schema, self._inferred(value))
        if isinstance(value, dict):
            return self._widen_object(schema, value)
        if isinstance(value, list):
            items = schema.get("items", False)  # False: no item was ever seen
            for item in value:
                items = self.widen(items, item)
            return {**schema, "items": items}
        return schema

    def _inferred(self, value: Any) -> Schema:
        if isinstance(value, dict) and (known := self._known_type(value)):
            return self.widen({"$ref": self._reference(known)}, value)
        schema: Schema = {"type": type_of(value)}
        if isinstance(value, dict):
            is_map = all(ID.fullmatch(key) for key in value)
            schema |= {"additionalProperties": False} | ({} if is_map else {"required": sorted(value)})
        return self.widen(schema, value)

    def _with_alternative(self, schema: Schema, other: Schema) -> Schema:
        """`other` is of a type that `schema` does not allow."""
        if "$ref" in other:
            return {"anyOf": [other, schema]}
        types = {*_types(schema), *_types(other)} - ({"integer"} if "number" in _types(other) else set())
        return {**schema, **other, "type": types.pop() if len(types) == 1 else sorted(types)}

    def _widen_reference(self, schema: Schema, value: Any) -> Schema:
        target = self._library.target(self._name, schema["$ref"])
        if isinstance(value, dict):
            types = _Widener(self._library, target)
            self._library.schemas[target] = types.widen(self._library.schemas.get(target), value)
            return schema
        return {"anyOf": [schema, self._inferred(value)]}

    def _widen_alternatives(self, schema: Schema, value: Any) -> Schema:
        wanted = type_of(value)
        alternatives = list(schema["anyOf"])
        for number, alternative in enumerate(alternatives):
            if wanted == ("object" if "$ref" in alternative else alternative.get("type")):
                alternatives[number] = self.widen(alternative, value)
                break
        else:
            alternatives.append(self._inferred(value))
        return {**schema, "anyOf": alternatives}

    def _widen_object(self, schema: Schema, value: dict[str, Any]) -> Schema:
        """A field that comes later than others is not required; one that is missing is not any more. Changes `schema`
        itself, because a type may hold objects of its own kind."""
        properties = schema.setdefault("properties", {})
        for key in sorted(value):
            others = schema.get("additionalProperties", False)
            if key in properties:
                properties[key] = self.widen(properties[key], value[key])
            elif isinstance(others, dict) or (not properties and ID.fullmatch(key)):
                schema["additionalProperties"] = self.widen(others, value[key])
            elif not others:
                properties[key] = self._inferred(value[key])
        schema["required"] = [key for key in schema.get("required", []) if key in value]
        for key in ("properties", "required"):
            if not schema[key]:
                del schema[key]
        return schema

    def _known_type(self, value: dict[str, Any]) -> str | None:
        best, most = None, 0
        for name in types_in(self._library.schemas):
            schema = self._library.schemas[name]
            fields, required = schema.get("properties", {}).keys(), set(schema.get("required", []))
            shared = len(value.keys() & fields)
            if required and required <= value.keys() and shared >= max(_FEWEST_FIELDS, _MOSTLY * len(value), most + 1):
                best, most = name, shared
        return best

    def _reference(self, name: str) -> str:
        file = name.removeprefix(f"{TYPES}/") + ".json"
        return file if self._name.startswith(f"{TYPES}/") else f"../{TYPES}/{file}"


def _types(schema: Schema) -> list[str]:
    types = schema["type"]
    return [types] if isinstance(types, str) else types


def _allows(schema: Schema, wanted: str) -> bool:
    types = _types(schema)
    return wanted in types or (wanted == "integer" and "number" in types)
