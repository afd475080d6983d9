"""InterPodAffinity: pods that want to be near others, or far from them, and others that want to be far from them.

Part of Kubernetes: kube-scheduler plugins/interpodaffinity (filtering.go, scoring.go). Pods alike on a node are looked at once.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kubelearn.api.meta import labels_of
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import MAX_SCORE, SKIP, Count, Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo, Term

HARD_WEIGHT = 1  # what a pod counts for that demands to be near pods like this one
Domain = tuple[str, str]  # topology key, its value


class Rules(NamedTuple):
    near: dict[Domain, int]   # how many pods match all that the pod wants to be near to
    far: frozenset[Domain]    # where pods are that it wants to be far from
    repelled: frozenset[Domain]  # where pods are that want to be far from it
    first_of_its_kind: bool   # nothing it wants to be near to is there yet, but the pod itself is such a pod


class InterPodAffinity(Plugin):
    weight = 2
    events = frozenset(("Node", "PodAdd", "PodDelete"))

    def __init__(self, client=None):
        self.namespaces = client.informer("Namespace") if client else None

    def _labels_of(self, namespace: str) -> dict:
        found = self.namespaces.get("", namespace) if self.namespaces else None
        return labels_of(found) if found else {}

    # --- filtering ------------------------------------------------------------------------------------------------

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> Rules | object:
        demands = pod.demands
        if not (demands.affinity or demands.anti_affinity or snapshot.repelling):
            return SKIP
        near: dict[Domain, int] = {}
        far: set[Domain] = set()
        if demands.affinity or demands.anti_affinity:
            for node in snapshot.nodes.values():
                self._meet(pod, node, near, far)
        own_labels = self._labels_of(pod.namespace)
        repelled = {domain for node in snapshot.nodes.values() for _, other in node.affine.values()
                    for term in other.demands.anti_affinity if term.matches(other.namespace, pod.namespace, pod.labels, own_labels)
                    for domain in _domain(term, node)}
        if not (demands.affinity or far or repelled):
            return SKIP
        first = not near and all(term.matches(pod.namespace, pod.namespace, pod.labels, own_labels) for term in demands.affinity)
        return Rules(near, frozenset(far), frozenset(repelled), first)

    def _meet(self, pod: PodInfo, node: NodeInfo, near: dict[Domain, int], far: set[Domain]) -> None:
        """Adds what a node's pods mean to this pod."""
        demands = pod.demands
        for (namespace, _), (number, _, labels) in node.label_counts.items():
            them = (pod.namespace, namespace, labels, self._labels_of(namespace))
            if demands.affinity and all(term.matches(*them) for term in demands.affinity):
                for term in demands.affinity:
                    for domain in _domain(term, node):
                        near[domain] = near.get(domain, 0) + number
            for term in demands.anti_affinity:
                if term.matches(*them):
                    far.update(_domain(term, node))

    def filter(self, rules: Rules, pod: PodInfo, node: NodeInfo) -> Verdict:
        demands = pod.demands
        if demands.affinity:
            domains = [domain for term in demands.affinity for domain in _domain(term, node)]
            there = len(domains) == len(demands.affinity) and (rules.first_of_its_kind or all(rules.near.get(d) for d in domains))
            if not there:
                return Rejection(("node(s) didn't match pod affinity rules",), resolvable=False)
        if any(domain in rules.far for term in demands.anti_affinity for domain in _domain(term, node)):
            return "node(s) didn't match pod anti-affinity rules"
        if any(label in rules.repelled for label in node.labels.items()):
            return "node(s) didn't satisfy existing pods anti-affinity rules"
        return None

    # --- scoring --------------------------------------------------------------------------------------------------

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> dict[Domain, int] | object:
        """Domain -> the sum of the weights of all preferences that speak for it."""
        demands = pod.demands
        wishes = bool(demands.preferred_affinity or demands.preferred_anti_affinity)
        if not (wishes or snapshot.affine):
            return SKIP
        weights: dict[Domain, int] = {}
        for node in snapshot.nodes.values():
            for term, weight in (*(self._own_wishes(pod, node) if wishes else ()), *self._wishes_of_others(pod, node)):
                for domain in _domain(term, node):
                    weights[domain] = weights.get(domain, 0) + weight
        return weights or SKIP

    def _own_wishes(self, pod: PodInfo, node: NodeInfo) -> Iterator[tuple[Term, int]]:
        for (namespace, _), (number, _, labels) in node.label_counts.items():
            where = self._labels_of(namespace)
            for sign, terms in ((1, pod.demands.preferred_affinity), (-1, pod.demands.preferred_anti_affinity)):
                for weight, term in terms:
                    if term.matches(pod.namespace, namespace, labels, where):
                        yield term, sign * weight * number

    def _wishes_of_others(self, pod: PodInfo, node: NodeInfo) -> Iterator[tuple[Term, int]]:
        own_labels = self._labels_of(pod.namespace)
        for number, other in node.affine.values():
            demands = other.demands
            wishes = [(HARD_WEIGHT, term) for term in demands.affinity] + demands.preferred_affinity
            for sign, terms in ((1, wishes), (-1, demands.preferred_anti_affinity)):
                for weight, term in terms:
                    if term.matches(other.namespace, pod.namespace, pod.labels, own_labels):
                        yield term, sign * weight * number

    def score(self, weights: dict[Domain, int], pod: PodInfo, node: NodeInfo) -> int:
        return sum(weights.get(label, 0) for label in node.labels.items())

    def normalize(self, state: object, scores: dict[int, Count]) -> dict[int, int]:
        """From 0 for the lowest to 100 for the highest."""
        lowest, spread = min(scores), max(scores) - min(scores)
        return {score: int(MAX_SCORE * ((score - lowest) / spread)) if spread else 0 for score in scores}


def _domain(term: Term, node: NodeInfo) -> tuple[Domain, ...]:
    """The node's domain under a term's topology key, if it has one."""
    value = node.labels.get(term.topology_key)
    return () if value is None else ((term.topology_key, value),)
