"""Sets of fields, as server-side apply and managedFields hold them: trees in the form of fieldsV1.

{"f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"c"}': {".": {}, "f:image": {}}}}}: a leaf is a member of the set, and so
is a branch that holds ".". Part of Kubernetes: structured-merge-diff's fieldpath and typed.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .schema import Schema

Tree = dict  # never modified once made
SELF = {".": {}}
ALWAYS_THERE = frozenset((  # structs (and one list) that Go writes even when they are empty, so nobody comes to own them
    "metadata", "spec", "status", "template", "strategy", "updateStrategy", "jobTemplate", "containers", "selector"))


class Comparison(NamedTuple):
    """What became different between two objects."""

    added: Tree
    modified: Tree
    removed: Tree


# --- how an object is divided ---------------------------------------------------------------------------------------------

def parts(schema: Schema | None, value: object) -> dict[str, tuple[object, Schema | None]] | None:
    """The parts of a value that can be owned apart: element -> (value, its schema); None of a leaf or something atomic."""
    if isinstance(value, dict):
        if schema is not None and (schema.atomic or schema.type in ("any", "int-or-string") and not schema.source.get("properties")):
            return None if schema.atomic or schema.name else {f"f:{key}": (item, None) for key, item in value.items()}
        return {f"f:{key}": (item, field_of(schema, key)) for key, item in value.items()}
    if isinstance(value, list) and schema is not None:
        if schema.list_type == "map":
            return {key_element(schema, item): (item, schema.items) for item in value if isinstance(item, dict)}
        if schema.list_type == "set":
            return {f"v:{_json(item)}": (item, schema.items) for item in value}
    return None


def field_of(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    return schema.items if schema.type == "map" else schema.fields.get(key)


def key_element(schema: Schema, item: dict) -> str:
    """'k:{"containerPort":80,"protocol":"TCP"}': an absent key counts as the schema's default."""
    properties = schema.items.source.get("properties", {})
    keys = {key: item.get(key, properties.get(key, {}).get("default")) for key in sorted(schema.list_keys)}
    return f"k:{_json({key: value for key, value in keys.items() if value is not None})}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# --- sets from objects -----------------------------------------------------------------------------------------------------

def field_set(schema: Schema | None, obj: object) -> Tree:
    """Every field that an object names."""
    inner = parts(schema, obj)
    if inner is None:
        return {}
    listed = isinstance(obj, list)
    tree = {}
    for element, (value, below) in inner.items():
        branch = {} if value is None else field_set(below, value)
        tree[element] = {**SELF, **branch} if branch and listed else branch
    return {element: branch for element, branch in tree.items() if branch or _is_member(inner[element][0], inner[element][1])}


def _is_member(value: object, schema: Schema | None) -> bool:
    """A list that is divided has nothing to own while it is empty."""
    return not (isinstance(value, list) and not value and schema is not None and schema.list_type in ("map", "set"))


def diff_fields(schema: Schema | None, old: object, new: object) -> Comparison:
    """Which fields a change added, modified and removed."""
    if old is new:
        return Comparison({}, {}, {})
    before, after = parts(schema, old) or {}, parts(schema, new) or {}
    added: Tree = {}
    modified: Tree = {}
    removed: Tree = {}
    for element, (value, below) in after.items():
        if element not in before:
            _put(added, element, _whole(element, below, value))
            continue
        other = before[element][0]
        if other is value:
            continue
        if parts(below, value) is None or parts(below, other) is None:
            if other != value:
                modified[element] = {}
            continue
        change = diff_fields(below, other, value)
        for tree, branch in zip((added, modified, removed), change):
            _put(tree, element, branch or None)
    for element, (value, below) in before.items():
        if element not in after:
            _put(removed, element, _whole(element, below, value))
    return Comparison(added, modified, removed)


def _put(tree: Tree, element: str, branch: Tree | None) -> None:
    if branch is not None:
        tree[element] = branch


def _whole(element: str, schema: Schema | None, value: object) -> Tree:
    """A part that came or went as one: itself and everything in it."""
    inner = parts(schema, value)
    if not inner:
        return {}
    tree = {key: _whole(key, below, item) for key, (item, below) in inner.items()}
    return tree if element.removeprefix("f:") in ALWAYS_THERE else {**SELF, **tree}


# --- sets among themselves ---------------------------------------------------------------------------------------------------

def has(tree: Tree | None) -> bool:
    """Whether the path that ends in this branch is itself a member."""
    return tree is not None and (not tree or "." in tree)


def union(a: Tree, b: Tree) -> Tree:
    if not b or a is b:
        return a
    if not a:
        return b
    merged = dict(a)
    for element, branch in b.items():
        other = merged.get(element)
        merged[element] = branch if other is None else _with_self(union(other, branch), has(other) or has(branch))
    return merged


def _with_self(tree: Tree, member: bool) -> Tree:
    return {**SELF, **tree} if member and tree and "." not in tree else tree


def difference(a: Tree, b: Tree) -> Tree:
    """The members of a that are not in b."""
    left = {}
    for element, branch in a.items():
        other = b.get(element)
        if other is None:
            left[element] = branch
            continue
        if element == ".":
            continue
        inner = difference({key: value for key, value in branch.items() if key != "."}, other)
        _add(left, element, inner, has(branch) and not has(other))
    return left


def intersection(a: Tree, b: Tree) -> Tree:
    common = {}
    for element, branch in a.items():
        other = b.get(element)
        if other is None or element == ".":
            continue
        _add(common, element, intersection(branch, other), has(branch) and has(other))
    return common


def _add(tree: Tree, element: str, inner: Tree, member: bool) -> None:
    """What is left of a part: itself, where it is a member, and what is inside."""
    if member:
        tree[element] = {**SELF, **inner} if inner else {}
    elif inner:
        tree[element] = inner


def without(tree: Tree, ignored: Tree) -> Tree:
    """tree without the paths of ignored and all that is below them."""
    left = {}
    for element, branch in tree.items():
        other = ignored.get(element)
        if other is None:
            left[element] = branch
        elif other and (inner := without(branch, other)):
            left[element] = inner
    return left


def paths(tree: Tree, prefix: str = "") -> Iterator[str]:
    """The members as errors print them: '.spec.containers[name="c"].image'; those of one level before what is below."""
    inner = [(prefix + printed(element), branch) for element, branch in sorted(tree.items()) if element != "."]
    yield from (path for path, branch in inner if has(branch))
    for path, branch in inner:
        yield from paths(branch, path)


def printed(element: str) -> str:
    kind, text = element[0], element[2:]
    if kind == "f":
        return f".{text}"
    if kind == "k":
        return "[" + ",".join(f"{key}={_json(value)}" for key, value in json.loads(text).items()) + "]"
    return f"[={text}]" if kind == "v" else f"[{text}]"
