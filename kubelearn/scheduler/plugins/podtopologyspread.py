"""PodTopologySpread: pods that belong together are spread over zones and nodes.

Part of Kubernetes: kube-scheduler plugins/podtopologyspread. Constraints with DoNotSchedule filter, those with ScheduleAnyway
score. A pod without constraints has upstream's defaults (nodes 3, zones 5), counted over the pods of its services and its owner.
"""
from __future__ import annotations

from math import log
from typing import NamedTuple

from kubelearn.api.meta import owner_of
from kubelearn.api.selectors import Selector, label_selector, match_labels
from kubelearn.api.taints import tolerated
from kubelearn.scheduler.cache import NodeInfo, Snapshot
from kubelearn.scheduler.framework import MAX_SCORE, SKIP, Count, Plugin, Rejection, Verdict
from kubelearn.scheduler.pods import PodInfo

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NO_MATCH = "node(s) didn't match pod topology spread constraints"
OWNERS = ("ReplicationController", "ReplicaSet", "StatefulSet")


class Constraint(NamedTuple):
    topology_key: str
    max_skew: int
    selector: Selector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False

    def includes(self, pod: PodInfo, node: NodeInfo) -> bool:
        """Whether a node counts among the domains over which this pod is spread."""
        matches = pod.demands.matches
        if self.honor_affinity and matches is not None and not matches(node.name, node.labels):
            return False
        return not self.honor_taints or all(tolerated(taint, pod.demands.tolerations) for taint in node.taints
                                            if taint["effect"] in ("NoSchedule", "NoExecute"))


class Domains(NamedTuple):
    """One constraint, how many pods are in each domain, and whether the pod itself would count."""

    constraint: Constraint
    counts: dict[str, int]
    own: bool


