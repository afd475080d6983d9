"""What controllers ask of a node: whether it is ready, whether a pod may be there.

Part of Kubernetes: component-helpers scheduling/corev1 (node affinity, taints and tolerations).
Law: answers depend on the node and the pod's spec alone. Leaves out: scores, which are the scheduler's.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import condition_is, labels_of, name_of
from kubelearn.api.selectors import Requirement

OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": ">", "Lt": "<"}


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
        return Requirement("", OPERATORS[operator], (toleration["value"],)).matches({"": value})
    return operator == "Exists" or toleration.get("value", "") == value


def untolerated(tolerations: Iterable[dict], found: Iterable[dict]) -> list[dict]:
    """The taints that none of the tolerations covers."""
    tolerations = list(tolerations)
    return [taint for taint in found if not any(tolerates(t, taint) for t in tolerations)]


def matches_term(term: dict, node: dict) -> bool:
    """A node selector term: all its expressions on labels and fields (metadata.name); an empty one matches nothing."""
    labels, fields = labels_of(node), {"metadata.name": name_of(node)}
    tests = [(expression, labels) for expression in term.get("matchExpressions") or ()]
    tests += [(expression, fields) for expression in term.get("matchFields") or ()]
    return bool(tests) and all(
        Requirement(e["key"], OPERATORS[e["operator"]], tuple(e.get("values") or ())).matches(values) for e, values in tests)


def matches_selector(node_selector: dict | None, node: dict) -> bool:
    """A NodeSelector: any of its terms; none at all matches every node."""
    return not node_selector or any(matches_term(term, node) for term in node_selector["nodeSelectorTerms"])


def affinity_matches(pod_spec: dict, node: dict) -> bool:
    """nodeName, nodeSelector and the required node affinity of a pod."""
    labels = labels_of(node)
    if pod_spec.get("nodeName", name_of(node)) != name_of(node):
        return False
    if any(labels.get(key) != value for key, value in (pod_spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (pod_spec.get("affinity") or {}).get("nodeAffinity") or {}
    return matches_selector(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), node)
