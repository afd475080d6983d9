"""Strategic merge patch: a merge patch that knows the lists which are keyed.

Part of Kubernetes: apimachinery pkg/util/strategicpatch. What the schema says of a field (patch strategy and merge key) decides
whether a list is merged by key or replaced; directives in the patch say more: $patch, $retainKeys, $setElementOrder/x and
$deleteFromPrimitiveList/x. Law 3: parts that the patch does not name are shared.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError, bad_request
from .meta import share

if TYPE_CHECKING:
    from .schema import Schema

PATCH, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge_patch(schema: Schema | None, old: dict, patch: object) -> dict:
    """old with the patch merged into it; old itself where nothing changes."""
    if not isinstance(patch, dict):
        from .mismatch import JSON_NAMES
        raise bad_request(f"json: cannot unmarshal {JSON_NAMES[type(patch)]} into Go value of type map[string]interface {{}}")
    return share(merge_map(schema, old, patch), old)


def merge_map(schema: Schema | None, old: dict, patch: dict) -> dict:
    directive = patch.get(PATCH)
    if directive is not None:
        return _directed(directive, patch)
    new = _retained(old, patch)
    for key in patch:
        if key.startswith(ORDER):
            _merge_ordered(schema, old, new, patch, key)
        elif key.startswith(DELETE):
            _delete_primitives(new, patch, key)
    ordered = {key.removeprefix(ORDER) for key in patch if key.startswith(ORDER)}
    for key, value in patch.items():
        if key.startswith("$") or key in ordered:
            continue
        if value is None:
            new.pop(key, None)
        else:
            new[key] = _merge_value(_field(schema, key), old.get(key), value)
    return new


def _directed(directive: object, patch: dict) -> dict:
    if directive == "replace":
        return without_directives({key: value for key, value in patch.items() if key != PATCH})
    if directive == "delete":
        return {}
    raise _unknown(directive, patch)


def _unknown(directive: object, patch: dict) -> ApiError:
    from .patch import go_text
    return ApiError(500, "", f"unknown patch type: {directive} in map: {go_text(patch)}")


def _retained(old: dict, patch: dict) -> dict:
    """A copy of old with only those keys that $retainKeys names (all without it)."""
    retain = patch.get(RETAIN)
    if retain is None:
        return dict(old)
    if not isinstance(retain, list) or any(key not in retain for key, value in patch.items() if value is not None and key[:1] != "$"):
        raise bad_request("invalid patch format of retainKeys")
    return {key: value for key, value in old.items() if key in retain}


def _merge_value(schema: Schema | None, old: object, patch: object) -> object:
    if type(old) is not type(patch) or (schema and "replace" in schema.patch_strategies):
        return without_directives(patch)
    if isinstance(patch, dict):
        return merge_map(schema, old, patch)
    if isinstance(patch, list):
        return _merge_list(schema, old, patch) if schema and "merge" in schema.patch_strategies else patch
    return patch


def _field(schema: Schema | None, key: str) -> Schema | None:
    if schema is None:
        return None
    return schema.items if schema.type == "map" else schema.fields.get(key) if schema.type == "object" else None


def without_directives(value: object) -> object:
    """A part of a patch that has nothing to be merged with: its values without nulls and directives."""
    if isinstance(value, dict):
        return {} if value.get(PATCH) == "delete" else {
            key: without_directives(inner) for key, inner in value.items() if key[:1] != "$" and inner is not None}
    if isinstance(value, list):
        return [without_directives(item) for item in value if not (isinstance(item, dict) and PATCH in item)]
    return value


# --- lists --------------------------------------------------------------------------------------------------------------

def _merge_list(schema: Schema, old: list, patch: list) -> list:
    if not old and not patch:
        return old
    if not any(isinstance(item, dict) for item in (*old, *patch)):
        merged = list(dict.fromkeys([*old, *patch]))
        return _in_order(merged, patch, old, "")
    key = schema.patch_key
    old, patch = _special_items(old, patch, key)
    return _in_order(_merge_items(schema, old, patch, key), patch, old, key)


def _special_items(old: list, patch: list, key: str) -> tuple[list, list]:
    """Carries out the items that are directives ({"$patch": "delete", "name": "x"}); returns what is left to merge."""
    plain, replace = [], False
    for item in patch:
        directive = item.get(PATCH)
        if directive is None:
            plain.append(item)
        elif directive == "delete":
            old = [other for other in old if other.get(key) != _key_of(item, key)]
        elif directive == "replace":
            replace = True
        else:
            raise _unknown(directive, item)
    return ([], plain) if replace else (old, plain)


def _key_of(item: dict, key: str) -> object:
    if key not in item:
        from .patch import go_text
        raise ApiError(500, "", f"map: {go_text(item)} does not contain declared merge key: {key}")
    return item[key]


def _merge_items(schema: Schema, old: list, patch: list, key: str) -> list:
    merged = list(old)
    for item in patch:
        wanted = _key_of(item, key)
        place = next((index for index, other in enumerate(merged) if other.get(key) == wanted), None)
        if place is None:
            merged.append(without_directives(item))
        else:
            merged[place] = merge_map(schema.items, merged[place], item)
    return merged


def _in_order(merged: list, order: list, old: list, key: str) -> list:
    """The items of the patch in its order; those that only the server has before the first that follows them there."""
    def name(item: object) -> object:
        return item.get(key) if key and isinstance(item, dict) else item
    wanted, known = [name(item) for item in order], [name(item) for item in old]
    named = sorted((item for item in merged if name(item) in wanted), key=lambda item: wanted.index(name(item)))
    others = sorted((item for item in merged if name(item) not in wanted), key=lambda item: known.index(name(item)))
    result: list = []
    while named and others:
        first, second = name(others[0]), name(named[0])
        before = second in known and known.index(first) < known.index(second)
        result.append((others if before else named).pop(0))
    return result + others + named


def _merge_ordered(schema: Schema | None, old: dict, new: dict, patch: dict, directive: str) -> None:
    """A list whose order the patch gives ($setElementOrder/x), merged with what the patch has of it."""
    field, order = directive.removeprefix(ORDER), patch[directive]
    if not isinstance(order, list):
        raise bad_request("invalid patch format of setElementOrder list")
    before, change, inner = old.get(field) or [], patch.get(field), _field(schema, field)
    if not before and change is None:
        return
    merged = before if change is None else _merge_value(inner, before, change) if before else without_directives(change)
    new[field] = _in_order(merged, order, before, inner.patch_key if inner else "")


def _delete_primitives(new: dict, patch: dict, directive: str) -> None:
    field, gone = directive.removeprefix(DELETE), patch[directive]
    if not isinstance(gone, list):
        raise bad_request("invalid patch format of primitive list")
    if isinstance(new.get(field), list):
        new[field] = [item for item in new[field] if item not in gone]
