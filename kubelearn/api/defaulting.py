"""Filling in defaults, from the tables in data/defaults.txt and defaults.py.

A definition's own defaults come before those of what is inside, so `strategy: {}` is then filled by DeploymentStrategy's entries.
Part of Kubernetes: apimachinery's ObjectDefaulter. One of the three visitors of the walk.
"""
from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from .defaults import table
from .walk import Visitor, Walk, changed, concerned

if TYPE_CHECKING:
    from .schema import Schema

ZERO_IS_ABSENT = ("core.v1.Probe",)  # its numbers are no pointers in Go, as texts are none anywhere
SCALAR_ZEROS = ("", 0, False)


@lru_cache(maxsize=None)
def _own(schema: Schema) -> dict[str, object]:
    """The definition's defaults: the table's, and the zeros that Go writes for its fields without omitempty."""
    zeros = {key: source["default"] for key, source in schema.source.get("properties", {}).items()
             if key in schema.required and source.get("default") in SCALAR_ZEROS}
    structs = {key: {} for key in ("spec", "status") if schema.kind[1] and key in schema.fields}  # no pointers in Go: never absent
    return {**zeros, **structs, **table().get(schema.short, {})}


class Defaulting(Visitor):
    def concerns(self, schema: Schema) -> bool:
        return bool(_own(schema))

    def object(self, schema: Schema) -> Walk:
        own = _own(schema)
        whole = own.get("!")
        texts = {key for key in own if key in schema.fields and schema.fields[key].type == "string"}
        constants = [(key, value, key in texts or schema.short in ZERO_IS_ABSENT) for key, value in own.items() if not callable(value)]
        functions = [(key, value, key in texts) for key, value in own.items() if callable(value) and key != "!"]
        inner = [(key, field) for key, field in schema.fields.items() if concerned(field, self)]
        steps: list[tuple[str, Walk]] = []

        def walk(value: dict, old: dict | None, path: tuple | None, found: list) -> dict:
            if value is old:
                return value
            if not steps and inner:
                steps.extend((key, field.walk(self)) for key, field in inner)
            new = value
            for key, constant, or_zero in constants:
                if key not in new or (or_zero and not new[key] and constant):
                    new = changed(value, new, key, constant)
            for key, function, or_zero in functions:
                if (key not in new or (or_zero and not new[key])) and (filled := function(new)) is not None:
                    new = changed(value, new, key, filled)
            for key, step in steps:
                item = new.get(key)
                if item is not None:
                    filled = step(item, old.get(key) if old else None, None, found)
                    if filled is not item:
                        new = changed(value, new, key, filled)
            return whole(new) if whole else new
        return walk


DEFAULTING = Defaulting()
