"""TaintToleration: a taint keeps pods off that do not tolerate it. Part of Kubernetes: kube-scheduler plugins/tainttoleration."""
from __future__ import annotations

from kubelearn.api.taints import tolerated
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, Count, Plugin, Rejection, Verdict, default_normalize
from kubelearn.scheduler.pods import PodInfo


class TaintToleration(Plugin):
    """Filters by NoSchedule and NoExecute; prefers nodes with fewer PreferNoSchedule taints that are not tolerated."""

    weight = 3
    shared, events = frozenset(("filter", "score")), frozenset(("Node",))

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        for taint in node.taints:
            if taint["effect"] in ("NoSchedule", "NoExecute") and not tolerated(taint, pod.demands.tolerations):
                return Rejection(("node(s) had untolerated taint(s)",), resolvable=False)
        return None

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> object:
        return None if snapshot.avoided else SKIP

    def score(self, state: object, pod: PodInfo, node: NodeInfo) -> int:
        return sum(taint["effect"] == "PreferNoSchedule" and not tolerated(taint, pod.demands.tolerations) for taint in node.taints)

    def normalize(self, state: object, scores: dict[int, Count]) -> dict[int, int]:
        return default_normalize(scores, reverse=True)
