"""The resource quota controller: counts what a namespace uses of each of its quotas.

Law: status.used is what the namespace's objects take together.
Leaves out: nothing; the counting itself is api/usage.py, shared with admission. Upstream: pkg/controller/resourcequota.
"""
from __future__ import annotations

from kubelearn.api import usage
from kubelearn.api.meta import is_deleting, key_of, namespace_of
from kubelearn.api.resources import Resource
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_terminal


class ResourceQuotaController(Controller):
    name, kind = "resourcequota-controller", "ResourceQuota"

    def __init__(self, client: Client):
        super().__init__(client)
        self.watched: set[str] = set()

    def sync(self, quota: dict) -> None:
        if is_deleting(quota):
            return
        resources = [found for name in usage.kinds_counted(quota) if (found := self.client.registry.resources.find(name))]
        for resource in resources:
            self._watch(resource)
        objects = ((resource, obj) for resource in resources for obj in self.informer(resource.name).list(namespace_of(quota)))
        hard = quota["spec"].get("hard", {})
        used = usage.texts(usage.of_namespace(quota, objects), hard)
        because = ", ".join(f"{name} {used[name]} of {hard[name]}" for name in used)
        self.update_status(quota, {"hard": hard, "used": used}, because)

    def _watch(self, resource: Resource) -> None:
        """Follows a kind from the first quota on that counts it."""
        if resource.storage not in self.watched:
            self.watched.add(resource.storage)
            self.informer(resource.name).on(self._counted_changed)

    def _counted_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped or old and new and old.get("spec") is new.get("spec") and is_terminal(old) == is_terminal(new):
            return
        for quota in self.informer(self.kind).list(namespace_of(new or old)):
            self.queue.add(key_of(quota))
