"""An object as the server's own structs hold it, for the errors that print one.

Part of Kubernetes: pkg/apis/core/types.go. Users meet it in the diff that refuses a change of a pod: every field is there, under
its Go name and in its own order, unset ones as null or zero. The fields stand in data/internal.json.
"""
from __future__ import annotations

import difflib
import json

from . import data
from .fields import GoStruct

ZEROS = {"s": "", "b": False, "i": 0, "q": "0"}
RENAMED = {"DeprecatedServiceAccount": "serviceAccount"}
METADATA = "+metav1.ObjectMeta"
METADATA_FIELDS = ("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
                   "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
                   "managedFields")


def struct(name: str, value: dict) -> GoStruct:
    """struct("PodSpec", pod["spec"])"""
    printed, keys = GoStruct(), {key.lower(): key for key in value}
    for field, kind in data.internal()[name].items():
        if field == METADATA:
            metadata = value.get("metadata") or {}
            printed.update((key, metadata[key]) for key in sorted(metadata, key=METADATA_FIELDS.index))
        elif field[0] == "+":
            printed.update(struct(field[1:], value) if field[1:] in data.internal() else {})
        else:
            printed[field] = _part(kind, value.get(RENAMED.get(field) or keys.get(field.lower(), field)))
    return printed


def printed(name: str, value: dict | list | None) -> object:
    """A struct, several, or none."""
    return _part(f"*{name}", value)


def _part(kind: str, value: object) -> object:
    inner = kind.removeprefix("*").removeprefix("[]")
    if value is None:
        return struct(kind, {}) if kind in data.internal() else ZEROS.get(kind)
    if inner in data.internal():
        return [struct(inner, item) for item in value] if isinstance(value, list) else struct(inner, value)
    return value


def diff(name: str, old: dict, new: dict) -> str:
    """A unified diff of two values of a struct, as upstream prints them line by line."""
    texts = [json.dumps(struct(name, value), indent=1, ensure_ascii=False).splitlines() for value in (old, new)]
    return "\n".join(list(difflib.unified_diff(*texts, n=3, lineterm=""))[2:]) + "\n"
