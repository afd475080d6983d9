"""Custom resources: a CustomResourceDefinition adds a kind to the API, and its end takes the kind and all its objects away.

Part of Kubernetes: apiextensions-apiserver (naming, establishing and finalizing controllers; there they run in the API
server). Law 9: an added kind is data like the built-in ones. Leaves out: conversion webhooks, non-structural schemas.
"""
from __future__ import annotations

from kubelearn.api import customschema, meta
from kubelearn.api.resources import Resource, Subresource, version_order
from kubelearn.controllers.controller import Controller
from kubelearn.errors import ignoring

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class CustomResourceController(Controller):
    name, kind = "customresource-controller", "CustomResourceDefinition"

    def sync(self, definition: dict) -> None:
        """Accepts its names, serves its versions; at its end deletes its objects first."""
        if meta.is_deleting(definition):
            return self.finalize(definition)
        accepted = self.conflict(definition) is None
        status = self.status(definition, accepted)
        self.update_status(definition, status, "the names are free" if accepted else "another kind has the name")
        if accepted:
            self.serve(definition)

    def deleted(self, key: str) -> None:
        self.unserve(key)

    def conflict(self, definition: dict) -> str | None:
        """A name of its group that another definition has."""
        spec = definition["spec"]
        mine = {spec["names"]["plural"], spec["names"]["kind"]}
        for other in self.informer(self.kind).list():
            if meta.name_of(other) != meta.name_of(definition) and other["spec"]["group"] == spec["group"]:
                taken = mine & {other["spec"]["names"]["plural"], other["spec"]["names"]["kind"]}
                if taken and other["metadata"]["creationTimestamp"] <= definition["metadata"]["creationTimestamp"]:
                    return min(taken)
        return None

    def status(self, definition: dict, accepted: bool) -> dict:
        spec, old, now = definition["spec"], definition.get("status") or {}, self.clock.timestamp()
        names = {"listKind": f"{spec['names']['kind']}List", "singular": spec["names"]["kind"].lower(), **spec["names"]}
        conditions = old.get("conditions") or []
        for kind, reason, message in (("NamesAccepted", "NoConflicts", "no conflicts found"),
                                      ("Established", "InitialNamesAccepted", "the initial names have been accepted")):
            entry = {"type": kind, "status": "True", "reason": reason, "message": message} if accepted else {
                "type": kind, "status": "False", "reason": "NotAccepted", "message": f"{self.conflict(definition)} is already in use"}
            conditions = meta.set_condition(conditions, entry, now)
        stored = old.get("storedVersions") or [v["name"] for v in spec["versions"] if v["storage"]]
        return {
            **old,
            "conditions": conditions,
            "acceptedNames": names if accepted else old.get("acceptedNames", {"kind": "", "plural": ""}),
            "storedVersions": stored,
        }

    def serve(self, definition: dict) -> None:
        """Every served version becomes a resource of the API."""
        table = self.client.registry.resources
        served = [version for version in definition["spec"]["versions"] if version["served"]]
        for version in sorted(served, key=lambda version: version_order(version["name"])):
            known = table.by_path(definition["spec"]["group"], version["name"], definition["spec"]["names"]["plural"])
            if known is None or known.definition["spec"] is not definition["spec"]:
                table.add(resource_of(definition, version))

    def unserve(self, name: str) -> None:
        plural, _, group = name.partition(".")
        table = self.client.registry.resources
        for resource in [r for r in table if r.definition and (r.plural, r.group) == (plural, group)]:
            table.remove(resource)

    def finalize(self, definition: dict) -> None:
        """Deletes every object of the kind; when none is left, lets the definition go."""
        name, registry = meta.name_of(definition), self.client.registry
        resource = registry.resources.find(name)
        left = registry.objects(resource) if resource else []
        for obj in left:
            if not meta.is_deleting(obj):
                request = self.client.request("its definition is being deleted")
                with ignoring("NotFound"):
                    registry.delete(resource, meta.namespace_of(obj), meta.name_of(obj), request)
        if resource and registry.objects(resource):
            return self.queue.add_after(name, 5.0)
        finalizers = [f for f in definition["metadata"].get("finalizers", ()) if f != FINALIZER]
        self.set_finalizers(definition, finalizers, because="no object of the kind is left")


def resource_of(definition: dict, version: dict) -> Resource:
    """One served version of a definition as a resource like any other."""
    spec, names = definition["spec"], definition["spec"]["names"]
    group, kind = spec["group"], names["kind"]
    parts = []
    if "status" in (version.get("subresources") or {}):
        parts.append(Subresource("status", ("get", "patch", "update"), group, version["name"], kind))
    if "scale" in (version.get("subresources") or {}):
        parts.append(Subresource("scale", ("get", "patch", "update"), "autoscaling", "v1", "Scale"))
    return Resource(group, version["name"], names["plural"], names.get("singular") or kind.lower(), kind, spec["scope"] == "Namespaced",
                    tuple(names.get("shortNames") or ()), tuple(names.get("categories") or ()), VERBS, tuple(parts),
                    customschema.compile(definition, version), definition)
