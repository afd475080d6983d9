"""Protection of storage in use: a claim stays until no pod uses it, a volume until no claim has it.

Law: the finalizer of a claim goes only when no pod that has a node names it, that of a volume only when it is not bound.
Leaves out: nothing. Upstream: pkg/controller/volume/pvcprotection, pvprotection.
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.api.meta import condition, is_deleting, key_of, name_of, namespace_of
from kubelearn.api.storage import claims_of
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_terminal


class Use(NamedTuple):
    """How a pod uses a claim: whether it is on a node, and whether it has not ended yet."""

    on_node: bool
    runs: bool


UNUSED = {True: ("True", "NoPodsUsingPVC", "No pods are currently referencing this PVC"),
          False: ("False", "PodUsingPVC", "A pod is currently referencing this PVC")}


class Protection(Controller):
    """Sets and takes one finalizer."""

    finalizer = ""

    def in_use(self, obj: dict) -> str:
        """By whom; '' where it is free to go."""
        raise TypeError(f"{type(self).__name__} protects nothing")

    def sync(self, obj: dict) -> None:
        held = obj["metadata"].get("finalizers") or []
        if is_deleting(obj) and self.finalizer in held and not self.in_use(obj):
            self.set_finalizers(obj, [f for f in held if f != self.finalizer], "nobody uses it any more")
        elif not is_deleting(obj) and self.finalizer not in held:
            self.set_finalizers(obj, [*held, self.finalizer], "it must not go while it is used")


class ClaimProtectionController(Protection):
    name, kind, finalizer = "pvc-protection-controller", "PersistentVolumeClaim", "kubernetes.io/pvc-protection"

    def __init__(self, client):
        super().__init__(client)
        self.users: dict[str, dict[str, Use]] = {}  # claim -> the pods that mount it
        self.informer("Pod").on(self._pod_changed)

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if old and new and old["spec"] is new["spec"] and is_terminal(old) == is_terminal(new):
            return
        pod = new or old
        for claim, _ in claims_of(pod):
            key, users = f"{namespace_of(pod)}/{claim}", self.users.setdefault(f"{namespace_of(pod)}/{claim}", {})
            users.pop(name_of(pod), None)
            if new:
                users[name_of(pod)] = Use(bool(new["spec"].get("nodeName")), not is_terminal(new))
            if not users:
                del self.users[key]
            if not self.stopped:
                self.queue.add(key)

    def sync(self, claim: dict) -> None:
        super().sync(claim)
        users = self.users.get(key_of(claim), {}).values()
        status, reason, message = UNUSED[not any(use.runs for use in users)]
        known = condition(claim, "Unused") or {}
        if known.get("status") != status and not is_deleting(claim) and claim["status"].get("phase") == "Bound":
            verdict = {"type": "Unused", "status": status, "reason": reason, "message": message, "lastProbeTime": None,
                       "lastTransitionTime": self.clock.timestamp()}
            others = [c for c in claim["status"].get("conditions", ()) if c is not known]
            self.patch(claim, {"status": {"conditions": [*others, verdict]}}, message, subresource="status")

    def in_use(self, claim: dict) -> str:
        return ", ".join(pod for pod, use in self.users.get(key_of(claim), {}).items() if use.on_node)


class VolumeProtectionController(Protection):
    name, kind, finalizer = "pv-protection-controller", "PersistentVolume", "kubernetes.io/pv-protection"

    def in_use(self, volume: dict) -> str:
        return "its claim" if volume.get("status", {}).get("phase") == "Bound" else ""
