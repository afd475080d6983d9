"""The disks of a StatefulSet's pods: one PersistentVolumeClaim a pod and template, found again by its name.

Law: a claim outlives its pod, and its set, unless persistentVolumeClaimRetentionPolicy says otherwise.
Leaves out: claims that another controller took over. Upstream: pkg/controller/statefulset/stateful_set_utils.go.
"""
from __future__ import annotations

from kubelearn.api.meta import annotations_of, is_deleting, labels_of, name_of, namespace_of, owner_reference
from kubelearn.controllers.controller import Controller
from kubelearn.errors import conflict


def templates(stateful_set: dict) -> list[dict]:
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def claim_name(stateful_set: dict, template: dict, ordinal: int) -> str:
    return f"{name_of(template)}-{name_of(stateful_set)}-{ordinal}"


def ordinal_of(stateful_set: dict, claim: str) -> int | None:
    """The ordinal of the pod whose claim has this name; None where it is not the set's."""
    for template in templates(stateful_set):
        prefix, _, number = claim.rpartition("-")
        if number.isdigit() and prefix == f"{name_of(template)}-{name_of(stateful_set)}":
            return int(number)
    return None


def claims(stateful_set: dict, ordinal: int) -> list[dict]:
    """The claims that the pod of this ordinal wants."""
    extra = stateful_set["spec"]["selector"].get("matchLabels") or {}
    return [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": template["spec"],
             "metadata": {"name": claim_name(stateful_set, template, ordinal), "namespace": namespace_of(stateful_set),
                          "labels": labels_of(template) | extra, "annotations": annotations_of(template)}}
            for template in templates(stateful_set)]


def with_volumes(stateful_set: dict, spec: dict, ordinal: int) -> dict:
    """The pod's spec with a volume for each claim; one of the template with such a name gives way."""
    if not templates(stateful_set):
        return spec
    claimed = {name_of(template): claim_name(stateful_set, template, ordinal) for template in templates(stateful_set)}
    own = [{"name": name, "persistentVolumeClaim": {"claimName": claim}} for name, claim in claimed.items()]
    return {**spec, "volumes": own + [volume for volume in spec.get("volumes") or () if volume["name"] not in claimed]}


def missing(controller: Controller, stateful_set: dict, ordinal: int) -> list[dict]:
    """The claims of this ordinal that must still be made. ApiError while one is on its way out."""
    result = []
    for claim in claims(stateful_set, ordinal):
        found = controller.informer("PersistentVolumeClaim").get(namespace_of(claim), name_of(claim))
        if found is None:
            result.append(claim)
        elif is_deleting(found):
            raise conflict("persistentvolumeclaims", name_of(claim), f"pvc {name_of(claim)} is being deleted")
    return result


def apply_retention(controller: Controller, stateful_set: dict, pod: dict, ordinal: int, scaled_down: bool) -> bool:
    """Makes each claim the property of whatever its end should follow: the set, the pod that goes, or nothing. Whether one was not yet."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    follows_pod, follows_set = scaled_down and policy.get("whenScaled") == "Delete", policy.get("whenDeleted") == "Delete"
    owner = pod if follows_pod else stateful_set if follows_set else None
    changed = False
    for claim in claims(stateful_set, ordinal):
        found = controller.informer("PersistentVolumeClaim").get(namespace_of(claim), name_of(claim))
        old = found["metadata"].get("ownerReferences", []) if found else []
        others = [r for r in old if (r["kind"], r["name"]) not in (("StatefulSet", name_of(stateful_set)), ("Pod", name_of(pod)))]
        new = others + ([owner_reference(owner)] if owner else [])
        if found and new != old:
            because = f"it goes with the {owner['kind']}" if owner else "it stays when its set goes"
            controller.patch(found, {"metadata": {"ownerReferences": new}}, because)
            changed = True
    return changed
