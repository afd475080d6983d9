"""A provisioner: makes the volumes of one kind of StorageClass, and removes them. Each distribution brings its own.

Law: a claim that names the provisioner gets one volume, named after its uid; a released volume of its making goes.
Leaves out: snapshots, clones, sizes that change. Upstream: sigs.k8s.io/sig-storage-lib-external-provisioner, local-path-provisioner.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.api.meta import annotations_of, is_deleting, key_of, labels_of, name_of, namespace_of, reference_to, uid_of
from kubelearn.api.storage import PROVISIONED_BY, PROVISIONER, SELECTED_NODE, class_of
from kubelearn.client import Client
from kubelearn.controllers.controller import Controller
from kubelearn.errors import ApiError, bad_request

SECONDS = 2.0  # that making a volume takes
ONE_NODE = frozenset(("ReadWriteOnce", "ReadWriteOncePod"))


def required(key: str, value: str) -> dict:
    """The node affinity of a volume that only some nodes reach."""
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}]}}


def local_path(name: str, claim: dict, node: dict | None) -> dict:
    """kind: a folder on the node that was chosen, for pods of that node alone; so it is refused to who wants it on several."""
    if not ONE_NODE.issuperset(claim["spec"]["accessModes"]):
        raise bad_request("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
    path = f"/var/local-path-provisioner/{name}_{namespace_of(claim)}_{name_of(claim)}"
    source = {"hostPath": {"path": path, "type": "DirectoryOrCreate"}}
    return source | ({"nodeAffinity": required("kubernetes.io/hostname", name_of(node))} if node else {})


def host_path(name: str, claim: dict, node: dict | None) -> dict:
    """minikube: a folder on its only node."""
    return {"hostPath": {"path": f"/tmp/hostpath-provisioner/{key_of(claim)}", "type": ""}}


def cloud_disk(driver: str) -> Callable[[str, dict, dict | None], dict]:
    """A cloud: a disk of its own, for whichever node of its zone has the pod."""
    def source(name: str, claim: dict, node: dict | None) -> dict:
        zone = labels_of(node).get("topology.kubernetes.io/zone") if node else None
        disk = {"csi": {"driver": driver, "volumeHandle": f"disks/{name}", "fsType": "ext4"}}
        return disk | ({"nodeAffinity": required("topology.kubernetes.io/zone", zone)} if zone else {})
    return source


SOURCES = {"rancher.io/local-path": local_path, "k8s.io/minikube-hostpath": host_path}


class Provisioner(Controller):
    """driver: the name by which StorageClasses call it."""

    kind = "PersistentVolumeClaim"
    watches = {"PersistentVolume": lambda self, volume: self.of_volume(volume)}

    def __init__(self, client: Client, driver: str):
        self.name = self.driver = driver
        self.source = SOURCES.get(driver) or cloud_disk(driver)
        super().__init__(client)

    def of_volume(self, volume: dict) -> list[str]:
        mine = annotations_of(volume).get(PROVISIONED_BY) == self.driver
        return [name_of(volume)] if mine and volume["status"].get("phase") == "Released" else []

    def sync(self, claim: dict) -> None:
        if claim["spec"].get("volumeName") or is_deleting(claim) or annotations_of(claim).get(PROVISIONER) != self.driver:
            return
        key = key_of(claim)
        if self.waits(claim, SECONDS, "Provisioning", f'External provisioner is provisioning volume for claim "{key}"'):
            return
        storage_class = self.client.get("StorageClass", class_of(claim))
        try:
            volume = self.client.create(self._volume(claim, storage_class), because=f"claim {key} asks for it")
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self.event(claim, "Warning", "ProvisioningFailed",
                           f'failed to provision volume with StorageClass "{name_of(storage_class)}": {error}')
                if error.reason != "BadRequest":  # else trying again gives the same
                    raise
            return
        self.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name_of(volume)}")

    def _volume(self, claim: dict, storage_class: dict) -> dict:
        name, node = f"pvc-{uid_of(claim)}", self.informer("Node").get(None, annotations_of(claim).get(SELECTED_NODE, ""))
        spec = {"capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]}, "accessModes": claim["spec"]["accessModes"],
                "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"), "storageClassName": name_of(storage_class),
                "volumeMode": claim["spec"].get("volumeMode", "Filesystem"), "claimRef": reference_to(claim)}
        return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "annotations": {PROVISIONED_BY: self.driver}},
                "spec": spec | self.source(name, claim, node)}

    def deleted(self, key: str) -> None:
        """Of a volume of ours, which may be released: a name without namespace is no claim's."""
        volume = self.informer("PersistentVolume").items.get(key)
        if volume and self.of_volume(volume) and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete" and not is_deleting(volume):
            self.client.delete("PersistentVolume", key, None, because="its claim is gone, its reclaim policy is Delete")
