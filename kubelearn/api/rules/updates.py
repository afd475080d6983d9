"""Rules about whole objects: what only a create may not have, and what an update may not change.

Part of Kubernetes: the ValidateXUpdate functions of pkg/apis/*/validation. Which holds of which resource is in data/updates.txt.
Leaves out: the diff of a PersistentVolume's source.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from .. import internal, quantity, selectors
from ..fields import IMMUTABLE, GoStruct, Key, below, path_of
from ..findings import Findings
from ..meta import annotations_of, get
from ..usage import qos_class

SET = "field is immutable when `immutable` is set"
UPDATABLE = ("`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
             "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
SPEC = path_of("spec")
LABELS = ("spec", "template", "metadata", "labels")
COST = "controller.kubernetes.io/pod-deletion-cost"


def immutable(*paths: str) -> Callable:
    """'spec.selector' stays what it is."""
    split = [tuple(path.split(".")) for path in paths]

    def rule(new: dict, old: dict, found: Findings) -> None:
        for steps in split:
            value, before = get(new, steps), get(old, steps)
            if value is not before and value != before:
                found.invalid(path_of(*steps), value, IMMUTABLE)
    return rule


def kept(*paths: str) -> Callable:
    """The same, where upstream's error shows no value."""
    def rule(new: dict, old: dict, found: Findings) -> None:
        for path in paths:
            if new.get(path) != old.get(path):
                found.invalid(path_of(path), None, IMMUTABLE)
    return rule


def role_ref(new: dict, old: dict, found: Findings) -> None:
    reference = new.get("roleRef") or {}
    if reference != old.get("roleRef"):
        group, kind, name = (reference.get(key, "") for key in ("apiGroup", "kind", "name"))
        found.invalid(path_of("roleRef"), GoStruct(APIGroup=group, Kind=kind, Name=name), IMMUTABLE)


def claim_templates(new: dict, old: dict, found: Findings) -> None:
    value, before = (get(o, ("spec", "volumeClaimTemplates")) for o in (new, old))
    if value != before:
        printed = value and [internal.struct("PersistentVolumeClaim", claim) for claim in value]
        found.invalid((SPEC, "volumeClaimTemplates"), printed, IMMUTABLE)


