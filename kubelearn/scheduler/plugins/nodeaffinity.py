"""NodeAffinity: node selectors and node affinity, demanded or preferred. Part of Kubernetes: kube-scheduler plugins/nodeaffinity."""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import SKIP, Count, OnlyNodes, Plugin, Rejection, Verdict, default_normalize
from kubelearn.scheduler.pods import PodInfo


class NodeAffinity(Plugin):
    weight = 2
    shared, events = frozenset(("filter", "score")), frozenset(("Node",))

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> object:
        return SKIP if pod.demands.names is None else OnlyNodes(pod.demands.names)

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        matches = pod.demands.matches
        if matches is not None and not matches(node.name, node.labels):
            return Rejection(("node(s) didn't match Pod's node affinity/selector",), resolvable=False)
        return None

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> object:
        return None if pod.demands.preferred else SKIP

    def score(self, state: object, pod: PodInfo, node: NodeInfo) -> int:
        return sum(weight for weight, matches in pod.demands.preferred if matches(node.name, node.labels))

    def normalize(self, state: object, scores: dict[int, Count]) -> dict[int, int]:
        return default_normalize(scores)
