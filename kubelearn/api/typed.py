"""Whether what is to be applied fits its schema: the strict check of server-side apply.

Part of Kubernetes: structured-merge-diff's typed values; the wording is theirs. It comes before any other check of the object.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import ApiError, bad_request, invalid
from . import fields
from .fieldset import key_element, printed

if TYPE_CHECKING:
    from .schema import Schema

NUMBERS = ("integer", "number")
FREE = ("any", "int-or-string", "quantity", "time", "micro-time")


def check(schema: Schema, config: dict, manager: str) -> None:
    """ApiError where a configuration cannot be applied by this manager, whatever is stored."""
    if not manager:
        raise invalid("PatchOptions.meta.k8s.io", "", [fields.required(fields.path_of("fieldManager"), "is required for apply patch")])
    metadata = config.get("metadata") or {}
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    found = list(_wrong(schema, config, ""))
    if found:
        group, _, version = config.get("apiVersion", "").rpartition("/")
        subject = f"({metadata.get('namespace', '')}/{metadata.get('name', '')}; {group}/{version}, Kind={config.get('kind', '')})"
        text = found[0] if len(found) == 1 else "errors:" + "".join(f"\n  {line}" for line in found)
        raise ApiError(500, "", f"failed to create typed patch object {subject}: {text}")


def _wrong(schema: Schema | None, value: object, path: str) -> Iterator[str]:
    if schema is None or value is None or schema.type in FREE:
        return
    if schema.type in ("object", "map"):
        yield from _wrong_map(schema, value, path)
    elif schema.type == "list":
        yield from _wrong_list(schema, value, path)
    elif schema.type in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{path}: expected numeric (int or float), got {_kind(value)}"
    elif schema.type == "boolean" and not isinstance(value, bool):
        yield f"{path}: expected boolean, got &{{{_go(value)}}}"
    elif schema.type == "string" and not isinstance(value, str):
        yield f"{path}: expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"


def _wrong_map(schema: Schema, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected map, got &{{{_go(value)}}}"
        return
    open_ended = schema.type == "map" or schema.source.get("x-kubernetes-preserve-unknown-fields")
    for key, item in value.items():
        inner = schema.items if schema.type == "map" else schema.fields.get(key)
        if inner is None and not open_ended:
            yield f"{path}.{key}: field not declared in schema"
        yield from _wrong(inner, item, f"{path}.{key}")


def _wrong_list(schema: Schema, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: expected list, got &{{{_go(value)}}}"
        return
    seen = set()
    for index, item in enumerate(value):
        step = f"[{index}]"
        if schema.list_type == "map":
            if not isinstance(item, dict):
                yield f"{path}: element {index}: associative list with keys may not have non-map elements"
                continue
            step = printed(key_element(schema, item))
            if step in seen:
                yield f"{path}: duplicate entries for key {step}"
            seen.add(step)
        yield from _wrong(schema.items, item, path + step)


def _kind(value: object) -> str:
    return {str: "string", bool: "boolean", dict: "map", list: "list"}[type(value)]


def _go(value: object) -> str:
    """As Go's %v prints it."""
    from .patch import go_text
    return go_text(value)


def _go_syntax(value: object) -> str:
    """As Go's %#v prints it."""
    import json
    if isinstance(value, dict):
        return "map[string]interface {}{" + ", ".join(f"{json.dumps(key)}:{_go_syntax(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    return json.dumps(value, ensure_ascii=False)
