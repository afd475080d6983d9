"""Where in an object something is wrong, and how Go words that a value has the wrong type.

Part of Kubernetes: sigs.k8s.io/json. A path is a chain (parent, step), written out only for an error: a step is a field's name, the
index of an item, a Key of a map, or an embedded struct that only Go's errors name.
Leaves out: the Go names of most string types (an error says `string` where upstream says `v1.SomeType`).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import data

if TYPE_CHECKING:
    from .schema import Schema

JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array", type(None): "null"}


class Key(str):
    """A step of a path that is a key of a map, which Go's errors leave out."""


class Inlined(str):
    """A step of a path through an embedded struct, which only Go's errors name."""


def embedded_in(schema: Schema) -> tuple[str, tuple[str, ...]]:
    """The struct that a definition's embeds, and which fields are that struct's."""
    lines = data.sections("gonames").get(schema.short, ())
    return next(((key[1:], tuple(text.split())) for key, text in lines if key.startswith("+")), ("", ()))


class WrongType(Exception):
    """What is wrong, in Go's words."""

    @property
    def converted(self) -> str:
        return str(self)


class Undecodable(WrongType):
    """Text that should be bytes."""

    @property
    def converted(self) -> str:
        return f"error decoding from json: {self}"


class Mismatch(WrongType):
    """A JSON value of one type where another is wanted; owner is the innermost struct around it."""

    def __init__(self, item: object, schema: Schema, path: tuple | None, wanted: str = ""):
        super().__init__()
        self.item, self.schema, self.path, self.wanted, self.owner = item, schema, path, wanted, None

    def __str__(self) -> str:
        field = next((step for step in reversed(steps_of(self.path)) if isinstance(step, str)), "")
        known = dict(data.sections("gonames").get(self.owner.short, ())).get(field) if self.owner else None
        wanted, found = self.wanted or known or go_type(self.schema), JSON_NAMES[type(self.item)]
        if found == "number" and wanted.startswith("int"):
            found = f"number {self.item}"
        if self.owner is None or self.path is None:
            return f"json: cannot unmarshal {found} into Go value of type {wanted}"
        where = ".".join(step for step in steps_of(self.path) if type(step) in (str, Inlined))
        struct = self.owner.short.rpartition(".")[2]
        return f"json: cannot unmarshal {found} into Go struct field {struct}.{where} of type {wanted}"

    @property
    def converted(self) -> str:
        """The words of apimachinery's converter, through which a strategic patch's result goes."""
        kinds = {str: "string", bool: "bool", int: "int64", float: "float64", dict: "map", list: "slice", type(None): "nil"}
        found, wanted = kinds[type(self.item)], self.wanted or go_type(self.schema)
        if self.schema.type in ("list", "map"):
            return f"cannot restore {'slice' if self.schema.type == 'list' else 'map'} from {found}"
        if self.schema.type == "object":
            return f"cannot restore struct from: {found}"
        convertible = (found, self.schema.type) in (("int64", "string"), ("float64", "integer"))  # in Go
        return f"cannot convert {found} to {wanted}" if convertible else f"unrecognized type: {wanted}"


def steps_of(path: tuple | None) -> list:
    steps = []
    while path is not None:
        path, step = path
        steps.append(step)
    return steps[::-1]


def text_of(path: tuple | None) -> str:
    """'spec.containers[0].name'"""
    steps = (step for step in steps_of(path) if type(step) is not Inlined)
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def go_type(schema: Schema) -> str:
    """The type as Go prints it."""
    match schema.type:
        case "list":
            return f"[]{go_type(schema.items)}"
        case "map":
            return f"map[string]{go_type(schema.items)}"
        case "integer":
            return schema.format or "int32"
        case "string":
            return "[]uint8" if schema.format == "byte" else "string"
        case "boolean":
            return "bool"
        case "number":
            return "float64"
    return ".".join(schema.name.split(".")[-2:])
