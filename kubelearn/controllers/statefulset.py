"""The StatefulSet controller: pods with fixed names and disks of their own, made and removed in order.

Law: from any state the pods name-0 to name-(replicas-1) exist; in order (OrderedReady) one waits until all before it are
available, removal and update go from the highest down, and an update leaves those below the partition as they are.
Leaves out: the Recreate strategy. Upstream: pkg/controller/statefulset.
"""
from __future__ import annotations

import math
import re

from kubelearn.api.meta import is_deleting, key_of, labels_of, name_of
from kubelearn.controllers import claimtemplates
from kubelearn.controllers.history import RevisionController, template_of
from kubelearn.controllers.pods import is_ready, is_terminal, phase
from kubelearn.controllers.replicaset import pod_from_template
from kubelearn.controllers.rollout import resolve
from kubelearn.errors import ApiError

REVISION, POD_NAME, POD_INDEX = "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


def ordinal_of(stateful_set: dict, pod: dict) -> int | None:
    """The number at the end of a pod's name; None for a pod that is not of this set's naming."""
    match = re.fullmatch(re.escape(name_of(stateful_set)) + r"-(\d+)", name_of(pod))
    return int(match[1]) if match else None


def ordinals(stateful_set: dict) -> range:
    start = stateful_set["spec"].get("ordinals", {}).get("start", 0)
    return range(start, start + stateful_set["spec"]["replicas"])


def in_order(stateful_set: dict) -> bool:
    return stateful_set["spec"].get("podManagementPolicy") != "Parallel"


def rolling(stateful_set: dict) -> dict | None:
    """The parameters of a rolling update; None for OnDelete."""
    strategy = stateful_set["spec"]["updateStrategy"]
    return strategy.get("rollingUpdate", {}) if strategy["type"] == "RollingUpdate" else None


def first_updated(stateful_set: dict) -> int:
    """The lowest ordinal that an update reaches."""
    return ordinals(stateful_set).start + ((rolling(stateful_set) or {}).get("partition") or 0)


def revision_of(pod: dict) -> str:
    return labels_of(pod).get(REVISION, "")


def stateful_pod(stateful_set: dict, revision: dict, ordinal: int) -> dict:
    """The pod of this ordinal in this revision: its name is its identity, host name and the name of its claims."""
    template, name = template_of(revision), f"{name_of(stateful_set)}-{ordinal}"
    pod = pod_from_template({**stateful_set, "spec": {"template": template}})
    labels = {**labels_of(pod), POD_NAME: name, POD_INDEX: str(ordinal), REVISION: name_of(revision)}
    metadata = {key: value for key, value in pod["metadata"].items() if key != "generateName"}
    service = stateful_set["spec"].get("serviceName")
    spec = {**template["spec"], "hostname": name, **({"subdomain": service} if service else {})}
    spec = claimtemplates.with_volumes(stateful_set, spec, ordinal)
    return {**pod, "metadata": {**metadata, "name": name, "labels": labels}, "spec": spec}


def pods_to_update(stateful_set: dict, pods: dict[int, dict], update: str, available: set[str]) -> list[dict]:
    """The pods that a rolling update may delete now, highest first, so that at most maxUnavailable are down.

    pods: by ordinal, those within spec.replicas. In parallel those that are down already and outdated come for free.
    """
    limit = max(resolve(rolling(stateful_set).get("maxUnavailable", 1), stateful_set["spec"]["replicas"], math.floor), 1)
    down = sum(name_of(pod) not in available for pod in pods.values())
    outdated = [pods[n] for n in sorted(pods, reverse=True) if n >= first_updated(stateful_set)
                and revision_of(pods[n]) != update and not is_deleting(pods[n])]
    if in_order(stateful_set):
        return outdated[:max(limit - down, 0)]
    broken = [pod for pod in outdated if name_of(pod) not in available]
    return broken + [pod for pod in outdated if name_of(pod) in available][:max(limit - down, 0)]


def status_of(stateful_set: dict, pods: list[dict], available: set[str], current: str, update: str, collisions: int) -> dict:
    """The set's status; once every pod is of the update and ready, the update is what is current."""
    living = [pod for pod in pods if not is_deleting(pod)]
    ready = sum(phase(pod) == "Running" and is_ready(pod) for pod in pods)
    up = sum(name_of(pod) in available or is_deleting(pod) and is_ready(pod) for pod in pods)
    updated, wanted = sum(revision_of(pod) == update for pod in living), stateful_set["spec"]["replicas"]
    if updated == ready == len(pods) == wanted:
        current = update
    optional = {"readyReplicas": ready, "currentReplicas": sum(revision_of(pod) == current for pod in living), "updatedReplicas": updated}
    conditions = stateful_set["status"].get("conditions")
    return {"observedGeneration": stateful_set["metadata"]["generation"], "replicas": len(pods), "availableReplicas": up,
            **{key: value for key, value in optional.items() if value}, "currentRevision": current, "updateRevision": update,
            "collisionCount": collisions, **({"conditions": conditions} if conditions else {})}


