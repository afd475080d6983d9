"""The namespace controller: empties a namespace that is being deleted, then lets it go.

Law: a namespace goes only when nothing is left in it; its pods go first, everything else after them; while something
stays, its conditions say what and which finalizers hold it.
Leaves out: discovery that fails. Upstream: pkg/controller/namespace and its deletion package.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kubelearn.api.meta import is_deleting, name_of
from kubelearn.api.resources import Resource
from kubelearn.controllers.controller import Controller
from kubelearn.errors import ApiError

GRACE = 5.0  # seconds from a change of a terminating namespace to the next look at it
FINALIZER_ESTIMATE = 15  # seconds that a finalizer is thought to take
OK = {  # condition: reason and message while nothing is wrong; in upstream's order
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


def count_finalizers(objects: Iterable[dict]) -> Counter:
    return Counter(finalizer for obj in objects for finalizer in obj["metadata"].get("finalizers", ()))


def seconds_left(kind: str, objects: list[dict]) -> int:
    """How long these are thought to take to go: pods their longest grace period, anything with a finalizer 15 seconds."""
    if kind == "Pod":
        return max((pod["spec"].get("terminationGracePeriodSeconds", 30) for pod in objects), default=0)
    return FINALIZER_ESTIMATE if count_finalizers(objects) else 0


def problems(remaining: dict[str, int], finalizers: dict[str, int], errors: list[str]) -> dict[str, tuple[str, str]]:
    """Condition: (reason, message) of what is in the way. remaining: 'configmaps.' or 'deployments.apps' to a number."""
    found = {}
    if errors:
        text = f"Failed to delete all resource types, {len(errors)} remaining: {', '.join(sorted(errors))}"
        found["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", text)
    if remaining:
        text = ", ".join(sorted(f"{resource} has {count} resource instances" for resource, count in remaining.items()))
        found["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {text}")
    if finalizers:
        text = ", ".join(sorted(f"{finalizer} in {count} resource instances" for finalizer, count in finalizers.items()))
        found["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {text}")
    return found


def conditions(old: list[dict], found: dict[str, tuple[str, str]], now: str) -> list[dict]:
    """All five conditions; a transition time moves only with its status."""
    before = {c["type"]: c for c in old}
    return [one_condition(kind, before.get(kind), found.get(kind), now) for kind in OK]


def one_condition(kind: str, old: dict | None, problem: tuple[str, str] | None, now: str) -> dict:
    status, (reason, message) = ("True", problem) if problem else ("False", OK[kind])
    since = old["lastTransitionTime"] if old and old["status"] == status else now
    return {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}


class NamespaceController(Controller):
    name, kind = "namespace-controller", "Namespace"

    def _changed(self, old: dict | None, new: dict | None) -> None:
        """What goes into a namespace just before its end is given time to arrive."""
        if new and is_deleting(new) and not self.stopped:
            self.queue.add_after(name_of(new), GRACE)

    def sync(self, namespace: dict) -> None:
        if not is_deleting(namespace) or not namespace["spec"].get("finalizers"):
            return
        namespace, left = self._delete_content(namespace)
        if left:
            self.queue.add_after(name_of(namespace), left // 2 + 1)
            return
        kept = [finalizer for finalizer in namespace["spec"]["finalizers"] if finalizer != "kubernetes"]
        finalized = {**namespace, "spec": {**namespace["spec"], "finalizers": kept}}
        self.client.update(finalized, because="nothing is left in it", subresource="finalize")

    def _delete_content(self, namespace: dict) -> tuple[dict, int]:
        """One pass over everything in it. Returns the namespace as it is now and how many seconds the rest may take."""
        remaining, held, errors, left = {}, Counter(), [], 0
        for resource in self._resources():
            objects, failed = self._delete_all(resource, name_of(namespace))
            errors += failed
            if objects:
                remaining[f"{resource.plural}.{resource.group}"] = len(objects)
                held += count_finalizers(objects)
                left = max(left, seconds_left(resource.kind, objects), 1)
                if resource.kind == "Pod":
                    break
        now = conditions(namespace["status"].get("conditions", []), problems(remaining, held, errors), self.clock.timestamp())
        because = f"{sum(remaining.values())} objects are left in it"
        return self.update_status(namespace, {**namespace["status"], "phase": "Terminating", "conditions": now}, because), left

    def _resources(self) -> list[Resource]:
        """Everything that a namespace can hold, each once, pods first."""
        found = {r.storage: r for r in self.client.registry.resources if r.namespaced and {"list", "delete"} <= set(r.verbs)}
        return sorted(found.values(), key=lambda r: r.kind != "Pod")

    def _delete_all(self, resource: Resource, namespace: str) -> tuple[list[dict], list[str]]:
        """Deletes all objects of one resource. Returns those that are left, and what went wrong."""
        errors = []
        for obj in self.client.list(resource.name, namespace):
            try:
                self.client.delete(resource.name, name_of(obj), namespace, "its namespace is being deleted", propagation="Background")
            except ApiError as error:
                errors += [] if error.reason == "NotFound" else [str(error)]
        return self.client.list(resource.name, namespace), errors
