"""Claims and volumes: who asks for which, and which PersistentVolume suits which claim. Pure functions.

Part of Kubernetes: component-helpers storage/volume (pv_helpers.go) and pkg/controller/volume/persistentvolume/index.go.
Law: a claim gets the volume made for it, else the smallest free one with the fewest modes that has all it asks for.
Leaves out: VolumeAttributesClass.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api import quantity
from kubelearn.api.meta import DEFAULT_STORAGE_CLASS, annotations_of, is_deleting, labels_of, name_of, namespace_of, newest_marked, uid_of
from kubelearn.api.selectors import label_selector

BIND_COMPLETED, BOUND_BY_CONTROLLER = "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE, PROVISIONER = "volume.kubernetes.io/selected-node", "volume.kubernetes.io/storage-provisioner"
OLD_PROVISIONER, PROVISIONED_BY = "volume.beta.kubernetes.io/storage-provisioner", "pv.kubernetes.io/provisioned-by"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def claims_of(pod: dict) -> list[tuple[str, bool]]:
    """The claims that a pod mounts: names, and whether the pod has them made itself."""
    volumes = pod["spec"].get("volumes") or ()
    named = [(v["persistentVolumeClaim"]["claimName"], False) for v in volumes if v.get("persistentVolumeClaim")]
    return named + [(f"{name_of(pod)}-{v['name']}", True) for v in volumes if v.get("ephemeral")]


def class_of(obj: dict) -> str:
    """The storage class of a claim or a volume."""
    return annotations_of(obj).get("volume.beta.kubernetes.io/storage-class") or obj["spec"].get("storageClassName") or ""


def is_classless(claim: dict) -> bool:
    """Whether it leaves its class to the cluster; an empty name is a choice."""
    return "storageClassName" not in claim["spec"] and "volume.beta.kubernetes.io/storage-class" not in annotations_of(claim)


def default_class(classes: Iterable[dict]) -> dict | None:
    return newest_marked(classes, DEFAULT_STORAGE_CLASS)


def requested(claim: dict) -> int:
    """Bytes."""
    return quantity.value(claim["spec"].get("resources", {}).get("requests", {}).get("storage", 0))


def capacity(volume: dict) -> int:
    """Bytes."""
    return quantity.value(volume["spec"].get("capacity", {}).get("storage", 0))


def mode_of(obj: dict) -> str:
    return obj["spec"].get("volumeMode", "Filesystem")


def is_bound_to(volume: dict, claim: dict) -> bool:
    """Whether the volume is this claim's, or is kept for one of its name."""
    reference = volume["spec"].get("claimRef") or {}
    same_name = (reference.get("namespace"), reference.get("name")) == (namespace_of(claim), name_of(claim))
    return same_name and reference.get("uid", uid_of(claim)) in ("", uid_of(claim))


def mismatch(volume: dict, claim: dict) -> str:
    """In upstream's words why a volume cannot be this claim's; '' where it can."""
    if is_deleting(volume):
        return f'the volume is marked for deletion "{name_of(volume)}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if mode_of(volume) != mode_of(claim):
        return "incompatible volumeMode"
    return "" if set(claim["spec"].get("accessModes", ())) <= set(volume["spec"].get("accessModes", ())) else "incompatible accessMode"


def is_free(volume: dict) -> bool:
    return not volume["spec"].get("claimRef") and volume.get("status", {}).get("phase") == "Available"


def suits(volume: dict, claim: dict) -> bool:
    """Whether a volume is kept for the claim, or is free and has all that it asks for."""
    if mismatch(volume, claim):
        return False
    selector = label_selector(claim["spec"].get("selector") or {})
    return is_bound_to(volume, claim) or is_free(volume) and selector(labels_of(volume))


def best_match(claim: dict, volumes: Iterable[dict], only_prebound: bool) -> dict | None:
    """The volume for a claim. only_prebound: its class waits for a consumer, so only what is kept for it counts."""
    fitting = [volume for volume in volumes if suits(volume, claim)]
    kept = next((volume for volume in fitting if is_bound_to(volume, claim)), None)
    if kept or only_prebound:
        return kept
    return min(fitting, key=lambda v: (len(v["spec"]["accessModes"]), capacity(v), name_of(v)), default=None)
