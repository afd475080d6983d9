"""The ReplicaSet controller: keeps as many pods running as a ReplicaSet asks for.

Part of Kubernetes: pkg/controller/replicaset. Law: from any state, the active pods that it owns converge to spec.replicas.
Leaves out: slow-start batches (a failed creation ends the pass instead).
"""
from __future__ import annotations

from kubelearn.api import meta
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import available_at, is_active, is_ready
from kubelearn.errors import ApiError


class ReplicaSetController(Controller):
    name, kind, owns = "replicaset-controller", "ReplicaSet", ("Pod",)

    def sync(self, replica_set: dict) -> None:
        """One pass from what is to what should be; called again after any change, and after any error."""
        pods = self.claim(replica_set, "Pod")
        active = [pod for pod in pods if is_active(pod)]
        failure = None if meta.is_deleting(replica_set) else self.manage(replica_set, active)
        terminating = [pod for pod in pods if meta.is_deleting(pod) and not pod["status"].get("phase") in ("Succeeded", "Failed")]
        self.update_status(replica_set, self.status(replica_set, active, len(terminating), failure))
        if failure:
            raise failure

    def manage(self, replica_set: dict, pods: list[dict]) -> ApiError | None:
        """Creates what is missing, or deletes what is too much; returns what stopped it."""
        wanted, found = replica_set["spec"]["replicas"], len(pods)
        because = f"{wanted} wanted, {found} found"
        try:
            for _ in range(wanted - found):
                pod = self.create(pod_from_template(replica_set), replica_set, because)
                self.event(replica_set, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        except ApiError as error:
            self.event(replica_set, "Warning", "FailedCreate", f"Error creating: {error}")
            return error
        for pod in self.surplus(replica_set, pods)[:max(found - wanted, 0)]:
            self.delete(pod, because)
            self.event(replica_set, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return None

    def surplus(self, replica_set: dict, pods: list[dict]) -> list[dict]:
        """The pods in the order in which they would go."""
        if len(pods) <= replica_set["spec"]["replicas"]:
            return []
        crowd: dict[str, int] = {}  # how many pods of the same owner's ReplicaSets each node has
        for pod in self.related(replica_set):
            node = pod["spec"].get("nodeName", "")
            crowd[node] = crowd.get(node, 0) + 1
        return sorted(pods, key=lambda pod: deletion_rank(pod, crowd))

    def related(self, replica_set: dict) -> list[dict]:
        owner = meta.owner_of(replica_set)
        siblings = self.informer(self.kind).by_owner(owner["uid"]) if owner else [replica_set]
        return [pod for sibling in siblings for pod in self.owned(sibling, "Pod") if is_active(pod)]

    def status(self, replica_set: dict, pods: list[dict], terminating: int, failure: ApiError | None) -> dict:
        """What is seen of the pods; comes back when a ready pod will count as available."""
        seconds = replica_set["spec"].get("minReadySeconds", 0)
        labels = (replica_set["spec"]["template"]["metadata"].get("labels") or {}).items()
        times = [available_at(pod, seconds) for pod in pods]
        later = [at for at in times if at is not None and at > self.clock.now]
        if later:
            self.queue.add_after(meta.key_of(replica_set), min(later) - self.clock.now)
        counts = {"fullyLabeledReplicas": sum(labels <= (pod["metadata"].get("labels") or {}).items() for pod in pods),
                  "readyReplicas": sum(map(is_ready, pods)), "availableReplicas": sum(at is not None for at in times) - len(later)}
        status = {"replicas": len(pods), **{key: count for key, count in counts.items() if count}, "terminatingReplicas": terminating,
                  "observedGeneration": replica_set["metadata"]["generation"]}
        conditions = self.conditions(replica_set, failure)
        return status | ({"conditions": conditions} if conditions else {})

    def conditions(self, replica_set: dict, failure: ApiError | None) -> list[dict]:
        old = replica_set["status"].get("conditions", [])
        if failure is None:
            return [condition for condition in old if condition["type"] != "ReplicaFailure"]
        condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": str(failure)}
        return old if meta.condition(replica_set, "ReplicaFailure") else meta.set_condition(old, condition, self.clock.timestamp())


def pod_from_template(owner: dict) -> dict:
    """A pod of the owner's template; its spec is the template's own dict, shared by all (law 3)."""
    template, name = owner["spec"]["template"], owner["metadata"]["name"]
    given = template.get("metadata") or {}
    metadata = {key: given[key] for key in ("labels", "annotations", "finalizers") if given.get(key)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": f"{name}-", **metadata}, "spec": template["spec"]}


def deletion_rank(pod: dict, crowd: dict[str, int]) -> tuple:
    """Sorts first what goes first: unplaced, pending, not ready, cheap to delete, on a crowded node, newly ready, often restarted, young.

    Upstream: ActivePodsWithRanks in pkg/controller/controller_utils.go.
    """
    status, node = pod["status"], pod["spec"].get("nodeName", "")
    ready = meta.condition(pod, "Ready") if is_ready(pod) else None
    cost = int(meta.annotations_of(pod).get("controller.kubernetes.io/pod-deletion-cost", 0))
    restarts = max((c.get("restartCount", 0) for c in status.get("containerStatuses", ())), default=0)
    return (bool(node), ("Pending", "Unknown", "Running").index(status.get("phase", "Pending")), ready is not None, cost, -crowd.get(node, 0),
            _newest_first(ready["lastTransitionTime"]) if ready else (), -restarts, _newest_first(pod["metadata"]["creationTimestamp"]))


def _newest_first(timestamp: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in timestamp)
