"""Validation: the walk over the tables of rules, and the two entries that the registry calls.

Part of Kubernetes: pkg/apis/*/validation. A table has for each definition its fields in the order in which upstream looks at
them, each with its checks; under ! stand rules about the whole object. What a table does not name is checked by what the schema
says of it (enumerations, required texts). What is identical to the old object is not looked at again.
Leaves out: statuses, which only components write.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import FieldError
from . import checks, fields, metadata
from .checks import Findings
from .memo import MISSING, IdentityMemo
from .meta import get
from .rules import FRESH, checks_of, of_resource, table

if TYPE_CHECKING:
    from .resources import Resource
    from .schema import Schema

Walk = Callable[[object, object, tuple | None, Findings], None]
SHARED = ("core.v1.PodSpec",)
ELSEWHERE = ("meta.v1.ObjectMeta",)  # metadata.py looks at it


def validate_create(resource: Resource, obj: dict) -> list[FieldError]:
    """What is wrong with a new object, in upstream's words and order."""
    found = Findings()
    metadata.validate(resource, obj, None, found)
    resource.schema.check(obj, None, found)
    for rule in of_resource(resource.storage, "create"):
        rule(obj, None, found)
    return found


def validate_update(resource: Resource, new: dict, old: dict) -> list[FieldError]:
    """What is wrong with new, and what it changes that may not change."""
    found = Findings()
    metadata.validate(resource, new, old, found)
    for rule in of_resource(resource.storage, "before"):
        rule(new, old, found)
    resource.schema.check(new, old, found)
    for rule in of_resource(resource.storage, "update"):
        rule(new, old, found)
    return found


# --- the walk -----------------------------------------------------------------------------------------------------------------

def compile(schema: Schema) -> Walk | None:
    """(new, old, path, found); None where nothing in this type is ever checked."""
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
    if schema.type in ("list", "map"):
        return _concerned(schema.items, above)
    if schema.type != "object" or schema.name in above or schema.short in ELSEWHERE or _is_status(schema):
        return False
    if _rules(schema):
        return True
    return any(_concerned(field, (*above, schema.name)) for field in schema.fields.values())


def _is_status(schema: Schema) -> bool:
    return schema.short not in table() and schema.short.endswith(("Status", "Condition"))


@lru_cache(maxsize=None)
def _rules(schema: Schema) -> list[tuple[str, tuple]]:
    """(field, its checks): the definition's table, or what the schema says."""
    if schema.short in table():
        return [(key, checks_of(text)) for key, text in table()[schema.short]]
    found = []
    for key, field in schema.fields.items():
        if field.enum:
            found.append((key, ((checks.one_of if key in schema.required else checks.supported)(*field.enum),)))
        elif key in schema.required and field.type == "string":
            found.append((key, (checks.required,)))
    return found


def _steps(schema: Schema) -> list[tuple[str, tuple, Walk | None, Callable | None]]:
    """(field, its checks, the walk into it, whether it is to be looked at although it is unchanged)"""
    steps = []
    inner = {key: field.validator for key, field in schema.fields.items() if _concerned(field, ())}
    for key, found in _rules(schema):
        if "." in key:
            key, found = "!", tuple(_deep(tuple(key.split(".")), check) for check in found)
        steps.append((key, found, inner.pop(key, None), FRESH.get((schema.short, key))))
    return steps + [(key, (), walk, None) for key, walk in inner.items()]


def _deep(steps: tuple[str, ...], check: Callable) -> Callable:
    """The check of a field further down, as a rule about the whole."""
    return lambda value, path, found: check(get(value, steps), fields.below(path, *steps), found)


def _object(schema: Schema) -> Walk:
    steps: list[tuple] = []

    def walk(value: dict, old: dict | None, path: tuple | None, found: Findings) -> None:
        if value is old:
            return
        if not steps:
            steps.extend(_steps(schema))
        before = old or {}
        for key, checks_of_field, inner, fresh in steps:
            if key == "!":
                for rule in checks_of_field:
                    rule(value, path, found)
                continue
            item = value.get(key)
            known = before.get(key)
            if known is not None and item is known:
                if fresh is None or not fresh(value, old):
                    continue
                known = None
            here = (path, key)
            for check in checks_of_field:
                check(item, here, found)
            if inner is not None and item is not None:
                inner(item, known, here, found)
    return walk


def _remembering(walk: Walk) -> Walk:
    """What was found to be right stays right, unless it depends on what is around it."""
    memo = IdentityMemo()

    def remember(value: dict, old: dict | None, path: tuple | None, found: Findings) -> None:
        if memo.get(value) is not MISSING and not found.claims:
            return
        count = len(found)
        walk(value, old, path, found)
        if len(found) == count and not found.claims:
            memo.put(value, True)
    return remember


def _list(schema: Schema) -> Walk:
    def walk(values: list, old: list | None, path: tuple | None, found: Findings) -> None:
        if values is old:
            return
        step, before = schema.items.validator, old or ()
        for index, value in enumerate(values):
            step(value, before[index] if index < len(before) else None, (path, index), found)
    return walk


def _map(schema: Schema) -> Walk:
    def walk(values: dict, old: dict | None, path: tuple | None, found: Findings) -> None:
        if values is old:
            return
        step, before = schema.items.validator, old or {}
        for key, value in values.items():
            step(value, before.get(key), (path, key), found)
    return walk
