"""The DaemonSet controller: one pod on every node that allows it.

Law: from any state each node that fits the template (node name, selector, affinity, taints) has exactly one pod of the
newest revision, replaced at most maxUnavailable at a time, or with maxSurge beside the old one.
Leaves out: bursts of 250 pods, back-off between deletions of failed pods. Upstream: pkg/controller/daemon.
"""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from kubelearn.api.meta import annotations_of, is_deleting, key_of, labels_of, name_of
from kubelearn.api.nodeselector import required
from kubelearn.api.taints import taints, tolerated
from kubelearn.controllers.history import RevisionController
from kubelearn.controllers.pods import is_ready, is_terminal, phase
from kubelearn.controllers.replicaset import pod_from_template
from kubelearn.controllers.rollout import resolve

HASH_LABEL, GENERATION_LABEL = "controller-revision-hash", "pod-template-generation"
GENERATION = "deprecated.daemonset.template.generation"
NODE = "node.kubernetes.io/"
TOLERATIONS = [  # what every daemon pod tolerates
    *({"key": NODE + key, "operator": "Exists", "effect": "NoExecute"} for key in ("not-ready", "unreachable")),
    *({"key": NODE + key, "operator": "Exists", "effect": "NoSchedule"}
      for key in ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")),
]
HOST_NETWORK = {"key": NODE + "network-unavailable", "operator": "Exists", "effect": "NoSchedule"}
PODS_ENDED = {"Failed": ("Warning", "FailedDaemonPod", "Found failed daemon pod {} on node {}, will try to kill it"),
              "Succeeded": ("Normal", "SucceededDaemonPod", "Found succeeded daemon pod {} on node {}, will try to delete it")}


class Place(NamedTuple):
    """A DaemonSet's view of one node."""

    node: str
    wanted: bool      # a pod should run here
    allowed: bool     # a pod that runs here may stay
    old: list[dict]   # its living pods of earlier revisions, oldest first
    new: list[dict]   # of the newest
    ended: list[dict]
    leaving: list[dict]


def daemon_tolerations(spec: dict) -> list[dict]:
    """The template's tolerations, and those that every daemon pod has."""
    own = list(spec.get("tolerations") or ())
    extra = TOLERATIONS + ([HOST_NETWORK] if spec.get("hostNetwork") else [])
    return [t for t in own if not any(same_toleration(t, e) for e in extra)] + extra


def same_toleration(a: dict, b: dict) -> bool:
    parts = {"key": "", "effect": "", "value": "", "operator": "Equal"}
    return all(a.get(key, default) == b.get(key, default) for key, default in parts.items())


def fits(spec: dict, tolerations: list[dict], node: dict) -> tuple[bool, bool]:
    """(a pod should run on this node, one that runs there may stay)"""
    matches = required(spec)
    if spec.get("nodeName", name_of(node)) != name_of(node) or matches is not None and not matches(name_of(node), labels_of(node)):
        return False, False
    in_the_way = [taint for taint in taints(node, "NoSchedule", "NoExecute") if not tolerated(taint, tolerations)]
    return not in_the_way, all(taint["effect"] != "NoExecute" for taint in in_the_way)


def target_node(pod: dict) -> str:
    """The node that a daemon pod is on, or is meant for by its affinity."""
    if pod["spec"].get("nodeName"):
        return pod["spec"]["nodeName"]
    affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
    fields = [field for term in affinity.get("nodeSelectorTerms", ()) for field in term.get("matchFields", ())]
    return next((field["values"][0] for field in fields if field["key"] == "metadata.name"), "")


def pinned(spec: dict, node: str) -> dict:
    """The pod spec with the affinity that binds it to one node; the scheduler does the rest."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = spec.get("affinity") or {}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {**spec, "affinity": {**affinity, "nodeAffinity": {**(affinity.get("nodeAffinity") or {}), **required}}}


def is_updated(pod: dict, revision: str, generation: str | None) -> bool:
    labels = labels_of(pod)
    return labels.get(HASH_LABEL) == revision or generation is not None and labels.get(GENERATION_LABEL) == generation


def places(daemon_set: dict, nodes: Iterable[dict], pods: Iterable[dict], revision: str) -> list[Place]:
    """Every node, and every node that is gone but has pods, with its daemon pods."""
    by_node: dict[str, list[dict]] = {}
    for pod in pods:
        by_node.setdefault(target_node(pod), []).append(pod)
    spec = daemon_set["spec"]["template"]["spec"]
    tolerations, generation = daemon_tolerations(spec), annotations_of(daemon_set).get(GENERATION)
    found = [place(name_of(node), fits(spec, tolerations, node), by_node.pop(name_of(node), []), revision, generation) for node in nodes]
    for node, left in by_node.items():  # nodes that are gone: podgc takes what ran there, nobody else what was meant to
        found.append(place(node, (False, bool(left[0]["spec"].get("nodeName"))), left, revision, generation))
    return found


def age(pod: dict) -> tuple:
    """Sorts placed pods before others, then by age."""
    return not pod["spec"].get("nodeName"), pod["metadata"]["creationTimestamp"], name_of(pod)


def place(node: str, fit: tuple[bool, bool], pods: list[dict], revision: str, generation: str | None) -> Place:
    pods = sorted(pods, key=age)
    leaving = [p for p in pods if is_deleting(p)]
    ended = [p for p in pods if is_terminal(p) and not is_deleting(p)]
    alive = [p for p in pods if not is_terminal(p) and not is_deleting(p)]
    new = [p for p in alive if is_updated(p, revision, generation)]
    return Place(node, *fit, [p for p in alive if p not in new], new, ended, leaving)


def missing(place: Place) -> bool:
    """Nothing runs here and nothing is on its way out. (With maxSurge a pod that leaves is not waited for.)"""
    return place.wanted and not (place.old or place.new or place.ended or place.leaving)


def out_of_place(place: Place, surge: bool) -> list[dict]:
    """Pods to delete whatever the rollout does: where none may be, those that ended, and doubles (the oldest stays)."""
    alive = sorted(place.old + place.new, key=age)
    if not place.allowed:
        return place.ended + alive
    return place.ended + (place.old[1:] + place.new[1:] if surge else alive[1:])


def replaceable(found: list[Place], max_unavailable: int, available: set[str]) -> list[dict]:
    """Old pods that a rollout may delete now: all that are not available, and so many others that maxUnavailable is kept."""
    broken, candidates, unavailable = [], [], 0
    for place in (p for p in found if p.old or p.new or p.leaving or p.ended):
        if place.new and not place.old:
            unavailable += name_of(place.new[0]) not in available
        elif place.old and not place.new and name_of(place.old[0]) in available:
            candidates.append(place.old[0])
        else:
            unavailable += 1
            broken += place.old if not place.new else []
    return broken + candidates[:max(max_unavailable - unavailable, 0)]


def surge_steps(found: list[Place], max_surge: int, available: set[str]) -> tuple[list[str], list[dict]]:
    """With maxSurge: nodes that get a new pod beside the old one, and old pods whose successor is available."""
    done = [p.old[0] for p in found if p.old and p.new and name_of(p.new[0]) in available]
    surging = sum(bool(p.old and p.new) and name_of(p.new[0]) not in available for p in found)
    waiting = [p for p in found if p.wanted and p.old and not p.new]
    broken = [p.node for p in waiting if name_of(p.old[0]) not in available]
    healthy = [p.node for p in waiting if p.node not in broken]
    return broken + healthy[:max(max_surge - surging, 0)], done


def counts(found: list[Place], available: set[str]) -> dict:
    """The figures of a DaemonSet's status; of several pods on one node the oldest counts."""
    wanted = sum(place.wanted for place in found)
    oldest = [(p, min(pods, key=age)) for p in found if p.wanted and (pods := p.old + p.new + p.leaving + p.ended)]
    ready = [pod for _, pod in oldest if is_ready(pod)]
    up = sum(name_of(pod) in available for pod in ready)
    misplaced = sum(bool(p.old or p.new or p.leaving or p.ended) for p in found if not p.wanted)
    status = {"currentNumberScheduled": len(oldest), "numberMisscheduled": misplaced, "desiredNumberScheduled": wanted,
              "numberReady": len(ready)}
    optional = {"updatedNumberScheduled": sum(pod in p.new for p, pod in oldest), "numberAvailable": up, "numberUnavailable": wanted - up}
    return status | {key: value for key, value in optional.items() if value}


class DaemonSetController(RevisionController):
    name, kind, owns, hash_label = "daemonset-controller", "DaemonSet", ("Pod", "ControllerRevision"), HASH_LABEL

    watches = {"Node": lambda self, node: self.concerned(node)}
    parts = {"Node": lambda node: (labels_of(node), node["spec"].get("taints"))}

    def concerned(self, node: dict) -> list[str]:
        """A node that only stops being wanted, while its pod may stay, is counted at the next sync. Upstream: syncNodeUpdate."""
        return [key for key, daemon_set in self.informer("DaemonSet").items.items() if self._is_news(daemon_set, node)]

    def _is_news(self, daemon_set: dict, node: dict) -> bool:
        spec = daemon_set["spec"]["template"]["spec"]
        wanted, allowed = fits(spec, daemon_tolerations(spec), node)
        placed = any(target_node(pod) == name_of(node) for pod in self.owned(daemon_set, "Pod"))
        return not allowed or daemon_set["status"].get("numberMisscheduled", 0) > 0 if placed else wanted

    def sync(self, daemon_set: dict) -> None:
        if is_deleting(daemon_set):
            return
        revision, collisions = self.current_revision(daemon_set)
        text, pods = labels_of(revision)[HASH_LABEL], self.claim(daemon_set, "Pod")
        found = places(daemon_set, self.informer("Node").list(), [p for p in pods if not (is_terminal(p) and is_deleting(p))], text)
        available = self.available(daemon_set, pods)
        self._manage(daemon_set, found, text)
        if daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate" and not any(map(missing, found)):
            self._roll(daemon_set, found, available, text)
        in_use = [f"{name_of(daemon_set)}-{labels_of(pod).get(HASH_LABEL)}" for pod in pods]
        self.truncate_history(daemon_set, [name_of(revision), *in_use])
        status = counts(found, available) | {"observedGeneration": daemon_set["metadata"]["generation"]}
        status |= {"collisionCount": collisions} if collisions else {}
        because = f"{status['desiredNumberScheduled']} nodes should have a pod, {status['numberReady']} are ready"
        self.update_status(daemon_set, status, because)

    def _manage(self, daemon_set: dict, found: list[Place], revision: str) -> None:
        surge = bool(self._limit(daemon_set, found, "maxSurge"))
        for place in found:
            for pod in out_of_place(place, surge):
                self._remove_pod(daemon_set, pod, place)
            if missing(place) or surge and place.wanted and not (place.old or place.new):
                self._make_pod(daemon_set, place.node, revision, because=f"node {place.node} should have one pod, found none")

    def _roll(self, daemon_set: dict, found: list[Place], available: set[str], revision: str) -> None:
        surge = self._limit(daemon_set, found, "maxSurge")
        if surge:
            nodes, old = surge_steps(found, surge, available)
            for node in nodes:
                self._make_pod(daemon_set, node, revision, because=f"a new revision; maxSurge allows {surge} more")
        else:
            limit = self._limit(daemon_set, found, "maxUnavailable")
            old = replaceable(found, limit, available)
        for pod in old:
            because = "a newer one is available" if surge else f"a new revision; {limit} may be unavailable"
            self.delete_pod(daemon_set, pod, because)

    def _limit(self, daemon_set: dict, found: list[Place], field: str) -> int:
        rolling = daemon_set["spec"]["updateStrategy"].get("rollingUpdate") or {}
        return resolve(rolling.get(field, 0), sum(place.wanted for place in found), math.ceil)

    def _make_pod(self, daemon_set: dict, node: str, revision: str, because: str) -> None:
        template = daemon_set["spec"]["template"]
        pod = pod_from_template(daemon_set)
        labels = {**labels_of(pod), HASH_LABEL: revision}
        generation = annotations_of(daemon_set).get(GENERATION)
        labels |= {GENERATION_LABEL: generation} if generation else {}
        spec = {**pinned(template["spec"], node), "tolerations": daemon_tolerations(template["spec"])}
        self.create_pod(daemon_set, {**pod, "metadata": {**pod["metadata"], "labels": labels}, "spec": spec}, because)

    def _remove_pod(self, daemon_set: dict, pod: dict, place: Place) -> None:
        ended = PODS_ENDED.get(phase(pod)) if place.allowed else None
        if ended:
            self.event(daemon_set, *ended[:2], ended[2].format(key_of(pod), place.node))
        why = f"it has {phase(pod).lower()}" if ended else "one pod a node" if place.allowed else "no pod may run there"
        self.delete_pod(daemon_set, pod, why)
