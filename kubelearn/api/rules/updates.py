"""Rules about whole objects: what only a create may not have, and what an update may not change.

Part of Kubernetes: the ValidateXUpdate functions of pkg/apis/*/validation.
Leaves out: the diff of a PersistentVolume's source.
"""
from __future__ import annotations

from collections.abc import Callable

from .. import fields, internal, quantity, selectors
from ..fields import IMMUTABLE, path_of

SET = "field is immutable when `immutable` is set"
UPDATABLE = ("`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
             "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
SPEC = path_of("spec")


def get(obj: dict, steps: tuple[str, ...]) -> object:
    for step in steps:
        obj = (obj or {}).get(step)
    return obj


def immutable(*paths: str) -> Callable:
    """'spec.selector' stays what it is."""
    split = [tuple(path.split(".")) for path in paths]

    def rule(new: dict, old: dict, found: list) -> None:
        for steps in split:
            value, before = get(new, steps), get(old, steps)
            if value is not before and value != before:
                found.append(fields.invalid(path_of(*steps), value, IMMUTABLE))
    return rule


def kept(*paths: str) -> Callable:
    """The same, where upstream's error shows no value."""

    def rule(new: dict, old: dict, found: list) -> None:
        for path in paths:
            if new.get(path) != old.get(path):
                found.append(fields.invalid((None, path), None, IMMUTABLE))

    return rule


def role_ref(new: dict, old: dict, found: list) -> None:
    reference = new.get("roleRef") or {}
    if reference != old.get("roleRef"):
        printed = fields.GoStruct(APIGroup=reference.get("apiGroup", ""), Kind=reference.get("kind", ""), Name=reference.get("name", ""))
        found.append(fields.invalid((None, "roleRef"), printed, IMMUTABLE))


def claim_templates(new: dict, old: dict, found: list) -> None:
    value, before = (get(o, ("spec", "volumeClaimTemplates")) for o in (new, old))
    if value != before:
        printed = value and [internal.struct("PersistentVolumeClaim", claim) for claim in value]
        found.append(fields.invalid((SPEC, "volumeClaimTemplates"), printed, IMMUTABLE))


def frozen(new: dict, old: dict, found: list) -> None:
    """A ConfigMap or Secret that says so."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        found.append(fields.forbidden((None, "immutable"), SET))
    for key in ("data", "binaryData"):
        if (new.get(key) or {}) != (old.get(key) or {}):
            found.append(fields.forbidden((None, key), SET))


def cluster_address(new: dict, old: dict, found: list) -> None:
    """Upstream: validateUpgradeDowngradeClusterIPs."""
    addresses, before = get(new, ("spec", "clusterIPs")) or [], get(old, ("spec", "clusterIPs")) or []
    if "ExternalName" in (get(new, ("spec", "type")), get(old, ("spec", "type"))) or not before:
        return
    here = ((SPEC, "clusterIPs"), 0)
    if not addresses:
        found.append(fields.invalid(here, addresses, "primary clusterIP can not be unset"))
    elif addresses[0] != before[0]:
        found.append(fields.invalid(here, addresses, "may not change once set"))


# --- pods -------------------------------------------------------------------------------------------------------------------------

def new_pod(obj: dict, found: list) -> None:
    spec = obj.get("spec") or {}
    if spec.get("ephemeralContainers"):
        found.append(fields.forbidden((SPEC, "ephemeralContainers"), "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        found.append(fields.forbidden((SPEC, "nodeName"), "cannot be set until all schedulingGates have been cleared"))


def pod(new: dict, old: dict, found: list) -> None:
    """Upstream: ValidatePodUpdate."""
    spec, before = new["spec"], old["spec"]
    if spec is before:
        return
    for group in ("containers", "initContainers"):
        if len(spec.get(group) or ()) != len(before.get(group) or ()):
            found.append(fields.forbidden((SPEC, group), "pod updates may not add or remove containers"))
            return
    deadline, was = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if was is not None and deadline is None:
        found.append(fields.invalid((SPEC, "activeDeadlineSeconds"), None, "must not update from a positive integer to nil value"))
    elif was is not None and was < deadline:
        found.append(fields.invalid((SPEC, "activeDeadlineSeconds"), deadline, "must be less than or equal to previous value"))
        return
    _only_added(spec.get("tolerations") or [], before.get("tolerations") or [], found)
    left, gates = spec.get("schedulingGates") or [], before.get("schedulingGates") or []
    for gate in left:
        if gate not in gates:
            here = (((SPEC, "schedulingGates"), left.index(gate)), "name")
            found.append(fields.forbidden(here, f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"))
    munged = _without_changes_allowed(spec, before)
    if munged != before:
        changed = internal.diff("PodSpec", before, munged)
        found.append(fields.forbidden(SPEC, f"pod updates may not change fields other than {UPDATABLE}\n{changed}"))


def _only_added(new: list, old: list, found: list) -> None:
    """A toleration may be added, or its seconds changed."""
    plain = [{key: value for key, value in toleration.items() if key != "tolerationSeconds"} for toleration in new]
    if any({key: value for key, value in toleration.items() if key != "tolerationSeconds"} not in plain for toleration in old):
        found.append(fields.forbidden((SPEC, "tolerations"), "existing toleration can not be modified except its tolerationSeconds"))


def _without_changes_allowed(spec: dict, old: dict) -> dict:
    """The new spec with the old one's value in all that may change."""
    munged = dict(spec)
    for group in ("containers", "initContainers"):
        if group in spec:
            munged[group] = [{**container, "image": before.get("image")} for container, before in zip(spec[group], old[group])]
    keys = ["activeDeadlineSeconds", "schedulingGates", "tolerations", "nodeName"]
    if old.get("schedulingGates"):
        keys += ["nodeSelector", "affinity"]
    if old.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        keys.append("terminationGracePeriodSeconds")
    for key in keys:
        if key in old:
            munged[key] = old[key]
        elif key != "nodeName":
            munged.pop(key, None)
    return munged


# --- jobs, claims, the rest ---------------------------------------------------------------------------------------------------------

def completions(new: dict, old: dict, found: list) -> None:
    """An indexed job may change both numbers together; any other may not change how many."""
    value, before = get(new, ("spec", "completions")), get(old, ("spec", "completions"))
    if value == before:
        return
    spec, here = new["spec"], (SPEC, "completions")
    if spec.get("completionMode") != "Indexed":
        found.append(fields.invalid(here, value, IMMUTABLE))
    elif value != spec.get("parallelism"):
        found.append(fields.invalid(here, value, "can only be modified in tandem with spec.parallelism"))


def job_template(new: dict, old: dict, found: list) -> None:
    """Fixed, but for where the pods go while the job has never started."""
    template, before = get(new, ("spec", "template")), get(old, ("spec", "template"))
    if template is before or template == before:
        return
    if get(old, ("spec", "suspend")) and not get(old, ("status", "startTime")):
        movable = ("nodeSelector", "tolerations", "affinity", "schedulingGates")
        same = {key: value for key, value in template.items() if key not in ("metadata", "spec")} == {
            key: value for key, value in before.items() if key not in ("metadata", "spec")}
        specs = [{key: value for key, value in t["spec"].items() if key not in movable} for t in (template, before)]
        if same and specs[0] == specs[1]:
            return
    if {**template, "spec": before["spec"]} == before:
        found.append(fields.invalid(path_of("spec", "template", "spec"), internal.struct("PodSpec", template["spec"]), IMMUTABLE))
    else:
        found.append(fields.invalid((SPEC, "template"), template, IMMUTABLE))


def claim(new: dict, old: dict, found: list) -> None:
    """Upstream: ValidatePersistentVolumeClaimUpdate."""
    spec, before = new["spec"], old["spec"]
    if spec is before:
        return
    bound = get(new, ("status", "phase")) == "Bound"
    free = {"volumeName"} if not before.get("volumeName") else set()
    free |= {"resources", "volumeAttributesClassName"} if bound else set()
    free |= {"storageClassName"} if "storageClassName" not in before else set()
    old_spec, new_spec = ({key: value for key, value in s.items() if key not in free} for s in (before, spec))
    if old_spec != new_spec:
        shown = {**spec, **{key: before[key] for key in sorted(free) if key in before}}
        sentence = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        found.append(fields.forbidden(SPEC, f"{sentence}\n{internal.diff('PersistentVolumeClaimSpec', before, shown)}"))
    path, size = ("resources", "requests", "storage"), (lambda s: get(s, ("resources", "requests", "storage")) or "0")
    if quantity.compare(size(spec), size(before)) < 0:
        has = get(old, ("status", "capacity", "storage")) or "0"
        if quantity.compare(size(spec), has) <= 0:
            found.append(fields.forbidden(path_of("spec", *path), "field can not be less than status.capacity"))


def volume(new: dict, old: dict, found: list) -> None:
    source = [key for key in old["spec"] if key in ("hostPath", "nfs", "csi", "local", "iscsi")]
    if any(new["spec"].get(key) != old["spec"][key] for key in source):
        found.append(fields.forbidden((SPEC, "persistentvolumesource"), "spec.persistentvolumesource is immutable after creation"))
    immutable("spec.volumeMode")(new, old, found)


def priority(new: dict, old: dict, found: list) -> None:
    if new.get("value") != old.get("value"):
        found.append(fields.forbidden((None, "value"), "may not be changed in an update."))
    immutable("preemptionPolicy")(new, old, found)


def job_selector(obj: dict, found: list) -> None:
    """A job's selector is made for it, unless manualSelector says that its author cares."""
    spec, uid = obj["spec"], obj["metadata"].get("uid")
    selector = spec.get("selector")
    ours = {f"{prefix}{key}": value for key, value in (("controller-uid", uid), ("job-name", obj["metadata"]["name"]))
            for prefix in ("", "batch.kubernetes.io/")}
    if selector is None:
        found.append(fields.required((SPEC, "selector")))
    elif not spec.get("manualSelector") and not selectors.label_selector(selector)(ours):
        found.append(fields.invalid((SPEC, "selector"), selector, "`selector` not auto-generated"))
    job_labels(obj, None, found)


def job_labels(new: dict, old: dict | None, found: list) -> None:
    selector, labels = get(new, ("spec", "selector")), get(new, ("spec", "template", "metadata", "labels"))
    if (old is None or new["spec"] is not old["spec"]) and not selectors.label_selector(selector)(labels):
        here = path_of("spec", "template", "metadata", "labels")
        found.append(fields.invalid(here, labels, "`selector` does not match template `labels`"))


def short_name(obj: dict, found: list) -> None:
    """A cron job's jobs are named after it, with eleven characters more."""
    if len(obj["metadata"]["name"]) > 52:
        found.append(fields.invalid(path_of("metadata", "name"), obj["metadata"]["name"], "must be no more than 52 characters"))


def revision_data(obj: dict, found: list) -> None:
    if obj.get("data") is None:
        found.append(fields.required((None, "data"), "data is mandatory"))


CREATES = {"pods": (new_pod,), "jobs.batch": (job_selector,), "cronjobs.batch": (short_name,), "controllerrevisions.apps": (revision_data,)}
BEFORE_UPDATE = {"configmaps": (frozen,), "secrets": (immutable("type"), frozen), "services": (cluster_address,),
                 "daemonsets.apps": (immutable("spec.selector"),)}
UPDATES = {
    "pods": (pod,),
    "deployments.apps": (immutable("spec.selector"),),
    "replicasets.apps": (immutable("spec.selector"),),
    "statefulsets.apps": (immutable("spec.selector"), claim_templates, immutable("spec.serviceName", "spec.podManagementPolicy")),
    "controllerrevisions.apps": (immutable("data"),),
    "jobs.batch": (
        job_labels,
        completions,
        immutable("spec.selector"),
        job_template,
        immutable("spec.completionMode", "spec.podFailurePolicy", "spec.backoffLimitPerIndex", "spec.managedBy", "spec.successPolicy"),
    ),
    "persistentvolumeclaims": (claim,),
    "persistentvolumes": (volume,),
    "storageclasses.storage.k8s.io": (kept("parameters", "provisioner", "reclaimPolicy"), immutable("volumeBindingMode")),
    "priorityclasses.scheduling.k8s.io": (priority,),
    "rolebindings.rbac.authorization.k8s.io": (role_ref,),
    "clusterrolebindings.rbac.authorization.k8s.io": (role_ref,),
    "ingressclasses.networking.k8s.io": (immutable("spec.controller"),),
    "endpointslices.discovery.k8s.io": (immutable("addressType"),),
    "runtimeclasses.node.k8s.io": (immutable("handler"),),
    "customresourcedefinitions.apiextensions.k8s.io": (immutable("spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"),),
}
