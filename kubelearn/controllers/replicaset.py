"""The ReplicaSet controller: keeps as many pods running as a ReplicaSet asks for.

Part of Kubernetes: pkg/controller/replicaset. Law: from any state, the active pods that it owns converge to spec.replicas.
Leaves out: slow-start batches (a failed creation ends the pass instead).
"""
from __future__ import annotations

from typing import NamedTuple

from kubelearn.api import meta, selectors
from kubelearn.client import Client
from kubelearn.controllers.podcontrol import PodController
from kubelearn.controllers.pods import is_active, is_ready, is_terminal
from kubelearn.errors import ApiError


class Seen(NamedTuple):
    """All that a ReplicaSet needs to know of a pod to count it. Pods alike are counted together (Informer.tally)."""

    labels: frozenset
    active: bool
    ready: bool
    terminating: bool


def seen(pod: dict) -> Seen:
    active = is_active(pod)
    labels = frozenset((pod["metadata"].get("labels") or {}).items())
    return Seen(labels, active, active and is_ready(pod), not active and not is_terminal(pod))


class ReplicaSetController(PodController):
    name, kind, owns = "replicaset-controller", "ReplicaSet", ("Pod",)

    def __init__(self, client: Client):
        super().__init__(client)
        self.informer("Pod").tally("seen", seen)

    def sync(self, replica_set: dict) -> None:
        """One pass from what is to what should be; called again after any change, and after any error."""
        if self.claim_by_labels(replica_set):
            return
        counts = self.informer("Pod").tallied("seen", replica_set["metadata"]["uid"])
        found = sum(count for pod, count in counts.items() if pod.active)
        failure = None
        if found != replica_set["spec"]["replicas"] and not meta.is_deleting(replica_set):
            failure = self.manage(replica_set, [pod for pod in self.owned(replica_set, "Pod") if is_active(pod)])
        self.report(replica_set, counts, failure)
        if failure:
            raise failure

    def claim_by_labels(self, replica_set: dict) -> bool:
        """Adopts and releases pods where labels call for it; whether any changed hands: the watch then brings this ReplicaSet back."""
        matches = selectors.label_selector(replica_set["spec"]["selector"])
        informer, uid = self.informer("Pod"), replica_set["metadata"]["uid"]
        if any(matches(dict(pod.labels)) for pod in informer.tallied("seen", "")) or \
                not all(matches(dict(pod.labels)) for pod in informer.tallied("seen", uid)):
            before = {pod["metadata"]["uid"] for pod in self.owned(replica_set, "Pod")}
            return {pod["metadata"]["uid"] for pod in self.claim(replica_set, "Pod")} != before
        return False

    def manage(self, replica_set: dict, pods: list[dict]) -> ApiError | None:
        """Creates what is missing, or deletes what is too much; returns what stopped it."""
        wanted, found = replica_set["spec"]["replicas"], len(pods)
        because = f"{wanted} wanted, {found} found"
        try:
            for _ in range(wanted - found):
                self.create_pod(replica_set, pod_from_template(replica_set), because)
        except ApiError as error:
            return error
        for pod in self.surplus(replica_set, pods)[:max(found - wanted, 0)]:
            self.delete_pod(replica_set, pod, because)
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

    def report(self, replica_set: dict, counts: dict[Seen, int], failure: ApiError | None) -> None:
        """The status: what is seen of the pods."""
        labels = (replica_set["spec"]["template"]["metadata"].get("labels") or {}).items()
        ready = sum(count for pod, count in counts.items() if pod.ready)
        numbers = {"fullyLabeledReplicas": sum(count for pod, count in counts.items() if pod.active and labels <= pod.labels),
                   "readyReplicas": ready, "availableReplicas": self.number_available(replica_set, ready)}
        found = sum(count for pod, count in counts.items() if pod.active)
        status = {"replicas": found, **{key: number for key, number in numbers.items() if number},
                  "terminatingReplicas": sum(count for pod, count in counts.items() if pod.terminating),
                  "observedGeneration": replica_set["metadata"]["generation"]}
        conditions = self.conditions(replica_set, failure)
        self.update_status(replica_set, status | ({"conditions": conditions} if conditions else {}), f"{found} pods, {ready} of them ready")

    def number_available(self, replica_set: dict, ready: int) -> int:
        """All that are ready, where nobody asks for how long; that costs no look at the pods."""
        if not ready or not replica_set["spec"].get("minReadySeconds"):
            return ready
        return len(self.available(replica_set, filter(is_active, self.owned(replica_set, "Pod"))))

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
    return (
        bool(node),
        ("Pending", "Unknown", "Running").index(status.get("phase", "Pending")),
        ready is not None,
        cost,
        -crowd.get(node, 0),
        _newest_first(ready["lastTransitionTime"]) if ready else (),
        -restarts,
        _newest_first(pod["metadata"]["creationTimestamp"]),
    )


def _newest_first(timestamp: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in timestamp)
