"""Taints and tolerations: which of a node's taints keep a pod away.

Part of Kubernetes: component-helpers scheduling/corev1. Its tolerations decide alone; how long they hold is the eviction's affair.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.selectors import Requirement


def taints(node: dict, *effects: str) -> list[dict]:
    """The node's taints with one of these effects."""
    return [taint for taint in node["spec"].get("taints") or () if taint["effect"] in effects]


def tolerates(toleration: dict, taint: dict) -> bool:
    """No key tolerates every key, no effect every effect."""
    if any(toleration.get(field) and toleration[field] != taint[field] for field in ("effect", "key")):
        return False
    operator, value = toleration.get("operator", "Equal"), taint.get("value", "")
    if operator in ("Gt", "Lt"):
        return Requirement("", {"Gt": ">", "Lt": "<"}[operator], (toleration["value"],)).matches({"": value})
    return operator == "Exists" or bool(toleration.get("key")) and toleration.get("value", "") == value


def tolerated(taint: dict, tolerations: Iterable[dict]) -> bool:
    return any(tolerates(toleration, taint) for toleration in tolerations)
