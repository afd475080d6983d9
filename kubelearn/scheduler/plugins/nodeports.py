"""NodePorts: a port of the host can be had once. Part of Kubernetes: kube-scheduler plugins/nodeports."""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo
from kubelearn.scheduler.framework import Plugin, Verdict
from kubelearn.scheduler.pods import PodInfo


class NodePorts(Plugin):
    shared, events = frozenset(("filter",)), frozenset(("Node", "PodDelete"))

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        if any(_clash(wanted, taken) for wanted in pod.demands.ports for taken in node.ports):
            return "node(s) didn't have free ports for the requested pod ports"
        return None


def _clash(a: tuple[str, str, int], b: tuple[str, str, int]) -> bool:
    """(host address, protocol, port); 0.0.0.0 is every address."""
    return a[1:] == b[1:] and (a[0] == b[0] or "0.0.0.0" in (a[0], b[0]))
