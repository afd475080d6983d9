"""The schema of a custom resource, made from its CustomResourceDefinition.

Part of Kubernetes: apiextensions-apiserver's structural schemas (pruning, defaulting, validation by kube-openapi). Law 9: the same
operations as of a built-in kind. A wrong type is a validation error here, where it is a decoding error of a built-in one.
Rules in CEL: customrules.py. Leaves out: conversion, `nullable` beyond keeping the null.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from operator import gt, lt

from ..errors import FieldError
from . import customrules, fields, mismatch, scalars, schema
from .fields import Path
from .findings import Findings
from .schema import Schema
from .walk import DROP

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
ENVELOPE = ("apiVersion", "kind", "metadata")
INT_OR_STRING = "x-kubernetes-int-or-string"
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
        self.kind = version, definition["spec"]["names"]["kind"]

    @cached_property
    def has_rules(self) -> bool:
        return customrules.has_rules(self.structure)

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

    def check(self, new: dict, old: dict | None, found: list, path: Path = None) -> None:
        body, before = ({key: value for key, value in (obj or {}).items() if key not in ENVELOPE} for obj in (new, old))
        structure = {**self.structure, "required": [key for key in self.structure.get("required", ()) if key not in ENVELOPE]}
        _check(structure, body, before, path, found)
        if self.has_rules:
            customrules.check(self.structure, new, old, found)


def _inner(source: dict, key: str) -> dict | None:
    """The schema of one field; None of an unknown one."""
    known = source.get("properties", {}).get(key)
    if known is not None:
        return known
    more = source.get("additionalProperties")
    if isinstance(more, dict):
        return more
    if more or source.get("x-kubernetes-preserve-unknown-fields") or (source.get("x-kubernetes-embedded-resource") and key in ENVELOPE):
        return {"x-kubernetes-preserve-unknown-fields": True}
    return None


# --- pruning and defaults -------------------------------------------------------------------------------------------------------

def _mapped(source: dict, value: object, old: object, step: Callable) -> object:
    """value with step(schema, part, old part, key) for each of its parts; value itself where none changes."""
    if isinstance(value, list) and isinstance(source.get("items"), dict):
        before = dict(enumerate(old)) if isinstance(old, list) else {}
        items = [step(source["items"], item, before.get(index), index) for index, item in enumerate(value)]
        return value if all(new is item for new, item in zip(items, value)) else items
    if not isinstance(value, dict):
        return value
    before = old if isinstance(old, dict) else {}
    parts = {key: step(_inner(source, key), item, before.get(key), key) for key, item in value.items()}
    same = all(part is value[key] for key, part in parts.items())
    return value if same else {key: part for key, part in parts.items() if part is not DROP}


def _pruned(source: dict, value: object, old: object, path: Path, unknown: list[str]) -> object:
    def step(inner: dict | None, item: object, before: object, key: str | int) -> object:
        if inner is None:
            unknown.append(f'unknown field "{mismatch.text_of((path, key))}"')
            return DROP
        if item is None and inner.get("type") and not inner.get("nullable") and isinstance(key, str):
            return DROP
        return _pruned(inner, item, before, (path, key), unknown)
    return value if value is old else _mapped(source, value, old, step)


def _defaulted(source: dict, value: object, old: object) -> object:
    if value is old:
        return value
    if isinstance(value, dict):
        missing = {key: inner["default"] for key, inner in source.get("properties", {}).items()
                   if value.get(key) is None and "default" in inner and not (key in value and inner.get("nullable"))}
        value = {**value, **missing} if missing else value
    return _mapped(source, value, old, lambda inner, item, before, key: item if inner is None else _defaulted(inner, item, before))


# --- validation: kube-openapi's words --------------------------------------------------------------------------------------------

def _check(source: dict, value: object, old: object, path: Path, found: Findings) -> None:
    """Tells found what is wrong with value, its type first."""
    if value is old and old is not None:
        return
    right, where = _has_type(source, value), fields.at(path)
    if not right:
        wanted, actual = "integer,string" if source.get(INT_OR_STRING) else source["type"], JSON_TYPES[type(value)]
        found.invalid(path, actual, f'{where} in body must be of type {wanted}: "{actual}"')
    if "enum" in source and value not in source["enum"]:
        found.unsupported(path, value, [v if isinstance(v, str) else fields.shown(v) for v in source["enum"]])
    if not right:
        return
    for keyword, is_wrong, sentence in KEYWORDS.get(type(value), ()):
        if keyword in source and is_wrong(value, source[keyword], source):
            found.append(_broken(keyword, sentence, source, value, path, where))
    if isinstance(value, list):
        _check_items(source, value, old if isinstance(old, list) else [], path, found)
    elif isinstance(value, dict):
        _check_fields(source, value, old if isinstance(old, dict) else {}, path, found)
    if not source.get(INT_OR_STRING):
        _check_combined(source, value, path, where, found)


def _has_type(source: dict, value: object) -> bool:
    wanted, actual = source.get("type"), JSON_TYPES[type(value)]
    if value is None:
        return bool(source.get("nullable")) or not wanted
    if source.get(INT_OR_STRING):
        return actual in ("integer", "string")
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return not wanted or wanted == actual or (wanted == "number" and actual == "integer")


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error:
        return re.compile("")  # what only Go can read refuses nothing


def _is_no(form: str, value: str) -> bool:
    return form in FORMATS and not FORMATS[form].fullmatch(value)


def _bound(is_beyond: Callable, exclusive: str) -> Callable:
    return lambda value, limit, source: is_beyond(value, limit) or bool(source.get(exclusive)) and value == limit


NUMBERS = (
    ("maximum", _bound(gt, "exclusiveMaximum"), "should be less than{equal} {limit}"),
    ("minimum", _bound(lt, "exclusiveMinimum"), "should be greater than{equal} {limit}"),
    ("multipleOf", lambda value, factor, source: factor and value % factor, "should be a multiple of {limit}"))
KEYWORDS: dict[type, tuple[tuple[str, Callable, str], ...]] = {  # type of the value -> keyword, whether it is broken, upstream's words
    str: (("maxLength", lambda value, limit, source: len(value) > limit, ""),
          ("minLength", lambda value, limit, source: len(value) < limit, "should be at least {limit} chars long"),
          ("pattern", lambda value, text, source: not _pattern(text).search(value), "should match '{limit}'"),
          ("format", lambda value, form, source: _is_no(form, value), 'must be of type {limit}: "{value}"')),
    int: NUMBERS, float: NUMBERS,
    list: (("minItems", lambda value, limit, source: len(value) < limit, "should have at least {limit} items"),
           ("maxItems", lambda value, limit, source: len(value) > limit, "")),
    dict: (("maxProperties", lambda value, limit, source: len(value) > limit, ""),
           ("minProperties", lambda value, limit, source: len(value) < limit, "should have at least {limit} properties")),
}


def _broken(keyword: str, sentence: str, source: dict, value: object, path: Path, where: str) -> FieldError:
    limit, shown = source[keyword], len(value) if isinstance(value, (list, dict)) else value
    if not sentence:
        return fields.too_long(path, limit) if keyword == "maxLength" else fields.too_many(path, shown, limit)
    equal = "" if source.get(f"exclusive{keyword.capitalize()}") else " or equal to"
    return fields.invalid(path, shown, f"{where} in body {sentence.format(limit=limit, value=value, equal=equal)}")


def _check_items(source: dict, value: list, old: list, path: Path, found: Findings) -> None:
    seen: list = []
    keys = source.get("x-kubernetes-list-map-keys")
    for index, item in enumerate(value):
        if isinstance(source.get("items"), dict):
            _check(source["items"], item, old[index] if index < len(old) else None, (path, index), found)
        name = {key: item.get(key) for key in keys} if keys and isinstance(item, dict) else item
        if source.get("x-kubernetes-list-type") in ("map", "set"):
            if name in seen:
                found.duplicate((path, index), name)
            seen.append(name)


def _check_fields(source: dict, value: dict, old: dict, path: Path, found: Findings) -> None:
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
    def refuse(sentence: str) -> None:
        found.append(FieldError("FieldValueInvalid", "<nil>", f'Invalid value: "": "{where}" {sentence}'))
    for key, sentence in COMBINED.items():
        parts = source.get(key) or []
        right = sum(_is_valid(part, value) for part in parts)
        if not parts or (right == len(parts) if key == "allOf" else right == 1 if key == "oneOf" else right):
            continue
        count = f". Found {f'{right} valid alternatives' if right else 'none valid'}" if key == "oneOf" else ""
        refuse(sentence + count)
        if not right:
            _check(parts[0], value, None, path, found)
    if "not" in source and _is_valid(source["not"], value):
        refuse("must not validate the schema (not)")


def _is_valid(source: dict, value: object) -> bool:
    found = Findings()
    _check(source, value, None, None, found)
    return not found
