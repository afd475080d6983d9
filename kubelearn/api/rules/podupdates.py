"""What an update of a pod may change, and what a new one may not have.

Part of Kubernetes: pkg/apis/core/validation (ValidatePodUpdate, ValidatePodResize and their like). data/updates.txt names these rules.
"""
from __future__ import annotations

import re

from .. import internal
from ..fields import Key, below
from ..findings import Findings
from ..meta import annotations_of
from ..usage import qos_class
from .updates import SPEC, without

UPDATABLE = ("`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
             "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
COST = "controller.kubernetes.io/pod-deletion-cost"


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
    plain, known = (without(spec.get("tolerations"), "tolerationSeconds") for spec in (spec, before))
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
