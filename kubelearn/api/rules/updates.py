"""Rules about whole objects: what only a create may not have, and what an update may not change.

Part of Kubernetes: the ValidateXUpdate functions of pkg/apis/*/validation. Which holds of which resource is in data/updates.txt.
"""
from __future__ import annotations

from collections.abc import Callable

from .. import internal, quantity, selectors
from ..fields import IMMUTABLE, below, path_of
from ..findings import Findings
from ..meta import get

SET = "field is immutable when `immutable` is set"
SPEC = path_of("spec")
LABELS = ("spec", "template", "metadata", "labels")
def immutable(*paths: str) -> Callable:
    """'spec.selector' stays what it is; 'roleRef:RoleRef' too, and is shown as such a struct."""
    parts = [(tuple(path.split(".")), struct) for path, _, struct in (path.partition(":") for path in paths)]

    def rule(new: dict, old: dict, found: Findings) -> None:
        for steps, struct in parts:
            value, before = get(new, steps), get(old, steps)
            if value is not before and value != before:
                found.invalid(path_of(*steps), internal.printed(struct, value) if struct else value, IMMUTABLE)
    return rule


def kept(*paths: str) -> Callable:
    """The same, where upstream's error shows no value."""
    def rule(new: dict, old: dict, found: Findings) -> None:
        for path in paths:
            if new.get(path) != old.get(path):
                found.invalid(path_of(path), None, IMMUTABLE)
    return rule


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


def without(items: list[dict] | None, *keys: str) -> list[dict]:
    return [{key: value for key, value in item.items() if key not in keys} for item in items or ()]


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
        found.invalid((SPEC, "template"), internal.struct("PodTemplateSpec", template), IMMUTABLE)
    elif _fixed(template["spec"]) != _fixed(before["spec"]):
        found.invalid(path_of("spec", "template", "spec"), pod, IMMUTABLE)


def _fixed(pod: dict) -> dict:
    """What of a suspended job's pods stays as it is."""
    kept = without([pod], "nodeSelector", "tolerations", "affinity", "schedulingGates")[0]
    return {**kept, **{group: without(pod[group], "resources") for group in ("containers", "initContainers") if group in pod}}


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
    if without([before], *free) != without([spec], *free):
        shown = {**spec, **{key: before[key] for key in sorted(free) if key in before}}
        sentence = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        found.forbidden(SPEC, f"{sentence}\n{internal.diff('PersistentVolumeClaimSpec', before, shown)}")
    size, was = (get(o, ("resources", "requests", "storage"), "0") for o in (spec, before))
    if quantity.compare(size, was) < 0 and quantity.compare(size, get(old, ("status", "capacity", "storage"), "0")) <= 0:
        found.forbidden(below(SPEC, "resources", "requests", "storage"), "field can not be less than status.capacity")


def volume(new: dict, old: dict, found: Findings) -> None:
    if any(new["spec"].get(key) != old["spec"].get(key) for key in ("hostPath", "nfs", "csi", "local", "iscsi") if key in old["spec"]):
        changed = internal.diff("PersistentVolumeSource", old["spec"], new["spec"])
        found.forbidden((SPEC, "persistentvolumesource"), f"spec.persistentvolumesource is immutable after creation\n{changed}")


def priority(new: dict, old: dict, found: Findings) -> None:
    if new.get("value") != old.get("value"):
        found.forbidden(path_of("value"), "may not be changed in an update.")


def revision_data(obj: dict, _: None, found: Findings) -> None:
    if obj.get("data") is None:
        found.required(path_of("data"), "data is mandatory")
