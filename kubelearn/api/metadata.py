"""What every object's metadata must be like.

Part of Kubernetes: apimachinery pkg/api/validation/objectmeta.go and each kind's rule for names.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import checks, fields, names
from .findings import Findings
from .rules.labels import labels

if TYPE_CHECKING:
    from .resources import Resource

ROOT = (None, "metadata")


def validate(resource: Resource, obj: dict, old: dict | None, found: Findings) -> None:
    """old: None on a create. A name never changes, so it is looked at once."""
    metadata = obj.get("metadata") or {}
    before = (old or {}).get("metadata") or {}
    if old is None:
        _name(resource, metadata, found)
    for key, check in CHECKS:
        value = metadata.get(key)
        if value is not None and value is not before.get(key):
            check(value, (ROOT, key), found)
    new = [one for one in metadata.get("finalizers") or () if one not in (before.get("finalizers") or ())]
    if new and before.get("deletionTimestamp"):
        listed = ", ".join(f'"{one}"' for one in new)
        found.forbidden((ROOT, "finalizers"), "no new finalizers can be added if the object is being deleted, "
                        f"found new finalizers []string{{{listed}}}")


def _name(resource: Resource, metadata: dict, found: Findings) -> None:
    name, prefix, rule = metadata.get("name"), metadata.get("generateName"), getattr(names, resource.facts.get("names", "dns_subdomain"))
    if prefix:
        for problem in rule(prefix[:-1] + "a" if prefix.endswith("-") else prefix):
            found.invalid((ROOT, "generateName"), prefix, problem)
    if not name:
        found.required((ROOT, "name"), "name or generateName is required")
    else:
        for problem in rule(name):
            found.invalid((ROOT, "name"), name, problem)
    if resource.namespaced:
        checks.dns_label(metadata.get("namespace"), (ROOT, "namespace"), found)


def annotations(values: dict | None, path: tuple, found: Findings) -> None:
    for key in sorted(values or ()):
        for problem in names.qualified_name(key.lower()):
            found.invalid(path, key, problem)
    if values and sum(len(key) + len(value) for key, value in values.items()) > 256 * 1024:
        found.append(fields.too_long(path, 256 * 1024))


def owner_references(references: list, path: tuple, found: Findings) -> None:
    controllers = []
    for index, reference in enumerate(references):
        here = (path, index)
        for key in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(key):
                found.required((here, key), "must not be empty")
        if reference.get("controller"):
            controllers.append(f"{reference.get('kind')}/{reference.get('name')}")
        if (reference.get("apiVersion"), reference.get("kind")) in NO_OWNERS:
            found.invalid(here, _reference(reference), f"/{reference['apiVersion']}, Kind=Event is disallowed from being an owner")
    if len(controllers) > 1:
        found.invalid(path, list(map(_reference, references)), "Only one reference can have Controller set to true. Found \"true\" in "
                                                               f"references for {controllers[0]} and {controllers[1]}")


def _reference(value: dict) -> fields.GoStruct:
    names = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return fields.GoStruct({key: value[key] for key in names if key in value})


NO_OWNERS = (("v1", "Event"),)
STANDARD = ("kubernetes", "foregroundDeletion", "orphan", "customresourcecleanup.apiextensions.k8s.io")


def finalizers(values: list, path: tuple, found: Findings) -> None:
    """One of ours, or qualified by a domain."""
    for index, value in enumerate(values):
        for problem in names.qualified_name(value):
            found.invalid(path, value, problem)
        if "/" not in value and value not in STANDARD:
            found.invalid((path, index), value, "name is neither a standard finalizer name nor is it fully qualified")


CHECKS = (("labels", labels), ("annotations", annotations), ("ownerReferences", owner_references), ("finalizers", finalizers))
