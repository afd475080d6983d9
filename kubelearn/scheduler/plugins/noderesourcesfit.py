"""NodeResourcesFit: a node must have what a pod asks for, and the emptier one is the better one.

Part of Kubernetes: kube-scheduler plugins/noderesources (fit.go, least_allocated.go).
Leaves out: the MostAllocated and RequestedToCapacityRatio strategies.
"""
from __future__ import annotations

from kubelearn.scheduler.cache import NodeInfo
from kubelearn.scheduler.framework import MAX_SCORE, Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo


class NodeResourcesFit(Plugin):
    shared, events = frozenset(("filter", "score")), frozenset(("Node", "PodDelete"))

    def filter(self, state: object, pod: PodInfo, node: NodeInfo) -> Verdict:
        """What is lacking; a pod that asks for more than the whole node has cannot be helped by preemption."""
        lacking, hopeless = [], False
        allocatable, requested = node.allocatable, node.requested
        if len(node.pods) + 1 > allocatable.get("pods", 0):
            lacking.append("Too many pods")
        for name, amount in pod.requests.items():
            there = allocatable.get(name, 0)
            if amount > there - requested.get(name, 0):
                lacking.append(f"Insufficient {name}")
                hopeless = hopeless or amount > there
        return Rejection(tuple(lacking), resolvable=not hopeless) if lacking else None

    def score(self, state: object, pod: PodInfo, node: NodeInfo) -> int:
        """LeastAllocated: the mean share of cpu and of memory that would be left."""
        cpu, memory = node.allocatable.get("cpu", 0), node.allocatable.get("memory", 0)
        left, resources = 0, 0
        if cpu:
            left, resources = max(cpu - node.cpu - pod.demands.cpu, 0) * MAX_SCORE // cpu, 1
        if memory:
            left, resources = left + max(memory - node.memory - pod.demands.memory, 0) * MAX_SCORE // memory, resources + 1
        return left // resources if resources else 0
