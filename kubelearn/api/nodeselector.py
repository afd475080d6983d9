"""Node selectors: which nodes a pod or a volume may be on.

Part of Kubernetes: component-helpers scheduling/corev1/nodeaffinity. Compiled once into a closure over the terms.
"""
from __future__ import annotations

from collections.abc import Callable

Matcher = Callable[[str, dict], bool]  # (node's name, node's labels) -> does it match


def node_selector(selector: dict | None) -> Matcher | None:
    """A NodeSelector: a node matches if it matches one of the terms; None for no selector. An empty term matches nothing."""
    if selector is None:
        return None
    terms = [node_selector_term(term) for term in selector.get("nodeSelectorTerms") or ()]
    return lambda name, labels: any(term(name, labels) for term in terms)


def node_selector_term(term: dict) -> Matcher:
    """All expressions over labels and over metadata.name must hold."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return lambda name, labels: False

    def matches(name: str, labels: dict) -> bool:
        return (all(_holds(e, labels.get(e["key"])) for e in expressions)
                and all(_holds(f, name if f["key"] == "metadata.name" else None) for f in fields))
    return matches


def _holds(expression: dict, value: str | None) -> bool:
    values = expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    try:
        number, bound = int(value), int(values[0])
    except (TypeError, ValueError, IndexError):
        return False
    return number > bound if expression["operator"] == "Gt" else number < bound


def names_wanted(selector: dict | None) -> frozenset[str] | None:
    """The only nodes that can match, where every term names its node (as a DaemonSet's pods do); else None."""
    names: set[str] = set()
    for term in (selector or {}).get("nodeSelectorTerms") or [{}]:
        found = [set(f["values"]) for f in term.get("matchFields") or () if f["key"] == "metadata.name" and f["operator"] == "In"]
        if not found:
            return None
        names |= set.intersection(*found)
    return frozenset(names)


def required(spec: dict) -> Matcher | None:
    """What a pod's spec demands of its node: nodeSelector and required node affinity together; None for nothing."""
    wanted = spec.get("nodeSelector")
    affinity = node_selector(required_affinity(spec))
    if not wanted:
        return affinity
    pairs = tuple(wanted.items())

    def matches(name: str, labels: dict) -> bool:
        return all(labels.get(key) == value for key, value in pairs) and (affinity is None or affinity(name, labels))
    return matches


def required_affinity(spec: dict) -> dict | None:
    return ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
