"""The horizontal pod autoscaler: as many replicas as the pods' use of CPU or memory calls for.

Law: replicas are always between minReplicas and maxReplicas; within, the use a pod comes to the target (a tenth aside), up at
once and down only to the most that was called for in the last five minutes; without metrics it says so and does nothing.
Leaves out: metrics of pods, objects and other systems, spec.behavior, custom resources. Upstream: pkg/controller/podautoscaler.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from kubelearn.api import quantity
from kubelearn.api.meta import key_of, name_of, namespace_of, set_condition
from kubelearn.api.selectors import label_selector
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_active, is_ready
from kubelearn.errors import ApiError, no_such_path

PERIOD, TOLERANCE, STABILIZATION = 15.0, 0.1, 300.0  # seconds, part, seconds
NO_CUSTOM_API = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
NO_API = "the server could not find the requested resource (get pods.metrics.k8s.io)"
CONDITIONS = {  # reason: type, status, message
    "SucceededGetScale": ("AbleToScale", "True", "the HPA controller was able to get the target's current scale"),
    "FailedGetScale": ("AbleToScale", "False", "the HPA controller was unable to get the target's current scale: {}"),
    "SucceededRescale": ("AbleToScale", "True", "the HPA controller was able to update the target scale to {}"),
    "ReadyForNewScale": ("AbleToScale", "True", "recommended size matches current size"),
    "ScaleDownStabilized": ("AbleToScale", "True",
                            "recent recommendations were higher than current one, applying the highest recent recommendation"),
    "ScalingDisabled": ("ScalingActive", "False", "scaling is disabled since the replica count of the target is zero"),
    "ValidMetricFound": ("ScalingActive", "True", "the HPA was able to successfully calculate a replica count from {}"),
    "FailedGetResourceMetric": ("ScalingActive", "False", "the HPA was unable to compute the replica count: {}"),
    "NotScaledToZero": ("ScaledToZero", "False", "the HPA controller did not scale the workload to zero"),
    "DesiredWithinRange": ("ScalingLimited", "False", "the desired count is within the acceptable range"),
    "TooFewReplicas": ("ScalingLimited", "True", "the desired replica count is less than the minimum replica count"),
    "TooManyReplicas": ("ScalingLimited", "True", "the desired replica count is more than the maximum replica count"),
    "ScaleUpLimit": ("ScalingLimited", "True", "the desired replica count is increasing faster than the maximum scale rate"),
}


class Proposal(NamedTuple):
    """What one metric calls for."""

    replicas: int
    reason: str    # 'cpu resource utilization (percentage of request)'
    current: dict  # for status.currentMetrics


class NoMetric(Exception):
    """In upstream's words why a metric says nothing."""


def within_limits(current: int, wanted: int, lowest: int, highest: int) -> tuple[int, str]:
    """The replicas allowed, and the reason of the condition ScalingLimited."""
    fastest = max(2 * current, 4)
    if wanted < lowest:
        return lowest, "TooFewReplicas"
    if wanted > min(highest, fastest):
        return min(highest, fastest), "TooManyReplicas" if highest <= fastest else "ScaleUpLimit"
    return wanted, "DesiredWithinRange"


def proposed(current: int, ratio: float, measured: int) -> int:
    """Replicas for a use that is ratio times the target, measured on so many pods."""
    return current if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * measured - 1e-9)