def frozen(new: dict, old: dict, found: Findings) -> None:
    """A ConfigMap or Secret that says so."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        found.forbidden(path_of("immutable"), SET)
    for key in ("data", "binaryData"):
        if (new.get(key) or {}) != (old.get(key) or {}):
            found.forbidden(path_of(key), SET)


def cluster_address(new: dict, old: dict, found: Findings) -> None:
    """Upstream: validateUpgradeDowngradeClusterIPs."""
    addresses, before = (get(o, ("spec", "clusterIPs")) or [] for o in (new, old))
    if "ExternalName" in (get(new, ("spec", "type")), get(old, ("spec", "type"))) or not before:
        return
    if not addresses or addresses[0] != before[0]:
        sentence = "may not change once set" if addresses else "primary clusterIP can not be unset"
        found.invalid(below(SPEC, "clusterIPs", 0), addresses, sentence)


# --- pods -------------------------------------------------------------------------------------------------------------------------

def deletion_cost(obj: dict, _: dict | None, found: Findings) -> None:
    """Upstream: ValidatePodSpecificAnnotations. A 32-bit integer as Go would print it."""
    value = annotations_of(obj).get(COST, "0")
    if not re.fullmatch("0|-?[1-9][0-9]{0,9}", value) or not -2**31 <= int(value) < 2**31:
        found.invalid(below(None, "metadata", "annotations", Key(COST)), value, "must be a 32bit integer")


def new_pod(obj: dict, _: None, found: Findings) -> None:
    spec = obj.get("spec") or {}
    if spec.get("ephemeralContainers"):
        found.forbidden((SPEC, "ephemeralContainers"), "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        found.forbidden((SPEC, "nodeName"), "cannot be set until all schedulingGates have been cleared")


def ephemeral_containers(new: dict, old: dict, found: Findings) -> None:
    """They may be added. Upstream: ValidatePodEphemeralContainersUpdate."""
    now, here = {container["name"]: container for container in new["spec"].get("ephemeralContainers") or ()}, (SPEC, "ephemeralContainers")
    for container in old["spec"].get("ephemeralContainers") or ():
        if now.get(container["name"]) != container:
            changed, verb = now.get(container["name"]), "removed\n"
            if changed is not None:
                verb = f'changed\n{internal.diff("EphemeralContainer", container, changed)}'
            found.forbidden(here, f'existing ephemeral containers "{container["name"]}" may not be {verb}')


def pod(new: dict, old: dict, found: Findings) -> None:
    """Upstream: ValidatePodUpdate."""
    spec, before = new["spec"], old["spec"]
    if spec is before:
        return
    for group in ("containers", "initContainers"):
        if len(spec.get(group) or ()) != len(before.get(group) or ()):
            return found.forbidden((SPEC, group), "pod updates may not add or remove containers")
    deadline, was, here = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"), (SPEC, "activeDeadlineSeconds")
    if was is not None and deadline is None:
        found.invalid(here, None, "must not update from a positive integer to nil value")
    elif was is not None and was < deadline:
        return found.invalid(here, deadline, "must be less than or equal to previous value")
    plain, known = (_without(spec.get("tolerations"), "tolerationSeconds") for spec in (spec, before))
    if any(toleration not in plain for toleration in known):
        found.forbidden((SPEC, "tolerations"), "existing toleration can not be modified except its tolerationSeconds")
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if gate not in (before.get("schedulingGates") or ()):
            sentence = f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"
            found.forbidden(below(SPEC, "schedulingGates", index, "name"), sentence)
    selector, earlier = spec.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if before.get("schedulingGates") and not earlier.items() <= selector.items():
        text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        found.invalid((SPEC, "nodeSelector"), selector or None, text)
    munged = _without_changes_allowed(spec, before)
    if munged != before:
        changed = internal.diff("PodSpec", before, munged)
        found.forbidden(SPEC, f"pod updates may not change fields other than {UPDATABLE}\n{changed}")
    return None


def pod_resize(new: dict, old: dict, found: Findings) -> None:
    """Amounts of CPU and memory may change, but not the class that they make. Upstream: ValidatePodResize."""
    if qos_class(new["spec"]) != old["status"].get("qosClass"):
        found.invalid(SPEC, old["status"].get("qosClass"), "Pod QOS Class may not change as a result of resizing")
    for group in ("containers", "initContainers"):
        for index, (container, before) in enumerate(zip(new["spec"].get(group) or (), old["spec"].get(group) or ())):
            now, was = container.get("resources") or {}, before.get("resources") or {}
            here = below(SPEC, group, index, "resources")
            for kind in ("requests", "limits"):
                if set(was.get(kind) or ()) - set(now.get(kind) or ()):
                    found.forbidden(below(here, kind), f"resource {kind} cannot be removed")
            if _not_resizable(now) != _not_resizable(was):
                found.forbidden(here, "only cpu and memory resources are mutable")


def _not_resizable(resources: dict) -> dict:
    return {kind: {name: amount for name, amount in (resources.get(kind) or {}).items() if name not in ("cpu", "memory")}
            for kind in ("requests", "limits")}


def _without(items: list[dict] | None, *keys: str) -> list[dict]:
    return [{key: value for key, value in item.items() if key not in keys} for item in items or ()]


def _without_changes_allowed(spec: dict, old: dict) -> dict:
    """The new spec with the old one's value in all that may change."""
    munged = dict(spec)
    for group in ("containers", "initContainers"):
        if group in spec:
            munged[group] = [{**container, "image": before.get("image")} for container, before in zip(spec[group], old.get(group) or ())]
    keys = ["activeDeadlineSeconds", "schedulingGates", "tolerations"]
    if old.get("schedulingGates"):
        keys += ["nodeSelector", "affinity"]
    if old.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        keys.append("terminationGracePeriodSeconds")
    for key in keys:
        if key in old:
            munged[key] = old[key]
        else:
            munged.pop(key, None)
    return munged


# --- jobs ---------------------------------------------------------------------------------------------------------------------------

def completions(new: dict, old: dict, found: Findings) -> None:
    """An indexed job may change both numbers together; any other may not change how many."""
    spec, value, here = new["spec"], get(new, ("spec", "completions")), (SPEC, "completions")
    if value == get(old, ("spec", "completions")):
        return
    if spec.get("completionMode") != "Indexed":
        found.invalid(here, value, IMMUTABLE)
    elif value != spec.get("parallelism"):
        found.invalid(here, value, "can only be modified in tandem with spec.parallelism")


