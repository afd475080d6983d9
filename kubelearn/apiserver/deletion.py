"""How an object ends: grace periods, finalizers, what happens to its dependents.

Part of Kubernetes: apiserver pkg/registry/rest/delete.go and the Delete of pkg/registry/generic/registry/store.go.
Law 8: an object that somebody still has to finish with is marked, not removed. Leaves out: collections in parallel.
"""
from __future__ import annotations

from kubelearn import errors
from kubelearn.api import fields
from kubelearn.api.resources import Resource
from kubelearn.apiserver.request import Request
from kubelearn.etcd import Key

FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}  # propagation policy -> what the garbage collector acts on


def delete(registry, resource: Resource, old: dict, options: dict, request: Request) -> dict:
    """Marks old as ending, or removes it where nothing holds it."""
    metadata = old["metadata"]
    _check_preconditions(resource, metadata, options.get("preconditions") or {})
    finalizers = _finalizers(metadata.get("finalizers", []), options)
    if "finalizer" in resource.facts and "deletionTimestamp" not in metadata:
        finalizers = [*finalizers, resource.facts["finalizer"]]
    grace = grace_period(resource, old, options)
    key = (metadata.get("namespace", ""), metadata["name"])
    held = finalizers or old.get("spec", {}).get("finalizers") and resource.kind == "Namespace"
    if not held and not grace:
        return removed_status(resource, remove(registry, resource, key, old, request))
    if "deletionTimestamp" in metadata and finalizers == metadata.get("finalizers", []) and grace >= metadata["deletionGracePeriodSeconds"]:
        return old  # it ends already, and not later than asked
    return registry.store(resource, key, _marked(registry, resource, old, finalizers, grace), request)


def remove(registry, resource: Resource, key: Key, obj: dict, request: Request) -> dict:
    """Takes an object out of the store."""
    if request.dry_run:
        return obj
    last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": registry.etcd.next_version()}}
    return registry.etcd.delete(resource, key, last, request.actor, request.because, request)


def is_over(obj: dict) -> bool:
    """Nothing holds an object that is marked as ending: no finalizer, no grace period, no namespace's content."""
    metadata = obj["metadata"]
    return not (metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
                or obj["kind"] == "Namespace" and obj.get("spec", {}).get("finalizers"))


def grace_period(resource: Resource, old: dict, options: dict) -> int:
    """Seconds that a pod has to end; 0 for what nobody runs. core/pod/strategy.go CheckGracefulDelete."""
    if resource.storage != "pods":
        return 0
    spec, asked = old["spec"], options.get("gracePeriodSeconds")
    if not spec.get("nodeName") or old.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return max(grace, 1) if grace < 0 else grace


def removed_status(resource: Resource, obj: dict) -> dict:
    details = {"name": obj["metadata"]["name"], **({"group": resource.group} if resource.group else {}),
               "kind": resource.plural, "uid": obj["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _finalizers(present: list[str], options: dict) -> list[str]:
    policy = options.get("propagationPolicy") or ("Orphan" if options.get("orphanDependents") else "Background")
    if policy not in ("Orphan", "Foreground", "Background"):
        raise errors.invalid("DeleteOptions.meta.k8s.io", "", [fields.not_supported(
            fields.path_of("propagationPolicy"), policy, ["Background", "Foreground", "Orphan", "nil"])])
    kept = [name for name in present if name not in FINALIZERS.values()]
    return [*kept, FINALIZERS[policy]] if policy in FINALIZERS else kept


def _marked(registry, resource: Resource, old: dict, finalizers: list[str], grace: int) -> dict:
    metadata = {**old["metadata"], "deletionGracePeriodSeconds": grace,
                "deletionTimestamp": registry.clock.timestamp(registry.clock.now + grace)}
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    if "generation" in metadata and "deletionTimestamp" not in old["metadata"]:
        metadata["generation"] += 1
    new = {**old, "metadata": metadata}
    return {**new, "status": {**old.get("status", {}), "phase": "Terminating"}} if resource.kind == "Namespace" else new


def _check_preconditions(resource: Resource, metadata: dict, preconditions: dict) -> None:
    for field, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted = preconditions.get(field)
        if wanted and wanted != metadata[field]:
            raise errors.conflict(resource.name, metadata["name"],
                                  f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {metadata[field]}")
