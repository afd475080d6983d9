"""The volume binder: gives each PersistentVolumeClaim a PersistentVolume of its own, and says what becomes of it afterwards.

Law: a volume and a claim that are bound name each other, and nobody else names either; a volume whose claim is gone is kept,
deleted or freed as its reclaim policy says, and never given to another claim with data on it.
Leaves out: recycling by a pod (a volume to be recycled is free at once). Upstream: pkg/controller/volume/persistentvolume.
"""
from __future__ import annotations

from kubelearn.api import storage
from kubelearn.api.meta import annotations_of, is_deleting, key_of, name_of, namespace_of, reference_to, replace, uid_of
from kubelearn.api.storage import BIND_COMPLETED, BOUND_BY_CONTROLLER, NO_PROVISIONER, SELECTED_NODE, claims_of
from kubelearn.controllers.controller import Controller

RESYNC = 15.0  # seconds until a waiting claim is looked at again (upstream's --pvclaimbinder-sync-period)
EXTERNAL = ("Waiting for a volume to be created either by the external provisioner '{}' or manually by the system administrator. "
            "If volume creation is delayed, please verify that the provisioner is running and correctly registered.")


class PersistentVolumeController(Controller):
    """Its keys are claims ('namespace/name') and volumes ('name')."""

    name, kind = "persistentvolume-controller", "PersistentVolumeClaim"
    watches = {"PersistentVolume": lambda self, volume: self.of_volume(volume),
               "StorageClass": lambda self, storage_class: [*self.of_class(name_of(storage_class)), *self.of_class("")],
               "Pod": lambda self, pod: self.of_waiting_pod(pod)}

    def of_volume(self, volume: dict) -> list[str]:
        """Itself, its claim, and where it is free every claim that waits for such a one."""
        reference = volume["spec"].get("claimRef")
        claims = [f"{reference['namespace']}/{reference['name']}"] if reference else self.of_class(storage.class_of(volume))
        return [name_of(volume), *claims]

    def of_waiting_pod(self, pod: dict) -> list[str]:
        """None at once: upstream does not watch Pods, it looks at all claims again every so often."""
        if not pod["spec"].get("nodeName"):
            for claim, _ in claims_of(pod):
                self.queue.add_after(f"{namespace_of(pod)}/{claim}", RESYNC)
        return []

    def of_class(self, name: str) -> list[str]:
        return [key_of(claim) for claim in self.informer(self.kind).list()
                if not claim["spec"].get("volumeName") and storage.class_of(claim) == name]

    def _changed(self, old: dict | None, new: dict | None) -> None:
        super()._changed(old, new)
        volume = (new or old)["spec"].get("volumeName")
        if volume and not self.stopped:
            self.queue.add(volume)

    def deleted(self, key: str) -> None:
        volume = self.informer("PersistentVolume").items.get(key)
        if volume:
            self.sync_volume(volume)

    # --- claims -----------------------------------------------------------------------------------------------------

    def sync(self, claim: dict) -> None:
        if BIND_COMPLETED in annotations_of(claim):
            self.sync_bound_claim(claim)
        elif claim["spec"].get("volumeName"):
            self.sync_claim_of_named_volume(claim)
        else:
            self.sync_unbound_claim(claim)

    def sync_unbound_claim(self, claim: dict) -> None:
        default = storage.default_class(self.informer("StorageClass").list()) if storage.is_classless(claim) else None
        if default:
            classed = replace(claim, ("spec", "storageClassName"), name_of(default))
            claim = self.client.update(classed, because=f"{name_of(default)} is the default class now")
        storage_class = self.informer("StorageClass").get(None, storage.class_of(claim))
        waits = bool(storage_class) and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        waits = waits and SELECTED_NODE not in annotations_of(claim)
        volume = storage.best_match(claim, self.informer("PersistentVolume").list(), only_prebound=waits)
        if volume:
            self.bind(volume, claim)
            return
        if waits:
            self.event(claim, "Normal", *self._waiting(claim))
        elif storage.class_of(claim):
            self._ask_for_volume(claim, storage_class)
        else:
            self.event(claim, "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
        self._set_pending(claim)

    def sync_claim_of_named_volume(self, claim: dict) -> None:
        """Its author asked for one volume by name."""
        volume = self.informer("PersistentVolume").get(None, claim["spec"]["volumeName"])
        if volume and storage.is_bound_to(volume, claim):
            self.bind(volume, claim)
        elif volume and not volume["spec"].get("claimRef"):
            why = storage.mismatch(volume, claim)
            if not why:
                self.bind(volume, claim)
                return
            self.event(claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name_of(volume)}": {why}')
            self._set_pending(claim)
        else:
            if volume:
                self.event(claim, "Warning", "FailedBinding", f'volume "{name_of(volume)}" already bound to a different claim.')
            self._set_pending(claim)

    def sync_bound_claim(self, claim: dict) -> None:
        volume = self.informer("PersistentVolume").get(None, claim["spec"].get("volumeName", ""))
        if volume is None:
            self._lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        elif not volume["spec"].get("claimRef") or storage.is_bound_to(volume, claim):
            self.bind(volume, claim)
        else:
            self._lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")

    def _waiting(self, claim: dict) -> tuple[str, str]:
        pods = [name_of(pod) for pod in self.informer("Pod").by_node("") if namespace_of(pod) == namespace_of(claim)
                and any(v.get("persistentVolumeClaim", {}).get("claimName") == name_of(claim) for v in pod["spec"].get("volumes") or ())]
        if not pods:
            return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        return "WaitForPodScheduled", f"waiting for pod{'s' if len(pods) > 1 else ''} {','.join(pods)} to be scheduled"

    def _ask_for_volume(self, claim: dict, storage_class: dict | None) -> None:
        """Marks the claim for the provisioner of its class."""
        if storage_class is None:
            text = f'storageclass.storage.k8s.io "{storage.class_of(claim)}" not found'
            self.event(claim, "Warning", "ProvisioningFailed", text)
            return
        provisioner = storage_class["provisioner"]
        if provisioner == NO_PROVISIONER:
            return
        annotations = {storage.OLD_PROVISIONER: provisioner, storage.PROVISIONER: provisioner}
        if not annotations.items() <= annotations_of(claim).items():
            self.patch(claim, {"metadata": {"annotations": annotations}}, f"class {name_of(storage_class)} makes volumes")
        self.event(claim, "Normal", "ExternalProvisioning", EXTERNAL.format(provisioner))

    def _set_pending(self, claim: dict) -> None:
        self.update_status(claim, {**claim["status"], "phase": "Pending"}, because="no volume is bound to it")

    def _lose(self, claim: dict, reason: str, message: str) -> None:
        if claim["status"].get("phase") != "Lost":
            self.update_status(claim, {**claim["status"], "phase": "Lost"}, because=message)
            self.event(claim, "Warning", reason, message)

    # --- binding: first the volume, then the claim, so that any half of it is finished by the next pass ----------------

    def bind(self, volume: dict, claim: dict) -> None:
        asked = claim["spec"]["resources"]["requests"]["storage"]
        volume = self.client.get("PersistentVolume", name_of(volume))  # its phase may just have been written
        volume = self._bind_volume(volume, claim, f"claim {key_of(claim)} asks for {asked}")
        because = f"volume {name_of(volume)} has {volume['spec']['capacity']['storage']}"
        wanted = {BIND_COMPLETED: "yes"} | ({} if claim["spec"].get("volumeName") else {BOUND_BY_CONTROLLER: "yes"})
        annotations = {**annotations_of(claim), **wanted}
        if claim["spec"].get("volumeName") != name_of(volume) or annotations != annotations_of(claim):
            bound = replace(replace(claim, ("spec", "volumeName"), name_of(volume)), ("metadata", "annotations"), annotations)
            claim = self.client.update(bound, because)
        if claim["status"].get("phase") != "Bound":  # what a bound one has is its own: its file system may be smaller than the volume
            taken = {"accessModes": volume["spec"]["accessModes"], "capacity": volume["spec"]["capacity"]}
            self.update_status(claim, {**claim["status"], "phase": "Bound", **taken}, because)

    def _bind_volume(self, volume: dict, claim: dict, because: str) -> dict:
        old = volume["spec"].get("claimRef") or {}
        if old.get("uid") != uid_of(claim):
            notes = {**annotations_of(volume), **({} if old else {BOUND_BY_CONTROLLER: "yes"})}
            bound = replace(volume, ("spec", "claimRef"), reference_to(claim))
            volume = self.client.update(replace(bound, ("metadata", "annotations"), notes or None), because)
        return self._set_volume_phase(volume, "Bound", because)

    # --- volumes ----------------------------------------------------------------------------------------------------

    def sync_volume(self, volume: dict) -> None:
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            self._set_volume_phase(volume, "Available", "no claim has it")
            return
        claim = self.informer(self.kind).get(reference["namespace"], reference["name"])
        if claim is None or uid_of(claim) != reference["uid"]:
            self._reclaim(volume)
        elif claim["spec"].get("volumeName") == name_of(volume):
            self._set_volume_phase(volume, "Bound", f"claim {key_of(claim)} has it")
        elif claim["spec"].get("volumeName") and BOUND_BY_CONTROLLER in annotations_of(volume):
            self._free(volume, f"claim {key_of(claim)} has another one")

    def _reclaim(self, volume: dict) -> None:
        """Its claim is gone. Data that may still be wanted stays; what was made for the claim goes with it."""
        policy = volume["spec"].get("persistentVolumeReclaimPolicy", "Retain")
        if volume["status"].get("phase") != "Failed":
            volume = self._set_volume_phase(volume, "Released", f"its claim is gone, its reclaim policy is {policy}")
        if policy == "Recycle":
            self.event(volume, "Normal", "VolumeRecycled", "Volume recycled")
            self._free(volume, "it was recycled")
        elif policy == "Delete" and not is_deleting(volume) and storage.PROVISIONED_BY not in annotations_of(volume):
            self._delete_volume(volume)

    def _delete_volume(self, volume: dict) -> None:
        """A volume that nobody's provisioner made: only a hostPath under /tmp can be deleted from here."""
        path = volume["spec"].get("hostPath", {}).get("path")
        if path and path.startswith("/tmp/"):
            self.client.delete("PersistentVolume", name_of(volume), None, because="its reclaim policy is Delete")
            return
        if path:
            message = f'host_path deleter only supports /tmp/.+ but received provided {path}'
        else:
            message = f'error getting deleter volume plugin for volume "{name_of(volume)}": no deletable volume plugin matched'
        if volume["status"].get("phase") != "Failed":
            self._set_volume_phase(volume, "Failed", message, message)
            self.event(volume, "Warning", "VolumeFailedDelete", message)

    def _free(self, volume: dict, because: str) -> None:
        notes = {key: value for key, value in annotations_of(volume).items() if key != BOUND_BY_CONTROLLER}
        freed = replace(replace(volume, ("spec", "claimRef"), None), ("metadata", "annotations"), notes or None)
        self._set_volume_phase(self.client.update(freed, because), "Available", because)

    def _set_volume_phase(self, volume: dict, phase: str, because: str, message: str = "") -> dict:
        if volume["status"].get("phase") == phase:
            return volume
        status = {"phase": phase, "lastPhaseTransitionTime": self.clock.timestamp(), **({"message": message} if message else {})}
        return self.update_status(volume, status, because)
