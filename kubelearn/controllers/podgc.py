"""The pod garbage collector: deletes pods that no kubelet will ever finish.

Law: pods of a node that is gone go 60 to 80 seconds after it, as Failed; so do pods that end without ever having had a node,
and those that end on a node out of service. It looks every 20 seconds.
Leaves out: the limit of 12,500 ended pods. Upstream: pkg/controller/podgc.
"""
from __future__ import annotations

from kubelearn.api.meta import condition_is, is_deleting, name_of, namespace_of, set_condition
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_terminal
from kubelearn.errors import ignoring

PERIOD, QUARANTINE = 20.0, 40.0  # seconds: between looks; that a node must be missing, from one look to another
NO_NODE = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC", "message": "PodGC: node no longer exists"}
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def next_look(now: float) -> float:
    return (now // PERIOD + 1) * PERIOD


def must_go(pod: dict, node: dict | None) -> str:
    """Why a pod must be removed at the next look; '' where its kubelet, or the quarantine, sees to it."""
    if is_deleting(pod) and not pod["spec"].get("nodeName"):
        return "it ends and never had a node"
    out = node and any(taint["key"] == OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
    return "it ends on a node that is out of service" if is_deleting(pod) and out and not condition_is(node, "Ready") else ""


class PodGCController(Controller):
    """Its keys are names of nodes, '' for pods without one."""

    name, kind = "pod-garbage-collector", "Node"
    watches = {"Pod": lambda self, pod: self.of_pod(pod)}

    def __init__(self, client):
        super().__init__(client)
        self.missing: dict[str, float] = {}  # node -> the look at which it was first missed

    def of_pod(self, pod: dict) -> list[str]:
        """None at once: it looks every so often."""
        node = pod["spec"].get("nodeName", "")
        if is_deleting(pod) and not node or node and node not in self.informer("Node").items:
            self.queue.add_after(node, next_look(self.clock.now) - self.clock.now)
        return []

    def sync(self, node: dict) -> None:
        self.missing.pop(name_of(node), None)
        for pod in self.informer("Pod").by_node(name_of(node)):
            if why := must_go(pod, node):
                self._remove(pod, why)

    def deleted(self, key: str) -> None:
        pods, now = self.informer("Pod").by_node(key), self.clock.now
        if not key:
            for pod in pods:
                if why := must_go(pod, None):
                    self._remove(pod, why)
            return
        if not pods:
            self.missing.pop(key, None)
            return
        first = self.missing.setdefault(key, next_look(now) if now % PERIOD else now)
        due = first + QUARANTINE + PERIOD
        if now < due - 1e-6:
            self.queue.add_after(key, due - now)
            return
        for pod in pods:
            self._remove(pod, f"node {key} has been gone for more than {QUARANTINE:.0f} seconds", NO_NODE)

    def _remove(self, pod: dict, because: str, condition: dict | None = None) -> None:
        with ignoring("NotFound"):
            if not is_terminal(pod):
                conditions = pod["status"].get("conditions", [])
                conditions = set_condition(conditions, condition, self.clock.timestamp()) if condition else conditions
                status = {**pod["status"], "phase": "Failed", "conditions": conditions}
                self.patch(pod, {"status": status}, because, subresource="status")
            self.client.delete("Pod", name_of(pod), namespace_of(pod), because, grace=0)
