"""One thing in several API versions: from the form in which a client speaks of it to the one that is stored, and back.

Part of Kubernetes: the conversion functions of pkg/apis. Built-in kinds with two versions are few: events (v1 and events.k8s.io/v1)
and autoscalers (v2 and v1). The versions of a custom resource differ in their name only.
Leaves out: conversion webhooks, deprecated versions.
"""
from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .resources import Resource

EVENT_NAMES = {  # events.k8s.io/v1 -> v1
    "note": "message", "regarding": "involvedObject", "reportingController": "reportingComponent", "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp", "deprecatedCount": "count",
}
OLD_EVENT_NAMES = {old: new for new, old in EVENT_NAMES.items()}
KEPT_ASIDE = ("metrics", "behavior")  # of an autoscaler, what v1 has no fields for
ANNOTATION = "autoscaling.alpha.kubernetes.io/"


def has_versions(resource: Resource) -> bool:
    """Whether what is stored may be of another version than this one."""
    versions = (resource.definition or {}).get("spec", {}).get("versions", ())
    return (resource.api_version, resource.kind) in FROM_STORED or len(versions) > 1


def to_stored(resource: Resource, stored: Resource, obj: dict) -> dict:
    """obj, of resource's version, as an object of stored's."""
    convert = TO_STORED.get((resource.api_version, resource.kind))
    obj = {**(convert(obj) if convert else obj), "apiVersion": stored.api_version}
    return stored.schema.decode(obj)[0] if stored.definition else obj  # what the stored version does not know is not kept


def from_stored(resource: Resource, obj: dict) -> dict:
    """What is stored, as an object of resource's version; obj itself where it is one, or of another kind (a scale)."""
    if obj.get("apiVersion") == resource.api_version or obj.get("kind") != resource.kind:
        return obj
    convert = FROM_STORED.get((resource.api_version, resource.kind))
    return {**(convert(obj) if convert else obj), "apiVersion": resource.api_version}


def _renamed(obj: dict, names: dict[str, str]) -> dict:
    return {names.get(key, key): value for key, value in obj.items()}


# --- autoscalers -------------------------------------------------------------------------------------------------------------

def _cpu(percent: int | None) -> dict:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu(metric: dict) -> bool:
    resource = metric.get("resource") or {}
    return resource.get("name") == "cpu" and (resource.get("target") or {}).get("averageUtilization") is not None


def _autoscaler_to_v2(obj: dict) -> dict:
    spec, metadata = dict(obj.get("spec") or {}), obj.get("metadata") or {}
    annotations = dict(metadata.get("annotations") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    annotations.pop(f"{ANNOTATION}conditions", None)
    aside = {key: _read(annotations.pop(ANNOTATION + key)) for key in KEPT_ASIDE if ANNOTATION + key in annotations}
    metrics = (aside.pop("metrics", None) or []) + ([_cpu(percent)] if percent is not None else [])
    status = {key: value for key, value in (obj.get("status") or {}).items() if key != "currentCPUUtilizationPercentage"}
    metadata = {key: value for key, value in metadata.items() if key != "annotations"}
    metadata |= {"annotations": annotations} if annotations else {}
    aside = {key: value for key, value in aside.items() if value}
    return {**obj, "metadata": metadata, "spec": {**spec, **aside, **({"metrics": metrics} if metrics else {})}, "status": status}


def _read(text: str) -> object:
    """An annotation that anybody may have written."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _autoscaler_to_v1(obj: dict) -> dict:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics = spec.pop("metrics", None) or []
    targets = [metric for metric in metrics if _is_cpu(metric)]
    aside = {"metrics": [metric for metric in metrics if metric not in targets[:1]], "behavior": spec.pop("behavior", None)}
    annotations = {ANNOTATION + key: json.dumps(value, separators=(",", ":")) for key, value in aside.items() if value}
    if targets:
        spec["targetCPUUtilizationPercentage"] = targets[0]["resource"]["target"]["averageUtilization"]
    for metric in status.pop("currentMetrics", None) or []:
        if (metric.get("resource") or {}).get("name") == "cpu":
            status["currentCPUUtilizationPercentage"] = (metric["resource"].get("current") or {}).get("averageUtilization")
    if status.get("conditions"):
        annotations[f"{ANNOTATION}conditions"] = json.dumps(status["conditions"], separators=(",", ":"))
    status.pop("conditions", None)
    metadata = obj["metadata"]
    if annotations:
        metadata = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


TO_STORED = {("events.k8s.io/v1", "Event"): lambda obj: _renamed(obj, EVENT_NAMES),
             ("autoscaling/v1", "HorizontalPodAutoscaler"): _autoscaler_to_v2}
FROM_STORED = {("events.k8s.io/v1", "Event"): lambda obj: _renamed(obj, OLD_EVENT_NAMES),
               ("autoscaling/v1", "HorizontalPodAutoscaler"): _autoscaler_to_v1}