class PodTopologySpread(Plugin):
    weight = 2
    shared, events = frozenset(("score",)), frozenset(("Node", "PodAdd", "PodDelete"))

    def __init__(self, client=None):
        self.services = client.informer("Service") if client else None
        self.owners = {kind: client.informer(kind) for kind in OWNERS} if client else {}

    def pre_filter(self, pod: PodInfo, snapshot: Snapshot) -> list[Domains] | object:
        constraints = _constraints(pod, "DoNotSchedule") if pod.demands.spread else ()
        if not constraints:
            return SKIP
        nodes = [node for node in snapshot.nodes.values() if all(c.topology_key in node.labels for c in constraints)]
        found = []
        for constraint in constraints:
            counts: dict[str, int] = {}
            for node in nodes:
                if constraint.includes(pod, node):
                    domain = node.labels[constraint.topology_key]
                    counts[domain] = counts.get(domain, 0) + node.count(pod.namespace, constraint.selector)
            found.append(Domains(constraint, counts, constraint.selector(pod.labels)))
        return found

    def filter(self, state: list[Domains], pod: PodInfo, node: NodeInfo) -> Verdict:
        """Its domain may have at most maxSkew pods more than the emptiest one."""
        for constraint, counts, own in state:
            domain = node.labels.get(constraint.topology_key)
            if domain is None:
                return Rejection((f"{NO_MATCH} (missing required label)",), resolvable=False)
            fewest = min(counts.values(), default=0) if len(counts) >= constraint.min_domains else 0
            if counts.get(domain, 0) + own - fewest > constraint.max_skew:
                return NO_MATCH
        return None

    # --- scoring --------------------------------------------------------------------------------------------------

    def pre_score(self, pod: PodInfo, snapshot: Snapshot) -> tuple[list[Constraint], bool] | object:
        """The constraints that score, and whether a node must have all their labels to be scored."""
        if pod.demands.spread:
            constraints, own = _constraints(pod, "ScheduleAnyway"), True
        else:
            constraints, own = self._defaults(pod), False
        return (constraints, own) if constraints else SKIP

    def score(self, state: tuple, pod: PodInfo, node: NodeInfo) -> tuple | None:
        """For each constraint: the node's domain, and how many pods count on the node itself. normalize makes a score of it."""
        constraints, all_labels = state
        if all_labels and any(c.topology_key not in node.labels for c in constraints):
            return None
        return tuple((c.topology_key in node.labels if c.topology_key == HOSTNAME else node.labels.get(c.topology_key),
                      node.count(pod.namespace, c.selector) if c.includes(pod, node) else 0) for c in constraints)

    def normalize(self, state: tuple, scores: dict[tuple | None, Count]) -> dict[tuple | None, int]:
        """The fewer pods a node's domains have, the better; a domain counts the more, the more domains there are."""
        raw = dict.fromkeys(scores, 0.0)
        for index, constraint in enumerate(state[0]):
            _add_raw(raw, index, constraint, scores)
        rounded = {key: int(score + 0.5) for key, score in raw.items() if key is not None}
        fitting = [rounded[key] for key, count in scores.items() if count.fitting and key is not None]
        lowest, highest = min(fitting, default=0), max(fitting, default=0)
        return {key: 0 if key is None else MAX_SCORE if not highest else max(MAX_SCORE * (highest + lowest - rounded[key]), 0) // highest
                for key in scores}

    def _defaults(self, pod: PodInfo) -> list[Constraint]:
        selector = self._siblings(pod)
        return [Constraint(HOSTNAME, 3, selector), Constraint(ZONE, 5, selector)] if selector else []

    def _siblings(self, pod: PodInfo) -> Selector | None:
        """What the pods of the same services and of the same owner have in common. plugins/helper/spread.go DefaultSelector."""
        if self.services is None:
            return None
        labels: dict[str, str] = {}
        for service in self.services.list(pod.namespace):
            wanted = service["spec"].get("selector")
            if wanted and match_labels(wanted)(pod.labels):
                labels |= wanted
        requirements = list(match_labels(labels).requirements)
        reference = owner_of(pod.pod)
        informer = self.owners.get(reference["kind"]) if reference else None
        owner = informer.get(pod.namespace, reference["name"]) if informer else None
        if owner:
            chosen = owner["spec"].get("selector")
            requirements += (match_labels(chosen) if owner["kind"] == "ReplicationController" else label_selector(chosen)).requirements
        return Selector(requirements) if requirements else None


def _constraints(pod: PodInfo, action: str) -> list[Constraint]:
    found = []
    for constraint in pod.demands.spread:
        if constraint["whenUnsatisfiable"] == action:
            selector = label_selector(constraint.get("labelSelector"))
            same = {key: pod.labels[key] for key in constraint.get("matchLabelKeys") or () if key in pod.labels}
            if same:
                selector = Selector([*match_labels(same).requirements, *selector.requirements])
            found.append(Constraint(constraint["topologyKey"], constraint["maxSkew"], selector, constraint.get("minDomains", 1),
                                    constraint.get("nodeAffinityPolicy", "Honor") == "Honor",
                                    constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"))
    return found


def _add_raw(raw: dict[tuple | None, float], index: int, constraint: Constraint, scores: dict[tuple | None, Count]) -> None:
    """Adds what one constraint holds against each key: the pods in its domain, weighed by the number of domains."""
    totals: dict[object, int] = {}
    nodes = 0
    for key, count in scores.items():
        if key is not None and count.fitting:
            totals.setdefault(key[index][0], 0)
            nodes += count.fitting
    hostname = constraint.topology_key == HOSTNAME  # each node a domain of its own
    if not hostname:
        for key, count in scores.items():
            if key is not None and key[index][0] in totals:
                totals[key[index][0]] += key[index][1] * count.all
    weight = log((nodes if hostname else len(totals)) + 2)
    for key in scores:
        domain, pods = key[index] if key is not None else (None, 0)
        if domain:
            raw[key] += (pods if hostname else totals.get(domain, 0)) * weight + constraint.max_skew - 1
