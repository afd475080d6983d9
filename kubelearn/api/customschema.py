"""The schema of a custom resource, made from its CustomResourceDefinition.

Part of Kubernetes: apiextensions-apiserver's structural schemas (pruning, defaulting, validation by kube-openapi). Law 9: the same
operations as of a built-in kind. A wrong type is a validation error here, where it is a decoding error of a built-in one.
Leaves out: validation rules in CEL, conversion, `nullable` beyond keeping the null.
"""
from __future__ import annotations

import re
from functools import lru_cache

from ..errors import FieldError
from . import fields, mismatch, scalars, schema
from .checks import Findings
from .fields import Path
from .schema import Schema

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
ENVELOPE = ("apiVersion", "kind", "metadata")
JSON_TYPES = {bool: "boolean", str: "string", int: "integer", float: "number", dict: "object", list: "array", type(None): "null"}
FORMATS = {
    "date-time": scalars.TIME_FORM,
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "uuid": re.compile(r"(?i)[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "uri": re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+"),
    "ipv4": re.compile(r"(\d{1,3}\.){3}\d{1,3}"),
    "hostname": re.compile(r"[a-zA-Z0-9.-]+"),
}


def compile(definition: dict, version: dict) -> CustomSchema:
    """The schema of one version ({"name": "v1", "schema": ...}) of a definition."""
    structure = (version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return CustomSchema(definition, version["name"], structure)


class CustomSchema(Schema):
    def __init__(self, definition: dict, version: str, structure: dict):
        envelope = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": META}}
        super().__init__({**structure, "type": "object", "properties": {**structure.get("properties", {}), **envelope}})
        self.structure = structure
        self.version, self.resource_kind = version, definition["spec"]["names"]["kind"]

    @property
    def kind(self) -> tuple[str, str]:
        return self.version, self.resource_kind

    def decode(self, new: dict, old: dict | None = None) -> tuple[dict, list[str]]:
        unknown: list[str] = []
        try:
            metadata, complaints = schema.of(META).decode(new.get("metadata") or {}, (old or {}).get("metadata"))
        except schema.Undecodable as error:
            raise self.undecodable(error.text, error.converted) from None
        unknown += [text.replace('field "', 'field "metadata.') for text in complaints]
        body = _pruned(self.source, {key: value for key, value in new.items() if key not in ENVELOPE}, old, None, unknown)
        if body.keys() | set(ENVELOPE) >= new.keys() and metadata is new.get("metadata") and all(new[key] is body[key] for key in body):
            return new, unknown
        return {key: new[key] for key in ENVELOPE[:2] if key in new} | {"metadata": metadata, **body}, unknown

    def default(self, new: dict, old: dict | None = None) -> dict:
        return _defaulted(self.structure, new, old)

    def check(self, new: dict, old: dict | None, found: list[FieldError], path: Path = None) -> None:
        body, before = ({key: value for key, value in (obj or {}).items() if key not in ENVELOPE} for obj in (new, old))
        structure = {**self.structure, "required": [key for key in self.structure.get("required", ()) if key not in ENVELOPE]}
        _check(structure, body, before, path, found)

    def validate(self, new: dict, old: dict | None = None, path: str = "") -> list[FieldError]:
        found = Findings()
        self.check(new, old, found, (None, path) if path else None)
        return found

    def prune(self, new: dict) -> dict:
        return self.decode(new)[0]


def _keeps_unknown(source: dict) -> bool:
    return bool(source.get("x-kubernetes-preserve-unknown-fields"))


def _inner(source: dict, key: str) -> dict | None:
    """The schema of one field; None of an unknown one."""
    known = source.get("properties", {}).get(key)
    if known is not None:
        return known
    more = source.get("additionalProperties")
    if isinstance(more, dict):
        return more
    if more or _keeps_unknown(source) or (source.get("x-kubernetes-embedded-resource") and key in ENVELOPE):
        return {"x-kubernetes-preserve-unknown-fields": True}
    return None


# --- pruning ------------------------------------------------------------------------------------------------------------------

def _pruned(source: dict, value: object, old: object, path: Path, unknown: list[str]) -> object:
    if value is old:
        return value
    if isinstance(value, list) and isinstance(source.get("items"), dict):
        before = old if isinstance(old, list) else []
        items = [_pruned(source["items"], item, before[i] if i < len(before) else None, (path, i), unknown) for i, item in enumerate(value)]
        return value if all(new is item for new, item in zip(items, value)) else items
    if not isinstance(value, dict):
        return value
    kept, before = {}, old if isinstance(old, dict) else {}
    for key, item in value.items():
        inner = _inner(source, key)
        if inner is None:
            unknown.append(f'unknown field "{mismatch.text_of((path, key))}"')
        elif item is not None or inner.get("nullable") or not inner.get("type"):
            kept[key] = _pruned(inner, item, before.get(key), (path, key), unknown)
    return value if len(kept) == len(value) and all(kept[key] is value[key] for key in kept) else kept


# --- defaults -----------------------------------------------------------------------------------------------------------------

def _defaulted(source: dict, value: object, old: object) -> object:
    if value is old:
        return value
    if isinstance(value, list) and isinstance(source.get("items"), dict):
        before = old if isinstance(old, list) else []
        items = [_defaulted(source["items"], item, before[i] if i < len(before) else None) for i, item in enumerate(value)]
        return value if all(new is item for new, item in zip(items, value)) else items
    if not isinstance(value, dict):
        return value
    new, before = value, old if isinstance(old, dict) else {}
    for key, inner in source.get("properties", {}).items():
        item = new.get(key)
        if item is None and "default" in inner and not (key in new and inner.get("nullable")):
            item = inner["default"]
        if item is not None:
            filled = _defaulted(inner, item, before.get(key))
            if filled is not value.get(key):
                new = {**new, key: filled}
    if isinstance(source.get("additionalProperties"), dict):
        for key, item in value.items():
            filled = _defaulted(source["additionalProperties"], item, before.get(key))
            new = new if filled is item else {**new, key: filled}
    return new


# --- validation: kube-openapi's words --------------------------------------------------------------------------------------------

def _check(source: dict, value: object, old: object, path: Path, found: Findings) -> None:
    """Appends what is wrong with value, its type first."""
    if value is old and old is not None:
        return
    where = fields.at(path)
    right = _has_type(source, value)
    if not right:
        found.append(_type_error(source, value, path, where))
    if "enum" in source and value not in source["enum"]:
        found.unsupported(path, value, [str(v) if isinstance(v, str) else fields.shown(v) for v in source["enum"]])
    if not right:
        return
    if isinstance(value, str):
        _check_text(source, value, path, where, found)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(source, value, path, where, found)
    elif isinstance(value, list):
        _check_list(source, value, old if isinstance(old, list) else [], path, where, found)
    elif isinstance(value, dict):
        _check_object(source, value, old if isinstance(old, dict) else {}, path, where, found)
    _check_combined(source, value, path, where, found)


def _has_type(source: dict, value: object) -> bool:
    if value is None:
        return bool(source.get("nullable")) or not source.get("type")
    wanted, actual = source.get("type"), JSON_TYPES[type(value)]
    if source.get("x-kubernetes-int-or-string"):
        return actual in ("integer", "string")
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return not wanted or wanted == actual or (wanted == "number" and actual == "integer")


def _type_error(source: dict, value: object, path: Path, where: str) -> FieldError:
    wanted = "integer,string" if source.get("x-kubernetes-int-or-string") else source["type"]
    actual = JSON_TYPES[type(value)]
    return fields.invalid(path, actual, f'{where} in body must be of type {wanted}: "{actual}"')


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern | None:
    try:
        return re.compile(text)
    except re.error:
        return None


def _check_text(source: dict, value: str, path: Path, where: str, found: Findings) -> None:
    if len(value) > source.get("maxLength", len(value)):
        found.append(fields.too_long(path, source["maxLength"]))
    if len(value) < source.get("minLength", 0):
        found.invalid(path, value, f"{where} in body should be at least {source['minLength']} chars long")
    pattern = _pattern(source["pattern"]) if "pattern" in source else None
    if pattern and not pattern.search(value):
        found.invalid(path, value, f"{where} in body should match '{source['pattern']}'")
    form = FORMATS.get(source.get("format", ""))
    if form and not form.fullmatch(value):
        found.invalid(path, value, f'{where} in body must be of type {source["format"]}: "{value}"')


def _check_number(source: dict, value: float, path: Path, where: str, found: Findings) -> None:
    for key, exclusive, word, wrong in (("maximum", "exclusiveMaximum", "less than", lambda a, b: a > b),
                                        ("minimum", "exclusiveMinimum", "greater than", lambda a, b: a < b)):
        limit = source.get(key)
        if limit is not None and (wrong(value, limit) or (source.get(exclusive) and value == limit)):
            equal = "" if source.get(exclusive) else " or equal to"
            found.invalid(path, value, f"{where} in body should be {word}{equal} {limit}")
    factor = source.get("multipleOf")
    if factor and value % factor:
        found.invalid(path, value, f"{where} in body should be a multiple of {factor}")


def _check_list(source: dict, value: list, old: list, path: Path, where: str, found: Findings) -> None:
    if len(value) < source.get("minItems", 0):
        found.invalid(path, len(value), f"{where} in body should have at least {source['minItems']} items")
    if len(value) > source.get("maxItems", len(value)):
        found.append(fields.too_many(path, len(value), source["maxItems"]))
    seen: list = []
    for index, item in enumerate(value):
        if isinstance(source.get("items"), dict):
            _check(source["items"], item, old[index] if index < len(old) else None, (path, index), found)
        keys = source.get("x-kubernetes-list-map-keys")
        name = {key: item.get(key) for key in keys} if keys and isinstance(item, dict) else item
        if source.get("x-kubernetes-list-type") in ("map", "set"):
            if name in seen:
                found.duplicate((path, index), name)
            seen.append(name)


def _check_object(source: dict, value: dict, old: dict, path: Path, where: str, found: Findings) -> None:
    if len(value) > source.get("maxProperties", len(value)):
        found.append(fields.too_many(path, len(value), source["maxProperties"]))
    if len(value) < source.get("minProperties", 0):
        found.invalid(path, len(value), f"{where} in body should have at least {source['minProperties']} properties")
    for key in source.get("required", ()):
        if key not in value:
            found.required((path, key))
    for key, item in value.items():
        inner = _inner(source, key)
        if inner is not None:
            _check(inner, item, old.get(key), (path, key), found)


COMBINED = {"anyOf": "must validate at least one schema (anyOf)", "oneOf": "must validate one and only one schema (oneOf)",
            "allOf": "must validate all the schemas (allOf)"}


def _check_combined(source: dict, value: object, path: Path, where: str, found: Findings) -> None:
    if source.get("x-kubernetes-int-or-string"):
        return
    for key, sentence in COMBINED.items():
        parts = source.get(key) or []
        right = sum(_is_valid(part, value) for part in parts)
        if not parts or (right == len(parts) if key == "allOf" else right == 1 if key == "oneOf" else right):
            continue
        count = f". Found {f'{right} valid alternatives' if right else 'none valid'}" if key == "oneOf" else ""
        found.append(FieldError("FieldValueInvalid", "<nil>", f'Invalid value: "": "{where}" {sentence}{count}'))
        if not right:
            _check(parts[0], value, None, path, found)
    if "not" in source and _is_valid(source["not"], value):
        found.append(FieldError("FieldValueInvalid", "<nil>", f'Invalid value: "": "{where}" must not validate the schema (not)'))


def _is_valid(source: dict, value: object) -> bool:
    found: list = []
    _check(source, value, None, None, found)
    return not found
