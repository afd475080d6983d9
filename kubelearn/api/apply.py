"""Server-side apply: each field has managers; who applies a configuration says all that he wants, and no more.

Part of Kubernetes: structured-merge-diff's merge.Updater and apimachinery's managedfields. Pure functions: managers are a list
of Manager, which the registry derives from an object's history.
Leaves out: ownership across API versions of one kind (fields are compared as they are stored).
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import ApiError
from . import fieldset
from .fieldset import Tree, diff_fields, difference, field_set, has, intersection, union, without
from .meta import share

if TYPE_CHECKING:
    from .schema import Schema

NOBODYS = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": {f"f:{key}": {} for key in (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion", "generateName",
    "deletionTimestamp", "deletionGracePeriodSeconds")}}


KEPT_IN_STEP = {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}}  # by the server, for kubectl


class Manager(NamedTuple):
    """One entry of managedFields."""

    name: str
    operation: str  # Apply or Update
    subresource: str
    api_version: str
    time: str
    fields: Tree

    def printed(self) -> str:
        """As a conflict names him."""
        name = f'"{self.name}" with subresource "{self.subresource}"' if self.subresource else f'"{self.name}"'
        return name if self.operation == "Apply" else f"{name} using {self.api_version}"

    def is_same(self, name: str, operation: str, subresource: str) -> bool:
        return (self.name, self.operation, self.subresource) == (name, operation, subresource)


def apply(schema: Schema, live: dict, config: dict, manager: str, managers: list[Manager], force: bool = False,
          subresource: str = "", given_up: Tree | None = None) -> tuple[dict, list[Manager]]:
    """live with config (which fits its schema: typed.check) applied by this manager, and the managers after it.

    ApiError 409 where others hold what would change; given_up: what nobody stands up for.
    """
    config = _own_part(config)
    wanted = _owned(field_set(schema, config), subresource)
    mine = next((m for m in managers if m.is_same(manager, "Apply", subresource)), None)
    others = [m for m in managers if m is not mine]
    new = merge(schema, live, config)
    if mine is not None:
        kept = wanted
        for other in others:
            kept = union(kept, other.fields)
        new = share(_pruned(schema, new, difference(mine.fields, kept), kept), live)
    added, modified, removed = diff_fields(schema, live, new)
    changed = union(added, modified)
    conflicts = [(other, held) for other in others if (held := difference(intersection(other.fields, changed), given_up or {}))]
    if conflicts and not force:
        raise _conflict(conflicts)
    applied = Manager(manager, "Apply", subresource, config["apiVersion"], mine.time if mine else "", wanted)
    return new, _without_empty([_loses(other, union(changed, removed)) for other in others] + [applied])


def unchanged_since(schema: Schema, last: dict, live: dict) -> Tree:
    """Fields of a client-side apply that are still as it left them: the same person may go on with server-side apply.

    Upstream: lastAppliedManager.
    """
    return difference(field_set(schema, last), diff_fields(schema, last, live).modified)


def managers_of(entries: list[dict]) -> list[Manager]:
    """managedFields read back."""
    return [Manager(entry["manager"], entry["operation"], entry.get("subresource", ""), entry.get("apiVersion", ""), entry.get("time", ""),
                    entry.get("fieldsV1") or {}) for entry in entries]


def _own_part(config: dict) -> dict:
    metadata = {key: value for key, value in (config.get("metadata") or {}).items() if key not in ("managedFields", "resourceVersion")}
    return {**config, "metadata": metadata}


def _owned(tree: Tree, subresource: str) -> Tree:
    """Without what nobody owns, and without what a write to this (sub)resource does not reach."""
    tree = without(tree, NOBODYS)
    if subresource == "status":
        return {element: branch for element, branch in tree.items() if element in ("f:status", "f:metadata")}
    return {element: branch for element, branch in tree.items() if element != "f:status"}


def _loses(manager: Manager, fields: Tree) -> Manager:
    return manager._replace(fields=difference(manager.fields, fields))


def _without_empty(managers: list[Manager]) -> list[Manager]:
    return [manager for manager in managers if manager.fields]


def _conflict(conflicts: list[tuple[Manager, Tree]]) -> ApiError:
    found = [(manager.printed(), path) for manager, held in sorted(conflicts, key=lambda c: c[0].name) for path in fieldset.paths(held)]
    if len(found) == 1:
        text = f"Apply failed with 1 conflict: conflict with {found[0][0]}: {found[0][1]}"
    else:
        lines = []
        for name in dict.fromkeys(name for name, _ in found):
            lines += [f"conflicts with {name}:", *(f"- {path}" for other, path in found if other == name)]
        text = f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
    causes = [{"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": path} for name, path in found]
    return ApiError(409, "Conflict", text, {"causes": causes})


# --- objects ------------------------------------------------------------------------------------------------------------------

def merge(schema: Schema | None, live: object, config: object) -> object:
    """live with what config has, lists merged as their type says; shares what stays."""
    if isinstance(live, dict) and isinstance(config, dict) and fieldset.parts(schema, config) is not None:
        new = live
        for key, value in config.items():
            merged = merge(fieldset.field_of(schema, key), live.get(key), value)
            if merged is not live.get(key) or key not in live:
                new = dict(new) if new is live else new
                new[key] = merged
        return new
    if isinstance(live, list) and isinstance(config, list) and schema is not None and schema.list_type in ("map", "set"):
        return share(_merged_list(schema, live, config), live)
    return share(config, live)


def _merged_list(schema: Schema, live: list, config: list) -> list:
    """The applier's order; an item that only the server has keeps its place before those that follow it there."""
    def name(item: object) -> str:
        return next(iter(fieldset.parts(schema, [item])))
    mine, theirs = [(name(item), item) for item in config], [(name(item), item) for item in live]
    names, known = {key for key, _ in mine}, dict(theirs)
    result, done = [], set()
    while mine or theirs:
        if theirs and (theirs[0][0] in done or theirs[0][0] not in names):
            key, item = theirs.pop(0)
            if key not in names:
                result.append(item)
        elif mine:
            key, item = mine.pop(0)
            result.append(merge(schema.items, known[key], item) if key in known else item)
            done.add(key)
    return result


