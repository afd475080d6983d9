"""Small helpers on objects: names, owners, conditions, and changing a copy.

Part of Kubernetes: apimachinery pkg/apis/meta/v1. Law 3: nothing here modifies an object; what changes one returns a new
object that shares every part off the path.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence


def name_of(obj: dict) -> str:
    return obj["metadata"].get("name", "")


def namespace_of(obj: dict) -> str:
    return obj["metadata"].get("namespace", "")


def key_of(obj: dict) -> str:
    """ "ns/name"; a cluster-scoped object's is its name. client-go MetaNamespaceKeyFunc."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else metadata["name"]


def uid_of(obj: dict) -> str:
    return obj["metadata"].get("uid", "")


def labels_of(obj: dict) -> dict:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: dict) -> dict:
    return obj["metadata"].get("annotations") or {}


def owner_of(obj: dict) -> dict | None:
    """The ownerReference of its controller."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return reference
    return None


def owner_reference(owner: dict, controller: bool = True) -> dict:
    """The reference that says: this owner controls me and its foreground deletion waits for me."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name_of(owner), "uid": uid_of(owner)}
    return reference | {"controller": True, "blockOwnerDeletion": True} if controller else reference


def reference_to(obj: dict) -> dict:
    """An ObjectReference: this very object, in this version."""
    return {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "namespace": namespace_of(obj), "name": name_of(obj), "uid": uid_of(obj),
            "resourceVersion": obj["metadata"].get("resourceVersion", "")}


def is_deleting(obj: dict) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def get(obj: dict, path: Sequence[str], default: object = None) -> object:
    """get(pod, ("status", "phase"))"""
    for part in path:
        obj = obj.get(part) if isinstance(obj, dict) else None
        if obj is None:
            return default
    return obj


def replace(obj: dict, path: Sequence[str], value: object) -> dict:
    """A new object with this value at the path, sharing the rest; None removes the field."""
    first, rest = path[0], path[1:]
    new = dict(obj)
    if rest:
        new[first] = replace(obj.get(first) or {}, rest, value)
    elif value is None:
        new.pop(first, None)
    else:
        new[first] = value
    return new


def find_condition(conditions: Iterable[dict] | None, kind: str) -> dict | None:
    """The one of this type."""
    return next((condition for condition in conditions or () if condition["type"] == kind), None)


def condition(obj: dict, kind: str) -> dict | None:
    """The condition of status.conditions with this type."""
    return find_condition((obj.get("status") or {}).get("conditions"), kind)


def condition_is(obj: dict, kind: str, status: str = "True") -> bool:
    entry = condition(obj, kind)
    return entry is not None and entry["status"] == status


def set_condition(conditions: list[dict], condition: dict, now: str) -> list[dict]:
    """The conditions with this one in its place; lastTransitionTime (`now`, RFC 3339) moves only when its status does.

    Returns the same list where nothing changes. Upstream: apimachinery meta.SetStatusCondition.
    """
    for index, old in enumerate(conditions):
        if old["type"] == condition["type"]:
            since = old.get("lastTransitionTime", now) if old["status"] == condition["status"] else now
            new = old | condition | {"lastTransitionTime": since}
            return conditions if new == old else [*conditions[:index], new, *conditions[index + 1:]]
    return [*conditions, condition | {"lastTransitionTime": now}]


def share(new: object, old: object) -> object:
    """new, with every part that equals the same part of old replaced by old's own; old itself where all is equal.

    So that what came back from a patch or a client costs only what differs.
    """
    if new is old or type(new) is not type(old):
        return new
    if isinstance(new, dict):
        parts = {key: share(value, old.get(key)) for key, value in new.items()}
        same = len(parts) == len(old) and all(key in old and value is old[key] for key, value in parts.items())
        return old if same else parts
    if isinstance(new, list):
        items = [share(item, other) for item, other in zip(new, old)] + new[len(old):]
        return old if len(items) == len(old) and all(item is other for item, other in zip(items, old)) else items
    return old if new == old else new


DEFAULT_STORAGE_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def newest_marked(objects: Iterable[dict], marks: tuple[str, ...]) -> dict | None:
    """The one that an annotation marks as the default; of several the newest, of those made at once the first by name."""
    marked = [obj for obj in objects if any(annotations_of(obj).get(mark) == "true" for mark in marks)]
    newest = max((obj["metadata"]["creationTimestamp"] for obj in marked), default=None)
    return min((obj for obj in marked if obj["metadata"]["creationTimestamp"] == newest), key=name_of, default=None)
