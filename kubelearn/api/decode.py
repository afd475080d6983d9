"""Decoding: from what a client sent to the object in the form in which it is stored.

Part of Kubernetes: sigs.k8s.io/json. Checks types with Go's wording, finds unknown fields, drops them and nulls, and makes single values
canonical (scalars.py).
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .memo import MISSING, IdentityMemo
from .mismatch import EMBEDDED, Inlined, Key, Mismatch, text_of
from .scalars import PLAIN, check_of

if TYPE_CHECKING:
    from .schema import Schema

Walk = Callable[[object, object, tuple | None, list], object]
SHARED = ("core.v1.PodSpec",)  # many objects are made from one of these
DROP = object()


def compile(schema: Schema) -> Walk:
    """(new, old, path, complaints) -> new in its stored form; raises WrongType."""
    walk = COMPILERS.get(schema.type, _scalar)(schema)
    return _remembering(walk) if schema.short in SHARED else walk


def _remembering(walk: Walk) -> Walk:
    memo = IdentityMemo()

    def remember(value: object, old: object, path: tuple | None, complaints: list) -> object:
        known = memo.get(value)
        if known is not MISSING:
            return known
        count = len(complaints)
        new = walk(value, old, path, complaints)
        if len(complaints) == count:
            memo.put(value, new)
            memo.put(new, new)
        return new
    return remember


def _object(schema: Schema) -> Walk:
    fields, steps = schema.fields, {}
    embedded, inside = EMBEDDED.get(schema.short, ("", ()))
    embedded = Inlined(embedded)
    omitted = {key for key, field in fields.items() if field.type == "map" and key not in schema.required}  # when empty
    plain = {key: PLAIN[field.type] for key, field in fields.items() if field.type in PLAIN and field.format != "byte"}

    def step_into(key: str, item: object, old: object, path: tuple | None, complaints: list) -> object:
        step = steps.get(key)
        if step is None:
            if key not in fields:
                complaints.append(f'unknown field "{text_of((path, key))}"')
                return DROP
            step = steps[key] = fields[key].decoder
        if item is None or (not item and key in omitted):
            return DROP
        here = (path, embedded) if key in inside else path
        return step(item, old.get(key) if type(old) is dict else None, (here, key), complaints)

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not dict:
            raise Mismatch(value, schema, path)
        changed = None
        try:
            for key, item in value.items():
                if plain.get(key) is type(item):
                    continue
                new = step_into(key, item, old, path, complaints)
                if new is not item:
                    changed = _changed(value, changed, key, new)
        except Mismatch as error:
            error.owner = error.owner or schema
            raise
        return value if changed is None else changed
    return walk


def _changed(value: dict, changed: dict | None, key: str, new: object) -> dict:
    changed = dict(value) if changed is None else changed
    if new is DROP:
        del changed[key]
    else:
        changed[key] = new
    return changed


def _map(schema: Schema) -> Walk:
    plain = PLAIN.get(schema.items.type) if schema.items.format != "byte" else None

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not dict:
            raise Mismatch(value, schema, path)
        changed, step, before = None, schema.items.decoder, old if type(old) is dict else {}
        for key, item in value.items():
            if type(item) is plain:
                continue
            new = step(item, before.get(key), (path, Key(key)), complaints) if item is not None else _zero(schema.items)
            if new is not item:
                changed = _changed(value, changed, key, new)
        return value if changed is None else changed
    return walk


def _zero(schema: Schema) -> object:
    """What Go makes of a null inside a list or map."""
    return {"string": "", "boolean": False, "integer": 0, "number": 0, "list": [], "quantity": "0", "int-or-string": 0}.get(schema.type, {})


def _list(schema: Schema) -> Walk:
    plain = PLAIN.get(schema.items.type) if schema.items.format != "byte" else None

    def walk(value: object, old: object, path: tuple | None, complaints: list) -> object:
        if value is old:
            return value
        if type(value) is not list:
            raise Mismatch(value, schema, path)
        changed, step = None, schema.items.decoder
        before = old if type(old) is list else ()
        for index, item in enumerate(value):
            if type(item) is plain:
                continue
            known = before[index] if index < len(before) else None
            new = step(item, known, (path, index), complaints) if item is not None else _zero(schema.items)
            if new is not item:
                changed = list(value) if changed is None else changed
                changed[index] = new
        return value if changed is None else changed
    return walk


def _any(schema: Schema) -> Walk:
    return lambda value, old, path, complaints: value


def _scalar(schema: Schema) -> Walk:
    check = check_of(schema)
    return lambda value, old, path, complaints: value if value is old else check(value, schema, path)


COMPILERS = {"object": _object, "map": _map, "list": _list, "any": _any}