def _pruned(schema: Schema | None, value: object, gone: Tree, kept: Tree) -> object:
    """value without the fields of `gone`; what holds something of `kept` stays itself."""
    inner = fieldset.parts(schema, value)
    if not inner or not gone:
        return value
    left = {}
    for element, (item, below) in inner.items():
        branch = gone.get(element)
        stays = element in kept if element[0] == "f" else has(kept.get(element))  # of an item of a list, only who owns it keeps it
        if branch is not None and has(branch) and not stays:
            continue
        part = item if branch is None else _pruned(below, item, branch, kept.get(element) or {})
        if part or not item:
            left[element] = part
    if isinstance(value, list):
        return list(left.values())
    return {element[2:]: item for element, item in left.items()}


# --- managedFields ------------------------------------------------------------------------------------------------------------

def after_write(schema: Schema, old: dict | None, new: dict, managers: list[Manager], manager: str, operation: str = "Update",
                applied: dict | None = None, subresource: str = "", time: str = "") -> list[Manager]:
    """The managers after a write that made new of old (None: a create).

    applied: the configuration of an Apply; of a create, the object before the server added what nobody owns (addresses, accounts).
    """
    if old is None and operation == "Update" and applied is not None:
        new = applied
    added, modified, removed = diff_fields(schema, old or {"apiVersion": "", "kind": "", "metadata": {}}, new)
    changed = union(added, modified)
    mine = next((m for m in managers if m.is_same(manager, operation, subresource)), None)
    if operation == "Apply":
        fields = _owned(field_set(schema, _own_part(applied or {})), subresource)
        changed = difference(changed, difference(KEPT_IN_STEP, fields))
    else:
        fields = _owned(union(difference(mine.fields if mine else {}, removed), changed), subresource)
    others = [_loses(m, union(changed, removed)) for m in managers if m is not mine]
    since = mine.time if mine and mine.fields == fields else time
    return _without_empty([*others, Manager(manager, operation, subresource, new["apiVersion"], since, fields)])


def managed_fields(managers: list[Manager], api_version: str = "") -> list[dict]:
    """metadata.managedFields: appliers first, then updaters, by time and name. api_version: of the answer, where a manager has none."""
    ordered = sorted(managers, key=lambda m: (m.operation != "Apply", m.time, m.name))
    return [{"manager": m.name, "operation": m.operation, "apiVersion": m.api_version or api_version,
             **({"time": m.time} if m.time else {}), "fieldsType": "FieldsV1", "fieldsV1": m.fields,
             **({"subresource": m.subresource} if m.subresource else {})} for m in ordered]
