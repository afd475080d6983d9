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
from .findings import Findings
from .meta import get
from .rules import FRESH, checks_of, condition, of_resource, table
from .walk import Visitor, Walk, concerned

if TYPE_CHECKING:
    from .resources import Resource
    from .schema import Schema

ELSEWHERE = ("meta.v1.ObjectMeta",)  # metadata.py looks at it


def validate_create(resource: Resource, obj: dict) -> list[FieldError]:
    """What is wrong with a new object, in upstream's words and order."""
    found = Findings()
    metadata.validate(resource, obj, None, found)
    resource.schema.check(obj, None, found)
    for rule in of_resource(resource.storage, "create"):
        rule(obj, None, found)
    return found.all()


def validate_update(resource: Resource, new: dict, old: dict, subresource: str = "") -> list[FieldError]:
    """What is wrong with new, and what it changes that may not change through this subresource."""
    found = Findings()
    metadata.validate(resource, new, old, found)
    for rule in of_resource(resource.storage, "before"):
        rule(new, old, found)
    resource.schema.check(new, old, found)
    for rule in of_resource(resource.storage, subresource) or of_resource(resource.storage, "update"):
        rule(new, old, found)
    return found.all()


# --- the walk -----------------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=None)
def _rules(schema: Schema) -> list[tuple[str, tuple]]:
    """(field, its checks): the definition's table, or what the schema says."""
    if schema.short in table():
        return [_rule(key, *text.split("  if ")) for key, text in table()[schema.short]]
    found = []
    for key, field in schema.fields.items():
        if field.enum:
            found.append((key, ((checks.one_of if key in schema.required else checks.supported)(*field.enum),)))
        elif key in schema.required and field.type == "string":
            found.append((key, (checks.required,)))
    return found


def _rule(key: str, checks: str, text: str = "") -> tuple[str, tuple]:
    """What is said of a field further down, or under a condition, is a rule about the whole."""
    found, holds = checks_of(checks), condition(text) if text else lambda value: True
    if not text and "." not in key:
        return key, found
    return "!", tuple(_of_part(tuple(key.split(".")), check, holds) for check in found)


def _of_part(steps: tuple[str, ...], check: Callable, holds: Callable[[dict], bool]) -> Callable:
    return lambda value, path, found: check(get(value, steps), fields.below(path, *steps), found) if holds(value) else None


class Validation(Visitor):
    def concerns(self, schema: Schema) -> bool | None:
        is_status = schema.short not in table() and schema.short.endswith(("Status", "Condition"))
        return None if schema.short in ELSEWHERE or is_status else bool(_rules(schema))

    def is_alone(self, found: Findings) -> bool:
        return not found.claims

    def _steps(self, schema: Schema) -> list[tuple[str, tuple, Walk | None, Callable | None]]:
        """(field, its checks, the walk into it, whether it is to be looked at although it is unchanged)"""
        inner = {key: field.walk(self) for key, field in schema.fields.items() if concerned(field, self)}
        steps = []
        for key, found in _rules(schema):
            steps.append((key, found, inner.pop(key, None), FRESH.get((schema.short, key))))
        return steps + [(key, (), walk, None) for key, walk in inner.items()]

    def object(self, schema: Schema) -> Walk:
        steps: list[tuple] = []

        def walk(value: dict, old: dict | None, path: tuple | None, found: Findings) -> dict:
            if value is old:
                return value
            if not steps:
                steps.extend(self._steps(schema))
            before = old or {}
            for key, checks_of_field, inner, fresh in steps:
                if key == "!":
                    for rule in checks_of_field:
                        rule(value, path, found)
                    continue
                item, known = value.get(key), before.get(key)
                if known is not None and item is known:
                    if fresh is None or not fresh(value, old):
                        continue
                    known = None
                here = (path, key)
                for check in checks_of_field:
                    check(item, here, found)
                if inner is not None and item is not None:
                    inner(item, known, here, found)
            return value
        return walk


VALIDATION = Validation()
