"""What the scheduler says of a pod that fits nowhere. Part of Kubernetes: kube-scheduler framework/types.go (FitError)."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubelearn.scheduler.framework import Rejection

NO_NODES = "no nodes available to schedule pods"
LONGEST_EVENT = 1024  # of an event's message
FEW = 6  # nodes that are named one by one


def fit_error(nodes: int, rejections: Iterable[Rejection], after: str = "") -> str:
    """0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: ..."""
    counts: dict[str, int] = {}
    for rejection in rejections:
        for reason in rejection.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in counts.items()))
    text = f"0/{nodes} nodes are available: {listed}." if listed else f"0/{nodes} nodes are available:"
    return f"{text} {after}" if after else text


def by_node(rejections: Mapping[str, Rejection]) -> str:
    """node-1: Insufficient cpu; node-2: ...: for the history; "" where it would be too long to read."""
    listed = (f"{node}: {', '.join(rejection.reasons)}" for node, rejection in sorted(rejections.items()))
    return "; ".join(listed) if len(rejections) <= FEW else ""


def rejected_at_once(nodes: int, why: str) -> str:
    """A pre-filter refused all nodes. The end is upstream's: a later plugin then misses its own state and says 'not found'."""
    return f"0/{nodes} nodes are available: {why}. not found"


def cut(message: str) -> str:
    return message if len(message) <= LONGEST_EVENT else f"{message[:LONGEST_EVENT - 4]} ..."
