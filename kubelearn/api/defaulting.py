"""The walk that fills in defaults, compiled from the table in defaults.py.

A definition's own defaults come before those of what is inside, so `strategy: {}` is then filled by DeploymentStrategy's entries.
Part of Kubernetes: apimachinery's ObjectDefaulter. Law 3: returns what it was given where nothing is added.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .defaults import TABLE
from .memo import MISSING, IdentityMemo

if TYPE_CHECKING:
    from .schema import Schema

Walk = Callable[[dict, dict | None], dict]
SHARED = ("core.v1.PodSpec",)
ZERO_IS_ABSENT = ("core.v1.Probe",)  # its numbers are no pointers in Go, as texts are none anywhere
SCALAR_ZEROS = ("", 0, False)


def compile(schema: Schema) -> Walk | None:
    """(new, old) -> new with defaults; None where nothing in this type ever has one."""
    if not _concerned(schema, ()):
        return None
    match schema.type:
        case "object":
            walk = _object(schema)
            return _remembering(walk) if schema.short in SHARED else walk
        case "list":
            return _list(schema)
    return _map(schema)


def _concerned(schema: Schema, above: tuple[str, ...]) -> bool:
    """Whether this type or anything inside it has a default."""
    if schema.type in ("list", "map"):
        return _concerned(schema.items, above)
    if schema.type != "object" or schema.name in above:
        return False
    if _own(schema):
        return True
    return any(_concerned(field, (*above, schema.name)) for field in schema.fields.values())


def _own(schema: Schema) -> dict[str, object]:
    """The definition's defaults: the table's, and the zeros that Go writes for its fields without omitempty."""
    zeros = {key: source["default"] for key, source in schema.source.get("properties", {}).items()
             if key in schema.required and source.get("default") in SCALAR_ZEROS}
    structs = {key: {} for key in ("spec", "status") if schema.kind[1] and key in schema.fields}  # no pointers in Go: never absent
    return {**zeros, **structs, **TABLE.get(schema.short, {})}


def _remembering(walk: Walk) -> Walk:
    memo = IdentityMemo()

    def remember(value: dict, old: dict | None) -> dict:
        known = memo.get(value)
        if known is MISSING:
            known = walk(value, old)
            memo.put(value, known)
            memo.put(known, known)
        return known
    return remember


def _object(schema: Schema) -> Walk:
    own = _own(schema)
    constants = [(key, value, schema.fields[key].type == "string" or schema.short in ZERO_IS_ABSENT)
                 for key, value in own.items() if not callable(value)]
    functions = [(key, value, schema.fields[key].type == "string") for key, value in own.items() if callable(value) and key]
    inner = [(key, field) for key, field in schema.fields.items() if _concerned(field, ())]
    whole = own.get("")
    steps: list[tuple[str, Walk]] = []

    def walk(value: dict, old: dict | None) -> dict:
        if value is old:
            return value
        if not steps and inner:
            steps.extend((key, field.defaulter) for key, field in inner)
        new = value
        for key, constant, or_zero in constants:
            if key not in new or (or_zero and not new[key] and constant):
                new = dict(new) if new is value else new
                new[key] = constant
        for key, function, or_zero in functions:
            if (key not in new or (or_zero and not new[key])) and (filled := function(new)) is not None:
                new = dict(new) if new is value else new
                new[key] = filled
        for key, step in steps:
            item = new.get(key)
            if item is not None:
                filled = step(item, old.get(key) if old else None)
                if filled is not item:
                    new = dict(new) if new is value else new
                    new[key] = filled
        return whole(new) if whole else new
    return walk


def _list(schema: Schema) -> Walk:
    def walk(value: list, old: list | None) -> list:
        if value is old:
            return value
        step, new = schema.items.defaulter, value
        before = old or ()
        for index, item in enumerate(value):
            filled = step(item, before[index] if index < len(before) else None)
            if filled is not item:
                new = list(value) if new is value else new
                new[index] = filled
        return new
    return walk


def _map(schema: Schema) -> Walk:
    def walk(value: dict, old: dict | None) -> dict:
        if value is old:
            return value
        step, new = schema.items.defaulter, value
        for key, item in value.items():
            filled = step(item, old.get(key) if old else None)
            if filled is not item:
                new = dict(value) if new is value else new
                new[key] = filled
        return new
    return walk
