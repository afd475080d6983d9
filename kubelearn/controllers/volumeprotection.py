"""Protection of storage in use: a claim stays until no pod uses it, a volume until no claim has it.

Law: the finalizer of a claim goes only when no pod that has a node names it, that of a volume only when it is not bound.
Leaves out: nothing. Upstream: pkg/controller/volume/pvcprotection, pvprotection.
"""
from __future__ import annotations

from kubelearn.api.meta import is_deleting, name_of, namespace_of, uid_of
from kubelearn.controllers.controller import Controller


def claims_of(pod: dict) -> list[str]:
    """Names of the claims that a pod mounts, those of its ephemeral volumes among them."""
    volumes = pod["spec"].get("volumes") or ()
    named = [v["persistentVolumeClaim"]["claimName"] for v in volumes if v.get("persistentVolumeClaim")]
    return named + [f"{name_of(pod)}-{v['name']}" for v in volumes if v.get("ephemeral")]


class Protection(Controller):
    """Sets and takes one finalizer."""

    finalizer = ""

    def in_use(self, obj: dict) -> str:
        """By whom; '' where it is free to go."""
        raise TypeError(f"{type(self).__name__} protects nothing")

    def sync(self, obj: dict) -> None:
        held = obj["metadata"].get("finalizers") or []
        if is_deleting(obj) and self.finalizer in held and not self.in_use(obj):
            self._set(obj, [f for f in held if f != self.finalizer], "nobody uses it any more")
        elif not is_deleting(obj) and self.finalizer not in held:
            self._set(obj, [*held, self.finalizer], "it must not go while it is used")

    def _set(self, obj: dict, finalizers: list[str], because: str) -> None:
        patch = {"metadata": {"finalizers": finalizers or None, "uid": uid_of(obj)}}
        self.client.patch(self.kind, name_of(obj), namespace_of(obj), patch, because=because)


class ClaimProtectionController(Protection):
    name, kind, finalizer = "pvc-protection-controller", "PersistentVolumeClaim", "kubernetes.io/pvc-protection"

    def __init__(self, client):
        super().__init__(client)
        self.users: dict[str, dict[str, None]] = {}  # claim -> pods on a node that mount it
        self.informer("Pod").on(self._pod_changed)

    def _pod_changed(self, old: dict | None, new: dict | None) -> None:
        if old and new and old["spec"] is new["spec"]:
            return
        pod = new or old
        for claim in claims_of(pod):
            key, users = f"{namespace_of(pod)}/{claim}", self.users.setdefault(f"{namespace_of(pod)}/{claim}", {})
            if new and new["spec"].get("nodeName"):
                users[name_of(pod)] = None
            else:
                users.pop(name_of(pod), None)
            if not users:
                del self.users[key]
                if not self.stopped:
                    self.queue.add(key)

    def in_use(self, claim: dict) -> str:
        return ", ".join(self.users.get(f"{namespace_of(claim)}/{name_of(claim)}", ()))


class VolumeProtectionController(Protection):
    name, kind, finalizer = "pv-protection-controller", "PersistentVolume", "kubernetes.io/pv-protection"

    def in_use(self, volume: dict) -> str:
        return "its claim" if volume.get("status", {}).get("phase") == "Bound" else ""