class HorizontalPodAutoscalerController(Controller):
    """metrics(pod, resource) tells how much a pod uses now, in CPUs or bytes; None where it does not know."""

    name, kind = "horizontal-pod-autoscaler", "HorizontalPodAutoscaler"
    parts = {"HorizontalPodAutoscaler": lambda autoscaler: autoscaler["spec"]}  # a new status is its own, and no reason to look again
    metrics: Callable[[dict, str], float | None] | None = None

    def __init__(self, client):
        super().__init__(client)
        self.recommended: dict[str, list[tuple[float, int]]] = {}

    def deleted(self, key: str) -> None:
        self.recommended.pop(key, None)

    def sync(self, autoscaler: dict) -> None:
        self.queue.add_after(key_of(autoscaler), PERIOD)
        target, spec = self._target(autoscaler), autoscaler["spec"]
        if target is None:
            return
        current = target["spec"].get("replicas", 1)
        lowest, highest = spec.get("minReplicas", 1), spec["maxReplicas"]
        conditions = self._with(autoscaler["status"].get("conditions", []), "SucceededGetScale")
        status = {**autoscaler["status"], "currentReplicas": current, "observedGeneration": autoscaler["metadata"]["generation"]}
        if current > highest:
            wanted, reason = highest, "Current number of replicas above Spec.MaxReplicas"
        elif 0 < current < lowest:
            wanted, reason = lowest, "Current number of replicas below Spec.MinReplicas"
        elif current == 0:
            conditions = self._with(conditions, "ScalingDisabled")
            wanted, reason = 0, ""
        else:
            conditions, metrics, wanted, reason = self._by_metrics(autoscaler, target, conditions)
            status["currentMetrics"] = metrics or [{"type": ""} for _ in spec.get("metrics") or ()]
            if not metrics:  # nothing is known: what was wanted before stands
                self.update_status(autoscaler, {**status, "conditions": conditions}, because="no metrics")
                return
        if wanted != current:
            conditions = self._rescale(autoscaler, target, wanted, reason, conditions)
            status["lastScaleTime"] = self.clock.timestamp()
        status |= {"desiredReplicas": wanted, "conditions": conditions}
        self.update_status(autoscaler, status, because=reason or f"{current} replicas are right")

    def _target(self, autoscaler: dict) -> dict | None:
        """The object that is scaled; where there is none, that is said."""
        reference = autoscaler["spec"]["scaleTargetRef"]
        try:
            if "scale" not in self.client.resource(reference["kind"]).subresources:
                raise no_such_path()
            return self.client.get(reference["kind"], reference["name"], namespace_of(autoscaler))
        except ApiError as error:
            self.event(autoscaler, "Warning", "FailedGetScale", str(error))
            conditions = self._with(autoscaler["status"].get("conditions", []), "FailedGetScale", error)
            self.update_status(autoscaler, {**autoscaler["status"], "conditions": conditions}, because=str(error))
            return None

    def _rescale(self, autoscaler: dict, target: dict, wanted: int, reason: str, conditions: list[dict]) -> list[dict]:
        scale = {"spec": {"replicas": wanted}}
        self.client.patch(target["kind"], name_of(target), namespace_of(target), scale, subresource="scale", because=reason)
        self.event(autoscaler, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        return self._with(self._with(conditions, "SucceededRescale", wanted), "NotScaledToZero")

    # --- metrics ----------------------------------------------------------------------------------------------------

    def _by_metrics(self, autoscaler: dict, target: dict, conditions: list[dict]) -> tuple[list[dict], list[dict], int, str]:
        """Conditions, current metrics, the replicas called for, and by what."""
        current, spec = target["spec"].get("replicas", 1), autoscaler["spec"]
        proposals, failures = [], []
        for metric in spec.get("metrics") or ():
            try:
                proposals.append(self._propose(target, metric))
            except NoMetric as error:
                failures.append(str(error))
                self.event(autoscaler, "Warning", f"FailedGet{metric['type']}Metric", str(error))
        best = max(proposals, key=lambda p: p.replicas, default=None)
        if best is None or failures and best.replicas < current:
            return self._failed(autoscaler, conditions, failures), [], current, ""
        conditions = self._with(conditions, "ValidMetricFound", best.reason)
        steady = self._stabilized(key_of(autoscaler), best.replicas)
        conditions = self._with(conditions, "ReadyForNewScale" if steady == best.replicas else "ScaleDownStabilized")
        wanted, why = within_limits(current, steady, spec.get("minReplicas", 1), spec["maxReplicas"])
        conditions = self._with(conditions, why)
        reason = "" if wanted == current else f"{best.reason} above target" if wanted > current else "All metrics below target"
        return conditions, [p.current for p in proposals], wanted, reason

    def _failed(self, autoscaler: dict, conditions: list[dict], failures: list[str]) -> list[dict]:
        first = failures[0] if failures else "no metrics"
        metric = (autoscaler["spec"].get("metrics") or [{}])[0].get("resource", {}).get("name", "")
        self.event(autoscaler, "Warning", "FailedComputeMetricsReplicas",
                   f"invalid metrics ({len(failures)} invalid out of {len(autoscaler['spec'].get('metrics', ()))}), first error is: "
                   f"failed to get {metric} resource metric value: {first}")
        return self._with(conditions, "FailedGetResourceMetric", first)

    def _propose(self, target: dict, metric: dict) -> Proposal:
        if metric["type"] == "Pods":
            raise NoMetric(f"unable to get metric {metric['pods']['metric']['name']}: {NO_CUSTOM_API}")
        if metric["type"] != "Resource":
            raise NoMetric(f"unable to get metric of type {metric['type']}: {NO_API}")
        resource, goal = metric["resource"]["name"], metric["resource"]["target"]
        by_use, current = goal["type"] == "Utilization", target["spec"].get("replicas", 1)
        selector = label_selector(target["spec"].get("selector"))
        pods = [p for p in self.informer("Pod").list(namespace_of(target), selector) if is_active(p) and is_ready(p)]
        used = {name_of(pod): self.metrics(pod, resource) for pod in pods} if self.metrics else {}
        used = {name: amount for name, amount in used.items() if amount is not None}
        if not used:
            what = f"failed to get {resource} utilization: " if by_use else ""
            raise NoMetric(f"{what}unable to get metrics for resource {resource}: "
                           f"unable to fetch metrics from resource metrics API: {NO_API}")
        total = sum(used.values())
        shown = {"averageValue": average_text(total / len(used), resource)}
        if not by_use:
            ratio = total / len(used) / float(quantity.parse(goal["averageValue"]))
            return Proposal(proposed(current, ratio, len(used)), f"{resource} resource", resource_metric(resource, shown))
        asked = sum(request_of(pod, resource) for pod in pods if name_of(pod) in used)
        percent = int(100 * total / asked)
        shown = resource_metric(resource, {"averageUtilization": percent, **shown})
        return Proposal(proposed(current, percent / goal["averageUtilization"], len(used)),
                        f"{resource} resource utilization (percentage of request)", shown)

    def _stabilized(self, key: str, replicas: int) -> int:
        """The most that was called for within the window."""
        now = self.clock.now
        recent = [(at, count) for at, count in self.recommended.get(key, ()) if at >= now - STABILIZATION] + [(now, replicas)]
        self.recommended[key] = recent
        return max(count for _, count in recent)

    def _with(self, conditions: list[dict], reason: str, *known: object) -> list[dict]:
        kind, status, message = CONDITIONS[reason]
        verdict = {"type": kind, "status": status, "reason": reason, "message": message.format(*known)}
        return set_condition(conditions, verdict, self.clock.timestamp())


def average_text(amount: float, resource: str) -> str:
    """0.25 CPUs as 250m, bytes as they are."""
    return f"{math.ceil(amount * 1000)}m" if resource == "cpu" else str(math.ceil(amount))


def resource_metric(resource: str, current: dict) -> dict:
    return {"type": "Resource", "resource": {"name": resource, "current": current}}


def request_of(pod: dict, resource: str) -> float:
    """What a pod's containers ask for, in CPUs or bytes."""
    total = 0.0
    for container in pod["spec"]["containers"]:
        asked = container.get("resources", {}).get("requests", {}).get(resource)
        if asked is None:
            raise NoMetric(f"failed to get {resource} utilization: missing request for {resource} "
                           f"in container {container['name']} of Pod {name_of(pod)}")
        total += float(quantity.parse(asked))
    return total
