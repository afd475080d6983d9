"""Who owns a field: derived from an object's history when someone asks, instead of being kept on every write.

Part of Kubernetes: apimachinery pkg/util/managedfields. Each revision knows its manager, whether it was applied, and the
objects before and after; the sets of fields follow. What was derived is remembered with the revision it is of.
"""
from __future__ import annotations

from kubelearn.api import apply
from kubelearn.api.resources import Resource
from kubelearn.etcd import Revision

_KEPT = 500  # objects whose managers are remembered


def managers(registry, resource: Resource, obj: dict) -> list:
    """The managers of a stored object, in api.apply's form."""
    metadata = obj["metadata"]
    key = (metadata.get("namespace", ""), metadata["name"])
    cache = registry.etcd.__dict__.setdefault("managers", {})
    revision, found = cache.pop((resource.storage, key, metadata["uid"]), (0, []))
    for step in registry.etcd.history(resource, key):
        if step.revision > revision and step.object["metadata"]["uid"] == metadata["uid"] and \
                step.revision <= int(metadata["resourceVersion"] or registry.etcd.revision):
            found, revision = _after(step, found, registry.clock), step.revision
    cache[resource.storage, key, metadata["uid"]] = (revision, found)
    if len(cache) > _KEPT:
        del cache[next(iter(cache))]
    return found


def _after(step: Revision, found: list, clock) -> list:
    request = step.request
    if request.managers is not None:
        return apply.managers_of(request.managers)
    return apply.after_write(step.resource.schema, step.previous, step.object, found, manager=request.manager, operation=request.operation,
                             applied=request.applied, subresource=request.subresource, time=clock.timestamp(step.time))


def with_managed_fields(registry, resource: Resource, obj: dict) -> dict:
    """A copy of obj that carries metadata.managedFields, as an API server answers it."""
    entries = apply.managed_fields(managers(registry, resource, obj), resource.api_version)
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}} if entries else obj
