"""The one walk over (schema, new object, old object): how each operation gets to every part of an object that concerns it.

A visitor says what an operation does in an object and with a single value: decode.py, defaulting.py and validation.py are the three.
For each schema a walk is compiled once, when first used. It skips what is identical (`is`) to the old object, and returns what it was
given where nothing changes (law 3).
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from .memo import MISSING, IdentityMemo
from .mismatch import Key, Mismatch

if TYPE_CHECKING:
    from .schema import Schema

Walk = Callable[[object, object, tuple | None, list], object]  # (new, old, path, what is found on the way) -> new, perhaps changed
SHARED = ("core.v1.PodSpec",)  # many objects are made from one of these: what was done for it is remembered
DROP = object()  # what a step answers for a part that shall go


class Visitor(ABC):
    """One operation. It is given the schema once, and makes what is called for each value."""

    @abstractmethod
    def object(self, schema: Schema) -> Walk:
        """What is to be done with an object of this definition, and with what is inside."""

    def scalar(self, schema: Schema) -> Walk | None:
        """None: nothing is to be done with a single value."""
        return None

    def concerns(self, schema: Schema) -> bool | None:
        """Whether it has something to do in an object of this definition itself; None: nor in what is inside."""
        return True

    def plain(self, schema: Schema) -> type | None:
        """A type whose values need no look."""
        return None

    def is_alone(self, found: list) -> bool:
        """Whether what is done for a shared part depends on nothing around it."""
        return True


def compile(schema: Schema, visitor: Visitor) -> Walk | None:
    """None where nothing of this type concerns the visitor."""
    if schema.type in ("object", "list", "map") and not concerned(schema, visitor):
        return None
    match schema.type:
        case "object":
            walk = visitor.object(schema)
            return _remembering(walk, visitor) if schema.short in SHARED else walk
        case "list" | "map":
            return _parts(schema, visitor)
    return visitor.scalar(schema)


def concerned(schema: Schema, visitor: Visitor, above: tuple[str, ...] = ()) -> bool:
    """Whether this type or anything inside it concerns the visitor."""
    if schema.type in ("list", "map"):
        return concerned(schema.items, visitor, above)
    if schema.type != "object":
        return visitor.scalar(schema) is not None
    own = visitor.concerns(schema) if schema.name not in above else None
    if own is not False:
        return bool(own)
    return any(concerned(field, visitor, (*above, schema.name)) for field in schema.fields.values())


def changed(value: dict, new: dict, key: str, part: object) -> dict:
    """new (value itself, or a copy of it already) with another part."""
    new = dict(value) if new is value else new
    if part is DROP:
        del new[key]
    else:
        new[key] = part
    return new


def _remembering(walk: Walk, visitor: Visitor) -> Walk:
    memo = IdentityMemo()

    def remember(value: object, old: object, path: tuple | None, found: list) -> object:
        alone = visitor.is_alone(found)
        known = memo.get(value) if alone else MISSING
        if known is not MISSING:
            return known
        count = len(found)
        new = walk(value, old, path, found)
        if alone and len(found) == count:
            memo.put(value, new)
            memo.put(new, new)
        return new
    return remember


def _parts(schema: Schema, visitor: Visitor) -> Walk:
    """Of a list or a map: each of its items."""
    plain, step, is_list = visitor.plain(schema.items), None, schema.type == "list"
    kind, each, key_of = (list, enumerate, int) if is_list else (dict, dict.items, Key)

    def walk(value: object, old: object, path: tuple | None, found: list) -> object:
        nonlocal step
        if value is old:
            return value
        if type(value) is not kind:
            raise Mismatch(value, schema, path)
        step, new, before = step or schema.items.walk(visitor), value, old if type(old) is kind else ()
        for key, item in each(value):
            if type(item) is plain:
                continue
            known = (before[key] if key < len(before) else None) if is_list else before.get(key) if before else None
            part = step(item, known, (path, key_of(key)), found) if item is not None else _zero(schema.items)
            if part is not item:
                new = kind(value) if new is value else new
                new[key] = part
        return new
    return walk


def _zero(schema: Schema) -> object:
    """What Go makes of a null inside a list or map."""
    return {"string": "", "boolean": False, "integer": 0, "number": 0, "list": [], "quantity": "0", "int-or-string": 0}.get(schema.type, {})