def job_template(new: dict, old: dict, found: Findings) -> None:
    """Fixed, but for where the pods go and what they ask for while the job is suspended."""
    template, before = (get(o, ("spec", "template")) for o in (new, old))
    if template is before or template == before:
        return
    pod = internal.struct("PodSpec", template["spec"])
    if not get(old, ("spec", "suspend")):
        found.invalid((SPEC, "template"), GoStruct({**(template.get("metadata") or {}), "Spec": pod}), IMMUTABLE)
    elif _fixed(template["spec"]) != _fixed(before["spec"]):
        found.invalid(path_of("spec", "template", "spec"), pod, IMMUTABLE)


def _fixed(pod: dict) -> dict:
    """What of a suspended job's pods stays as it is."""
    kept = _without([pod], "nodeSelector", "tolerations", "affinity", "schedulingGates")[0]
    return {**kept, **{group: _without(pod[group], "resources") for group in ("containers", "initContainers") if group in pod}}


def job_selector(obj: dict, _: None, found: Findings) -> None:
    """A job's selector is made for it, unless manualSelector says that its author cares."""
    spec, metadata = obj["spec"], obj["metadata"]
    selector = spec.get("selector")
    ours = {f"{prefix}{key}": value for key, value in (("controller-uid", metadata.get("uid")), ("job-name", metadata["name"]))
            for prefix in ("", "batch.kubernetes.io/")}
    if selector is None:
        found.required((SPEC, "selector"))
    elif not spec.get("manualSelector") and not selectors.label_selector(selector)(ours):
        found.invalid((SPEC, "selector"), selector, "`selector` not auto-generated")
    job_labels(obj, None, found)


def job_labels(new: dict, old: dict | None, found: Findings) -> None:
    selector, labels = get(new, ("spec", "selector")), get(new, LABELS)
    if (old is None or new["spec"] is not old["spec"]) and not selectors.label_selector(selector)(labels):
        found.invalid(path_of(*LABELS), labels, "`selector` does not match template `labels`")


def short_name(obj: dict, _: None, found: Findings) -> None:
    """A cron job's jobs are named after it, with eleven characters more."""
    if len(obj["metadata"]["name"]) > 52:
        found.invalid(path_of("metadata", "name"), obj["metadata"]["name"], "must be no more than 52 characters")


def pod_cidrs(new: dict, old: dict, found: Findings) -> None:
    before = get(old, ("spec", "podCIDRs"))
    if before and get(new, ("spec", "podCIDRs")) != before:
        found.forbidden((SPEC, "podCIDRs"), 'node updates may not change podCIDR except from "" to valid')


# --- claims, the rest ---------------------------------------------------------------------------------------------------------------

def claim(new: dict, old: dict, found: Findings) -> None:
    """Upstream: ValidatePersistentVolumeClaimUpdate."""
    spec, before = new["spec"], old["spec"]
    if spec is before:
        return
    free = {"volumeName"} if not before.get("volumeName") else set()
    free |= {"resources", "volumeAttributesClassName"} if get(new, ("status", "phase")) == "Bound" else set()
    free |= {"storageClassName"} if "storageClassName" not in before else set()
    if _without([before], *free) != _without([spec], *free):
        shown = {**spec, **{key: before[key] for key in sorted(free) if key in before}}
        sentence = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        found.forbidden(SPEC, f"{sentence}\n{internal.diff('PersistentVolumeClaimSpec', before, shown)}")
    size, was = (get(o, ("resources", "requests", "storage"), "0") for o in (spec, before))
    if quantity.compare(size, was) < 0 and quantity.compare(size, get(old, ("status", "capacity", "storage"), "0")) <= 0:
        found.forbidden(below(SPEC, "resources", "requests", "storage"), "field can not be less than status.capacity")


def volume(new: dict, old: dict, found: Findings) -> None:
    if any(new["spec"].get(key) != old["spec"].get(key) for key in ("hostPath", "nfs", "csi", "local", "iscsi") if key in old["spec"]):
        found.forbidden((SPEC, "persistentvolumesource"), "spec.persistentvolumesource is immutable after creation")


def priority(new: dict, old: dict, found: Findings) -> None:
    if new.get("value") != old.get("value"):
        found.forbidden(path_of("value"), "may not be changed in an update.")


def revision_data(obj: dict, _: None, found: Findings) -> None:
    if obj.get("data") is None:
        found.required(path_of("data"), "data is mandatory")
