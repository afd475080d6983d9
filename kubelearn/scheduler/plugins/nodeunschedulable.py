"""NodeUnschedulable: a cordoned node takes no new pods. Part of Kubernetes: kube-scheduler plugins/nodeunschedulable."""
from __future__ import annotations

from kubelearn.api.taints import tolerated
from kubelearn.scheduler.cache import NodeInfo
from kubelearn.scheduler.framework import Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo

TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeUnschedulable(Plugin):
    shared, events = frozenset(("filter",)), frozenset(("Node",))

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        if node.unschedulable and not tolerated(TAINT, pod.demands.tolerations):
            return Rejection(("node(s) were unschedulable",), resolvable=False)
        return None
