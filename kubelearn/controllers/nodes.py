"""What controllers ask of a node: whether it is ready, whether a pod may be there.

Part of Kubernetes: component-helpers scheduling/corev1 (node affinity, taints and tolerations).
Law: answers depend on the node and the pod's spec alone. Leaves out: scores, which are the scheduler's.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import condition_is, labels_of, name_of
from kubelearn.api.nodeselector import required
from kubelearn.api.selectors import Requirement


def node_ready(node: dict) -> bool:
    return condition_is(node, "Ready")


def taints(node: dict, *effects: str) -> list[dict]:
    """The node's taints with one of these effects."""
    return [taint for taint in node["spec"].get("taints") or () if taint["effect"] in effects]


def tolerates(toleration: dict, taint: dict) -> bool:
    """One toleration against one taint; no key tolerates every key, no effect every effect."""
    if toleration.get("effect", taint["effect"]) != taint["effect"] or toleration.get("key", taint["key"]) != taint["key"]:
        return False
    operator, value = toleration.get("operator", "Equal"), taint.get("value", "")
    if operator in ("Gt", "Lt"):
        return Requirement("", {"Gt": ">", "Lt": "<"}[operator], (toleration["value"],)).matches({"": value})
    return operator == "Exists" or toleration.get("value", "") == value


def untolerated(tolerations: Iterable[dict], found: Iterable[dict]) -> list[dict]:
    """The taints that none of the tolerations covers."""
    tolerations = list(tolerations)
    return [taint for taint in found if not any(tolerates(t, taint) for t in tolerations)]


def affinity_matches(pod_spec: dict, node: dict) -> bool:
    """nodeName, nodeSelector and the required node affinity of a pod."""
    matches = required(pod_spec)
    if pod_spec.get("nodeName", name_of(node)) != name_of(node):
        return False
    return matches is None or matches(name_of(node), labels_of(node))
