"""Decoding: from what a client sent to the object in the form in which it is stored.

Part of Kubernetes: sigs.k8s.io/json. Checks types with Go's wording, finds unknown fields, drops them and nulls, and makes single values
canonical (scalars.py). One of the three visitors of the walk.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import defaults
from .mismatch import Inlined, Mismatch, embedded_in, text_of
from .scalars import PLAIN, check_of
from .walk import DROP, Visitor, Walk, changed

if TYPE_CHECKING:
    from .schema import Schema


class Decoding(Visitor):
    def scalar(self, schema: Schema) -> Walk:
        if schema.type == "any":
            return lambda value, old, path, complaints: value
        check = check_of(schema)
        return lambda value, old, path, complaints: value if value is old else check(value, schema, path)

    def plain(self, schema: Schema) -> type | None:
        return PLAIN.get(schema.type) if schema.format != "byte" else None

    def object(self, schema: Schema) -> Walk:
        fields, steps = schema.fields, {}
        embedded, inside = embedded_in(schema)
        embedded = Inlined(embedded)
        null = {key for key, value in defaults.table().get(schema.short, {}).items() if value is None}  # Go holds it by value
        omitted = {key for key, field in fields.items() if field.type == "map" and key not in schema.required}  # when empty
        plain = {key: self.plain(field) for key, field in fields.items() if self.plain(field)}

        def step_into(key: str, item: object, old: object, path: tuple | None, complaints: list) -> object:
            step = steps.get(key)
            if step is None:
                if key not in fields:
                    complaints.append(f'unknown field "{text_of((path, key))}"')
                    return DROP
                step = steps[key] = fields[key].walk(self)
            if item is None or (not item and key in omitted):
                return None if key in null else DROP
            here = (path, embedded) if key in inside else path
            return step(item, old.get(key) if type(old) is dict else None, (here, key), complaints)

        def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
            if value is old:
                return value
            if type(value) is not dict:
                raise Mismatch(value, schema, path)
            new = value
            try:
                for key, item in value.items():
                    if plain.get(key) is type(item):
                        continue
                    part = step_into(key, item, old, path, complaints)
                    if part is not item:
                        new = changed(value, new, key, part)
            except Mismatch as error:
                error.owner = error.owner or schema
                raise
            return new
        return walk


DECODING = Decoding()
