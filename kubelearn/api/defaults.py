"""Defaults that are more than a constant: the functions that data/defaults.txt, the table of all defaults, names.

Part of Kubernetes: pkg/apis/*/v1/defaults.go. Each is given the object around its field.
Leaves out: what depends on other objects (addresses, class names, service accounts): strategies and admission do that.
"""
from __future__ import annotations

import base64
import json
from functools import lru_cache

from . import data
from .memo import remembered
from .meta import get, replace

UNLIMITED = (1 << 31) - 1
LABELS = ("spec", "template", "metadata", "labels")


@lru_cache(maxsize=1)
def table() -> dict[str, dict[str, object]]:
    """Definition -> field -> its default: a value, or a function of the object ("!": which returns the whole)."""
    return {definition: {key: _default(text) for key, text in lines} for definition, lines in data.sections("defaults").items()}


def _default(text: str) -> object:
    if text.startswith("."):
        return lambda obj: obj.get(text[1:])
    return globals()[text[:-2]] if text.endswith("()") else json.loads(text)


# --- pods ------------------------------------------------------------------------------------------------------------

def tag_of(image: str) -> str:
    """'nginx' -> 'latest', 'nginx:1.25' -> '1.25'; '' where a digest names it."""
    if "@" in image:
        return ""
    return image.rpartition("/")[2].partition(":")[2] or "latest"


def pull_policy(holder: dict) -> str:
    image = holder.get("image") or holder.get("reference") or ""
    return "Always" if tag_of(image) == "latest" else "IfNotPresent"


def volume_source(volume: dict) -> dict | None:
    return {} if not any(key != "name" for key in volume) else None


def requests_from_limits(container: dict) -> dict:
    """What is limited and not requested is requested up to its limit."""
    limits, requests = (container.get("resources") or {}).get("limits"), (container.get("resources") or {}).get("requests") or {}
    if not limits or all(name in requests for name in limits):
        return container
    return replace(container, ("resources", "requests"), {**limits, **requests})


def service_account(spec: dict) -> dict:
    """Its older name is only a copy of the newer one."""
    name = spec.get("serviceAccountName")
    return spec if spec.get("serviceAccount") == name else {**spec, "serviceAccount": name}


def host_ports(container: dict) -> dict:
    """On the host's network a container's port is the host's."""
    ports = container.get("ports")
    if not ports or all("hostPort" in port for port in ports):
        return container
    return {**container, "ports": [{"hostPort": port.get("containerPort"), **port} for port in ports]}


def pod(obj: dict) -> dict:
    """What a pod has and a template has not."""
    spec = _pod_spec(obj.get("spec") or {})
    return obj if spec is obj.get("spec") else {**obj, "spec": spec}


@remembered  # so that pods of one template go on sharing one spec
def _pod_spec(spec: dict) -> dict:
    new = spec if "enableServiceLinks" in spec else {**spec, "enableServiceLinks": True}
    if new.get("terminationGracePeriodSeconds", 0) < 0:
        new = {**new, "terminationGracePeriodSeconds": 1}
    for step in (requests_from_limits, *([host_ports] if spec.get("hostNetwork") else [])):
        for group in ("containers", "initContainers"):
            before = new.get(group) or []
            after = [step(container) for container in before]
            if any(container is not old for container, old in zip(after, before)):
                new = {**new, group: after}
    return new


# --- workloads -------------------------------------------------------------------------------------------------------

def rolling_update(strategy: dict) -> dict | None:
    return {} if strategy.get("type") == "RollingUpdate" else None


def labels_of_template(obj: dict) -> dict:
    """An object without labels takes its template's."""
    labels = get(obj, LABELS)
    return obj if not labels or get(obj, ("metadata", "labels")) else replace(obj, ("metadata", "labels"), labels)


def replication_controller(obj: dict) -> dict:
    labels = get(obj, LABELS)
    return labels_of_template(replace(obj, ("spec", "selector"), labels) if labels and not obj["spec"].get("selector") else obj)


def job(obj: dict) -> dict:
    """Only of a Job itself, not of the one inside a CronJob's template."""
    spec = obj.get("spec") or {}
    single = {"completions": 1} if "completions" not in spec and "parallelism" not in spec else {}
    defaults = {**single, "parallelism": 1, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False,
                "backoffLimit": UNLIMITED if "backoffLimitPerIndex" in spec else 6,
                "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"}
    if any(key not in spec for key in defaults):
        obj = {**obj, "spec": {**defaults, **spec}}
    return labels_of_template(obj)


def claim_template(obj: dict) -> dict:
    claims = get(obj, ("spec", "volumeClaimTemplates"), ())
    if all("kind" in claim and "apiVersion" in claim for claim in claims):
        return obj
    named = [{**claim, "apiVersion": "v1", "kind": "PersistentVolumeClaim"} for claim in claims]
    return replace(obj, ("spec", "volumeClaimTemplates"), named)


def scaling_behavior(behavior: dict) -> dict:
    """Both directions have rules as soon as one is given."""
    up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]}
    down = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    new = {"scaleUp": {**up, **(behavior.get("scaleUp") or {})}, "scaleDown": {**down, **(behavior.get("scaleDown") or {})}}
    return behavior if new == behavior else {**behavior, **new}


# --- services, storage, policies ----------------------------------------------------------------------------------------

def session_timeout(spec: dict) -> dict | None:
    return {"clientIP": {"timeoutSeconds": 10800}} if spec.get("sessionAffinity") == "ClientIP" else None


def affinity_config(spec: dict) -> dict:
    """There is nothing to say of an affinity that there is not."""
    if spec.get("sessionAffinity") != "None" or "sessionAffinityConfig" not in spec:
        return spec
    return {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}


def internal_policy(spec: dict) -> str | None:
    return "Cluster" if spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer") else None


def external_policy(spec: dict) -> str | None:
    exposed = spec.get("type") in ("NodePort", "LoadBalancer") or (spec.get("type") == "ClusterIP" and spec.get("externalIPs"))
    return "Cluster" if exposed else None


def node_ports(spec: dict) -> bool | None:
    return True if spec["type"] == "LoadBalancer" else None


def policy_types(spec: dict) -> list[str]:
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def limit_range_item(item: dict) -> dict:
    """A container's default limit is its maximum; its default request is the limit, else the minimum."""
    if item.get("type") != "Container":
        return item
    limit = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {})}
    filled = {**({"default": limit} if limit else {}), **({"defaultRequest": request} if request else {})}
    return item if all(item.get(key) == value for key, value in filled.items()) else {**item, **filled}


def namespace(obj: dict) -> dict:
    name, labels = get(obj, ("metadata", "name")), get(obj, ("metadata", "labels"), {})
    if not name or labels.get("kubernetes.io/metadata.name") == name:
        return obj
    return replace(obj, ("metadata", "labels"), {**labels, "kubernetes.io/metadata.name": name})


def secret(obj: dict) -> dict:
    """stringData is only written: it goes into data."""
    if "stringData" not in obj:
        return obj
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in (obj["stringData"] or {}).items()}
    return {key: value for key, value in obj.items() if key != "stringData"} | {"data": {**(obj.get("data") or {}), **encoded}}


def subject_group(subject: dict) -> str | None:
    return "rbac.authorization.k8s.io" if subject.get("kind") in ("User", "Group") else None


def device_count(request: dict) -> int | None:
    return 1 if request["allocationMode"] == "ExactCount" else None


def custom_names(names: dict) -> dict:
    kind = names.get("kind")
    named = {"singular": kind.lower(), "listKind": f"{kind}List"} if kind else {}
    return names if names.keys() >= named.keys() else {**named, **names}
