"""NodeResourcesBalancedAllocation: a pod goes where cpu and memory are then used more evenly.

Part of Kubernetes: kube-scheduler plugins/noderesources/balanced_allocation.go.
"""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import MAX_SCORE, SKIP, Plugin
from kubelearn.scheduler.pods import PodInfo


class NodeResourcesBalancedAllocation(Plugin):
    shared = frozenset(("score",))

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> object:
        """No say on a pod that asks for nothing: it would always favour the same node."""
        return None if pod.requests.get("cpu") or pod.requests.get("memory") else SKIP

    def score(self, state: object, pod: PodInfo, node: NodeInfo) -> int:
        """75 where the balance stays, more where it improves, less where it worsens."""
        before, after = balance(node, {}), balance(node, pod.requests)
        return MAX_SCORE // 2 + (MAX_SCORE // 2 + after - before) // 2


def balance(node: NodeInfo, more: dict[str, int]) -> int:
    """100 where the same share of cpu and memory is taken, down to 50 where one is full and the other empty."""
    shares = [min((node.requested.get(name, 0) + more.get(name, 0)) / node.allocatable[name], 1)
              for name in ("cpu", "memory") if node.allocatable.get(name)]
    deviation = abs(shares[0] - shares[1]) / 2 if len(shares) == 2 else 0
    return int((1 - deviation) * MAX_SCORE)
