"""Preemption, carried out: the victims are told and deleted, the node is kept for the pod that needs it.

Part of Kubernetes: kube-scheduler framework/preemption/executor.go. Whom to take was decided by the DefaultPreemption plugin.
"""
from __future__ import annotations

from kubelearn.api.meta import name_of, set_condition, uid_of
from kubelearn.errors import ApiError
from kubelearn.scheduler.plugins.defaultpreemption import Preemption
from kubelearn.scheduler.pods import PodInfo


def preempt(scheduler, pod: PodInfo, preemption: Preemption) -> None:
    """Ends the victims; pods of lower priority for which room was being made there look for another place."""
    for victim in preemption.victims:
        if not victim.ending:
            _end(scheduler, victim, pod, preemption.node)
    for other in list(scheduler.snapshot.nominated.get(preemption.node, {}).values()):
        if other.priority < pod.priority:
            scheduler.snapshot.forget_nomination(other.key)
            _clear_nomination(scheduler.client, other)
    scheduler.snapshot.forget_nomination(pod.key)
    scheduler.snapshot.nominate(pod, preemption.node)


def _end(scheduler, victim: PodInfo, pod: PodInfo, node: str) -> None:
    client = scheduler.client
    because = f"{pod.name} has priority {pod.priority}, {victim.name} {victim.priority}, and {node} has no room for both"
    try:
        current = client.get("Pod", victim.name, victim.namespace)
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "lastProbeTime": None,
                     "message": f"{scheduler.name}: preempting to accommodate a higher priority pod",
                     "observedGeneration": current["metadata"].get("generation", 1)}
        conditions = set_condition(current["status"].get("conditions") or [], condition, scheduler.clock.timestamp())
        client.update_status({**current, "status": {**current["status"], "conditions": conditions}}, because)
        client.delete("Pod", victim.name, victim.namespace, because)
    except ApiError as error:
        if error.reason != "NotFound":
            raise
        return
    client.event(current, "Normal", "Preempted", f"Preempted by pod {uid_of(pod.pod)} on node {node}", action="Preempting")


def _clear_nomination(client, pod: PodInfo) -> None:
    try:
        current = client.get("Pod", name_of(pod.pod), pod.namespace)
    except ApiError:
        return
    status = {key: value for key, value in current["status"].items() if key != "nominatedNodeName"}
    client.update_status({**current, "status": status}, because="a pod of higher priority takes the place that was kept for it")