class StatefulSetController(RevisionController):
    name, kind, owns, hash_label = "statefulset-controller", "StatefulSet", ("Pod", "ControllerRevision"), "controller.kubernetes.io/hash"
    watches = {"PersistentVolumeClaim": lambda self, claim: self.of_claim(claim)}

    def of_claim(self, claim: dict) -> list[str]:
        """A set waits for the end of a claim that is being deleted."""
        namespace = claim["metadata"]["namespace"]
        return [key_of(s) for s in self.informer("StatefulSet").list(namespace) if claimtemplates.ordinal_of(s, name_of(claim)) is not None]

    def sync(self, stateful_set: dict) -> None:
        pods = [pod for pod in self.claim(stateful_set, "Pod") if ordinal_of(stateful_set, pod) is not None]
        update, collisions = self.current_revision(stateful_set)
        named = stateful_set["status"].get("currentRevision")
        current = next((r for r in self.owned(stateful_set, "ControllerRevision") if name_of(r) == named), update)
        available = self.available(stateful_set, (pod for pod in pods if not is_deleting(pod)))
        failure = None if is_deleting(stateful_set) else self._manage(stateful_set, pods, current, update, available)
        self.truncate_history(stateful_set, [name_of(current), name_of(update), *map(revision_of, pods)])
        pods = [pod for pod in self.owned(stateful_set, "Pod") if ordinal_of(stateful_set, pod) is not None]
        status = status_of(stateful_set, pods, available, name_of(current), name_of(update), collisions)
        ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
        self.update_status(stateful_set, status, f"{ready} of {stateful_set['spec']['replicas']} ready, {updated} of the newest revision")
        if failure:
            raise failure

    def _manage(self, stateful_set: dict, pods: list[dict], current: dict, update: dict, available: set[str]) -> ApiError | None:
        """First the replicas from the lowest up, then what is too much from the highest down, then the update. In order, each
        waits for what comes before it. Returns what stopped it."""
        by_ordinal = {ordinal_of(stateful_set, pod): pod for pod in pods}
        wanted, monotonic = ordinals(stateful_set), in_order(stateful_set)
        try:
            for ordinal in wanted:
                revision = current if rolling(stateful_set) and ordinal < first_updated(stateful_set) else update
                if not self._is_settled(stateful_set, by_ordinal.get(ordinal), ordinal, revision, available) and monotonic:
                    return None
            condemned = [by_ordinal[n] for n in sorted(by_ordinal, reverse=True) if n not in wanted]
            if self._condemn(stateful_set, condemned, monotonic, available) and monotonic:
                return None
            if rolling(stateful_set) is not None:
                kept = {n: pod for n, pod in by_ordinal.items() if n in wanted}
                because = f"it is not yet of revision {name_of(update)}"
                for pod in pods_to_update(stateful_set, kept, name_of(update), available):
                    self._delete_pod(stateful_set, pod, because)
        except ApiError as error:
            return error
        return None

    def _is_settled(self, stateful_set: dict, pod: dict | None, ordinal: int, revision: dict, available: set[str]) -> bool:
        """Makes or remakes one replica; True where it is up and the next may follow."""
        if pod is None:
            self._create_pod(stateful_set, ordinal, revision)
            return False
        if is_terminal(pod):
            if not is_deleting(pod):
                self._delete_pod(stateful_set, pod, because=f"it has {phase(pod).lower()}")
            return False
        if phase(pod) == "Pending":
            self._ensure_claims(stateful_set, ordinal)
        up = name_of(pod) in available
        if (up or not in_order(stateful_set)) and claimtemplates.apply_retention(self, stateful_set, pod, ordinal, scaled_down=False):
            self.event(stateful_set, "Normal", "SuccessfulUpdate",
                       f"Update Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)} successful")
        return name_of(pod) in available

    def _condemn(self, stateful_set: dict, condemned: list[dict], monotonic: bool, available: set[str]) -> bool:
        """Deletes what is beyond spec.replicas; in order one at a time. True while something is left of it."""
        wanted = stateful_set["spec"]["replicas"]
        for pod in condemned:
            claimtemplates.apply_retention(self, stateful_set, pod, ordinal_of(stateful_set, pod), scaled_down=True)
        lowest_down = next((pod for pod in reversed(condemned) if name_of(pod) not in available), None)
        for pod in condemned[:1] if monotonic else condemned:
            waits = monotonic and name_of(pod) not in available and pod is not lowest_down
            if not is_deleting(pod) and not waits:
                self._delete_pod(stateful_set, pod, because=f"{wanted} wanted, {wanted + len(condemned)} found")
        return bool(condemned)

    def _create_pod(self, stateful_set: dict, ordinal: int, revision: dict) -> None:
        pod, name = stateful_pod(stateful_set, revision, ordinal), name_of(stateful_set)
        wanted = ordinals(stateful_set)
        try:
            self._ensure_claims(stateful_set, ordinal)
            self.create(pod, stateful_set, because=f"ordinals {wanted.start} to {wanted.stop - 1} wanted, {ordinal} is missing")
        except ApiError as error:
            self.event(stateful_set, "Warning", "FailedCreate",
                       f"Create Pod {name_of(pod)} in StatefulSet {name} failed error: {error}")
            raise
        self.event(stateful_set, "Normal", "SuccessfulCreate", f"Create Pod {name_of(pod)} in StatefulSet {name} successful")

    def _ensure_claims(self, stateful_set: dict, ordinal: int) -> None:
        name = name_of(stateful_set)
        for claim in claimtemplates.missing(self, stateful_set, ordinal):
            self.client.create(claim, because=f"pod {name}-{ordinal} has a disk of its own")
            self.event(stateful_set, "Normal", "SuccessfulCreate",
                       f"Create Claim {name_of(claim)} Pod {name}-{ordinal} in StatefulSet {name} success")

    def _delete_pod(self, stateful_set: dict, pod: dict, because: str) -> None:
        self.delete(pod, because)
        self.event(stateful_set, "Normal", "SuccessfulDelete",
                   f"Delete Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)} successful")
