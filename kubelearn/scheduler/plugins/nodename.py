"""NodeName: a pod that names its node goes there or nowhere. Part of Kubernetes: kube-scheduler plugins/nodename."""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo
from kubelearn.scheduler.framework import Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo


class NodeName(Plugin):
    shared, events = frozenset(("filter",)), frozenset(("Node",))

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        wanted = pod.demands.spec.get("nodeName")
        if wanted and wanted != node.name:
            return Rejection(("node(s) didn't match the requested node name",), resolvable=False)
        return None
