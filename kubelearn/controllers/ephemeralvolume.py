"""The ephemeral volume controller: a pod's generic ephemeral volume is a claim that lives as long as the pod.

Law: each volume with an ephemeral claim template has a claim 'pod-volume' that the pod owns.
Leaves out: nothing. Upstream: pkg/controller/volume/ephemeral.
"""
from __future__ import annotations

from kubelearn.api.meta import is_deleting, name_of, namespace_of, owner_of, uid_of
from kubelearn.controllers.controller import Controller


def ephemeral_volumes(pod: dict) -> list[dict]:
    return [volume for volume in pod["spec"].get("volumes") or () if volume.get("ephemeral")]


class EphemeralVolumeController(Controller):
    name, kind, owns = "ephemeral-volume-controller", "Pod", ("PersistentVolumeClaim",)

    def _changed(self, old: dict | None, new: dict | None) -> None:
        """Few pods have such volumes."""
        if new and ephemeral_volumes(new):
            super()._changed(old, new)

    def keys(self) -> list[str]:
        return [key for key, pod in self.informer(self.kind).items.items() if ephemeral_volumes(pod)]

    def sync(self, pod: dict) -> None:
        for volume in ephemeral_volumes(pod) if not is_deleting(pod) else ():
            name, template = f"{name_of(pod)}-{volume['name']}", volume["ephemeral"]["volumeClaimTemplate"]
            found = self.informer("PersistentVolumeClaim").get(namespace_of(pod), name)
            if found is None:
                metadata = {**(template.get("metadata") or {}), "name": name}
                claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
                self.create(claim, pod, because=f"volume {volume['name']} is as ephemeral as its pod")
            elif (owner_of(found) or {}).get("uid") != uid_of(pod):
                self.event(pod, "Warning", "ConflictingPVC", f"PVC {namespace_of(pod)}/{name} was not created for pod "
                           f"{namespace_of(pod)}/{name_of(pod)} (pod is not owner)")
