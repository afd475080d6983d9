"""A cluster's objects as learners reach them from Python: apply, get, patch, delete.

Part of Kubernetes: what a client does, without HTTP in between. Law 3: objects go in and out as plain dicts, and what comes out is a
copy. Leaves out: watches and subresources; kubectl has them.
"""
from __future__ import annotations

import copy
from pathlib import Path

from kubelearn import errors
from kubelearn.apiserver.request import Request
from kubelearn.manifests import documents


class Objects:
    """The part of a cluster that is about objects; whoever has it has a registry, a clock and a way to enter them."""

    def apply(self, what: str | dict | Path) -> list[dict]:
        """Applies YAML text, an object, or the file or folder at a path; returns copies of what is stored."""
        with self._entered():
            return [self._apply(obj) for obj in documents(what)]

    def _apply(self, obj: dict) -> dict:
        for field in ("apiVersion", "kind"):
            if not isinstance(obj.get(field), str):
                raise errors.bad_request(f"error validating data: {field} not set")
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise errors.ApiError(404, "NotFound", f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}"')
        metadata = obj.get("metadata") or {}
        namespace = metadata.get("namespace", "default") if resource.namespaced else ""
        request = self._request(field_manager="kubelearn", field_validation="Strict", force=True)
        if not metadata.get("name"):
            stored = self.registry.create(resource, namespace, obj, request)
        else:
            stored = self.registry.patch(resource, namespace, metadata["name"], obj, "apply", request)
        self.clock.settle()
        return copy.deepcopy(stored)

    def get(self, kind: str, name: str | None = None, namespace: str | None = "default") -> dict | list[dict]:
        """A copy of one object (ApiError NotFound when there is none), or without a name of all; namespace=None: everywhere."""
        with self._entered():
            resource = self.registry.resources.must_find(kind)
            namespace = namespace if resource.namespaced else ""
            if name is not None:
                return copy.deepcopy(self.registry.get(resource, namespace or "", name))
            return copy.deepcopy(self.registry.objects(resource, namespace))

    def delete(self, kind: str, name: str, namespace: str = "default", **options: object) -> dict:
        """Deletes as kubectl does, without waiting; options as in DeleteOptions (gracePeriodSeconds...)."""
        with self._entered():
            resource = self.registry.resources.must_find(kind)
            return copy.deepcopy(self.registry.delete(resource, namespace if resource.namespaced else "", name, self._request(), options))

    def patch(self, kind: str, name: str, patch: dict | list, namespace: str = "default", type: str = "strategic") -> dict:
        """Patches an object as kubectl patch does (type: strategic, merge or json); returns a copy of what is stored."""
        with self._entered():
            resource = self.registry.resources.must_find(kind)
            where = namespace if resource.namespaced else ""
            stored = self.registry.patch(resource, where, name, copy.deepcopy(patch), type, self._request())
            return copy.deepcopy(stored)

    def _request(self, **more: object) -> Request:
        return Request("you", external=True, command="cluster", **more)
