"""The disruption controller: how many pods of each PodDisruptionBudget may be evicted now.

Law: disruptionsAllowed is the healthy pods beyond those that must stay; pods whose eviction was allowed are not healthy any more.
Leaves out: custom resources as owners, the clearing of DisruptionTarget from pods that stayed. Upstream: pkg/controller/disruption.
"""
from __future__ import annotations

import math

from kubelearn.api.meta import condition, is_deleting, key_of, labels_of, name_of, namespace_of, owner_of, set_condition
from kubelearn.api.selectors import go_text, label_selector
from kubelearn.clock import parse_time
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_ready
from kubelearn.controllers.rollout import resolve
from kubelearn.controllers.selected import Selected

DELETION_TIMEOUT = 120.0  # seconds in which an evicted pod is believed to end


UNMANAGED = ("Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB "
             "cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set "
             '".spec.minAvailable" field of the PDB to an integer value.')


def still_disrupted(budget: dict, pods: list[dict], now: float) -> dict[str, str]:
    """Of status.disruptedPods those that have not been deleted yet and still may be: name -> when their eviction was allowed."""
    there = {name_of(pod) for pod in pods if not is_deleting(pod)}
    noted = budget["status"].get("disruptedPods", {})
    return {name: at for name, at in noted.items() if name in there and parse_time(at) + DELETION_TIMEOUT >= now}


def healthy(pods: list[dict], disrupted: dict[str, str]) -> int:
    return sum(is_ready(pod) and not is_deleting(pod) and name_of(pod) not in disrupted for pod in pods)


def needs_scale(budget: dict) -> bool:
    """Whether the budget speaks of a part of what the pods' owners ask for, and not of a number of pods."""
    spec = budget["spec"]
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def desired(budget: dict, expected: int) -> int:
    """How many of the expected pods must stay healthy."""
    spec = budget["spec"]
    if spec.get("maxUnavailable") is not None:
        return max(expected - resolve(spec["maxUnavailable"], expected, math.ceil), 0)
    return resolve(spec.get("minAvailable", 0), expected, math.ceil)


def status_of(budget: dict, current: int, wanted: int, expected: int, disrupted: dict[str, str], now: str) -> dict:
    allowed = max(current - wanted, 0) if expected > 0 else 0
    generation = budget["metadata"].get("generation", 1)
    verdict = {"type": "DisruptionAllowed", "status": "True" if allowed else "False", "observedGeneration": generation,
               "reason": "SufficientPods" if allowed else "InsufficientPods", "message": ""}
    status = {"currentHealthy": current, "desiredHealthy": wanted, "expectedPods": expected, "disruptionsAllowed": allowed,
              "observedGeneration": generation, "conditions": set_condition(budget["status"].get("conditions", []), verdict, now)}
    return status | ({"disruptedPods": disrupted} if disrupted else {})


class DisruptionController(Controller):
    name, kind = "disruption-controller", "PodDisruptionBudget"
    watches, parts = {"Pod": lambda self, pod: self.of_pod(pod)}, {"Pod": lambda pod: part_in_budgets(pod)}

    def __init__(self, client):
        super().__init__(client)
        self.selected = Selected(self.informer("Pod"))

    def of_pod(self, pod: dict) -> list[str]:
        return [key_of(budget) for budget in self.informer(self.kind).list(namespace_of(pod))
                if label_selector(budget["spec"].get("selector"))(labels_of(pod))]

    def sync(self, budget: dict) -> None:
        pods, now = self.selected.pods(namespace_of(budget), label_selector(budget["spec"].get("selector"))), self.clock.now
        if not pods:
            self.event(budget, "Normal", "NoPods", "No matching pods found", component="controllermanager")
        disrupted = still_disrupted(budget, pods, now)
        if disrupted:
            self.queue.add_after(key_of(budget), min(map(parse_time, disrupted.values())) + DELETION_TIMEOUT + 1 - now)
        expected = self._expected(budget, pods) if needs_scale(budget) else len(pods)
        if expected is None:
            return
        current, wanted = healthy(pods, disrupted), desired(budget, expected)
        status = status_of(budget, current, wanted, expected, disrupted, self.clock.timestamp())
        self.update_status(budget, status, because=f"{current} of {expected} pods healthy, {wanted} must stay")

    def _expected(self, budget: dict, pods: list[dict]) -> int | None:
        """What the owners of the pods ask for, all together. None (and no disruption allowed) where one does not say."""
        scales: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            owner = self._scaled_owner(pod)
            if owner is None and owner_of(pod):
                self._fail(budget, f'found no controllers for pod "{name_of(pod)}"')
                return None
            if owner is None:
                unmanaged = True
            else:
                scales[owner["metadata"]["uid"]] = owner["spec"].get("replicas", 1)
        if unmanaged:
            self.event(budget, "Warning", "UnmanagedPods", UNMANAGED.format(go_text(budget["spec"].get("selector"))),
                       component="controllermanager")
        return sum(scales.values())

    def _scaled_owner(self, pod: dict) -> dict | None:
        """The Deployment, ReplicaSet, ReplicationController or StatefulSet that a pod comes from in the end."""
        found, reference = None, owner_of(pod)
        while reference and reference["kind"] in ("ReplicaSet", "Deployment", "StatefulSet", "ReplicationController"):
            found = self.informer(reference["kind"]).get(namespace_of(pod), reference["name"])
            reference = owner_of(found) if found else None
        return found

    def _fail(self, budget: dict, message: str) -> None:
        self.event(budget, "Warning", "CalculateExpectedPodCountFailed", f"Failed to calculate the number of expected pods: {message}")
        verdict = {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": message,
                   "observedGeneration": budget["status"].get("observedGeneration", 0)}
        conditions = set_condition(budget["status"].get("conditions", []), verdict, self.clock.timestamp())
        self.update_status(budget, {**budget["status"], "disruptionsAllowed": 0, "conditions": conditions}, because=message)


def part_in_budgets(pod: dict) -> tuple:
    """All of a pod that a budget depends on."""
    ready = condition(pod, "Ready")
    return labels_of(pod), is_deleting(pod), ready and ready["status"]
