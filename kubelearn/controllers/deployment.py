"""The Deployment controller: turns one pod template into the next at a set rate, through ReplicaSets that it scales.

Part of Kubernetes: pkg/controller/deployment. Law: from any state, the ReplicaSet of the Deployment's template converges to
spec.replicas and the others to zero, never outside the band of maxSurge and maxUnavailable (rollout.py has the arithmetic).
Leaves out: nothing that kubectl shows.
"""
from __future__ import annotations

from kubelearn.api import meta
from kubelearn.controllers import progress, rollout
from kubelearn.controllers.controller import Controller
from kubelearn.controllers.pods import is_terminal
from kubelearn.controllers.rollout import replicas_of
from kubelearn.errors import ApiError


class DeploymentController(Controller):
    name, kind, owns = "deployment-controller", "Deployment", ("ReplicaSet",)
    watches = {"Pod": lambda self, pod: self.of_ended_pod(pod)}

    def of_ended_pod(self, pod: dict) -> list[str]:
        """Recreate waits for the end of the last old pod."""
        owner = meta.owner_of(pod)
        if not owner or owner["kind"] != "ReplicaSet" or not (meta.is_deleting(pod) or is_terminal(pod)):
            return []
        replica_set = self.informer("ReplicaSet").get(pod["metadata"]["namespace"], owner["name"])
        deployment = meta.owner_of(replica_set) if replica_set else None
        return [f"{pod['metadata']['namespace']}/{deployment['name']}"] if deployment else []

    def sync(self, deployment: dict) -> None:
        """One step of a rollout, of a change of scale, or of nothing but the status."""
        replica_sets = sorted(self.claim(deployment, "ReplicaSet"), key=_age)
        new = next((rs for rs in replica_sets if rollout.same_template(rs["spec"]["template"], deployment["spec"]["template"])), None)
        old = [rs for rs in replica_sets if rs is not new]
        if meta.is_deleting(deployment):
            return self.report(deployment, new, old)
        deployment = self.write_status(deployment, progress.with_pause(deployment, self.clock.timestamp()))
        paused = deployment["spec"].get("paused", False)
        if new is not None:
            deployment, new = self.annotate(deployment, new, old)
        if paused or new is not None and self.rescaled(deployment, [new, *old]):
            new, old = self.rescale(deployment, new, old)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            deployment, new, old = self.recreate(deployment, new, old)
        else:
            deployment, new, old = self.rolling_update(deployment, new, old)
        self.clean_up(deployment, new, old)
        self.report(deployment, new, old)

    # --- the two strategies -----------------------------------------------------------------------------------------

    def rolling_update(self, deployment: dict, new: dict | None, old: list[dict]) -> tuple[dict, dict, list[dict]]:
        deployment, new = (deployment, new) if new else self.create_replica_set(deployment, old)
        wanted = rollout.new_replicas(deployment, new, [new, *old])
        if wanted != replicas_of(new):
            surge, _ = rollout.surge_and_unavailable(deployment)
            because = f"{deployment['spec']['replicas']} wanted, maxSurge allows {surge} above it"
            return deployment, self.scale(deployment, new, wanted, because), old
        targets = rollout.scaled_down(deployment, new, old)
        minimum = deployment["spec"]["replicas"] - rollout.surge_and_unavailable(deployment)[1]
        because = f"at least {minimum} of {deployment['spec']['replicas']} must stay available"

        def smaller(rs: dict) -> dict:
            target = targets[rs["metadata"]["name"]]
            return rs if target == replicas_of(rs) else self.scale(deployment, rs, target, because)
        return deployment, new, [smaller(rs) for rs in old]

    def recreate(self, deployment: dict, new: dict | None, old: list[dict]) -> tuple[dict, dict | None, list[dict]]:
        """Every old pod ends before a new one starts."""
        if any(replicas_of(rs) for rs in old):
            return deployment, new, [self.scale(deployment, rs, 0, "Recreate takes every old pod down first") for rs in old]
        if any(not is_terminal(pod) for rs in old for pod in self.owned(rs, "Pod")):
            return deployment, new, old
        deployment, new = (deployment, new) if new else self.create_replica_set(deployment, old)
        return deployment, self.scale(deployment, new, deployment["spec"]["replicas"], "no old pod is left"), old

    # --- changes of scale -------------------------------------------------------------------------------------------

    def rescaled(self, deployment: dict, replica_sets: list[dict]) -> bool:
        """Someone changed spec.replicas since the ReplicaSets were last scaled."""
        wanted = str(deployment["spec"]["replicas"])
        return any(replicas_of(rs) and meta.annotations_of(rs).get(rollout.DESIRED, wanted) != wanted for rs in replica_sets)

    def rescale(self, deployment: dict, new: dict | None, old: list[dict]) -> tuple[dict | None, list[dict]]:
        everything = [rs for rs in (new, *old) if rs]
        active = [rs for rs in everything if replicas_of(rs)]
        wanted = deployment["spec"]["replicas"]
        because = f"spec.replicas is now {wanted}"
        if len(active) <= 1:
            only = active or everything[:1]
            targets = {rs["metadata"]["name"]: wanted for rs in only}
        elif new and replicas_of(new) == wanted == rollout.available_of(new):
            targets = {rs["metadata"]["name"]: 0 for rs in old}
        elif deployment["spec"]["strategy"]["type"] == "RollingUpdate":
            targets = rollout.proportional(deployment, active)
        else:
            targets = {}
        done = [self.scale(deployment, rs, targets.get(rs["metadata"]["name"], replicas_of(rs)), because) for rs in everything]
        return (done[0], done[1:]) if new else (None, done)

    def scale(self, deployment: dict, replica_set: dict, replicas: int, because: str) -> dict:
        """Sets a ReplicaSet's replicas, and the two annotations by which a later pass tells a change of scale."""
        before = replicas_of(replica_set)
        surge, _ = rollout.surge_and_unavailable(deployment)
        wanted = deployment["spec"]["replicas"]
        annotations = {rollout.DESIRED: str(wanted), rollout.MAXIMUM: str(wanted + surge)}
        if before == replicas and (replicas == 0 or annotations.items() <= meta.annotations_of(replica_set).items()):
            return replica_set
        new = _with_annotations(meta.replace(replica_set, ("spec", "replicas"), replicas), annotations)
        stored = self.client.update(new, because)
        if before != replicas:
            word = "up" if replicas > before else "down"
            self.event(deployment, "Normal", "ScalingReplicaSet",
                       f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {replicas}")
        return stored

    # --- ReplicaSets and their revisions ----------------------------------------------------------------------------

    def create_replica_set(self, deployment: dict, old: list[dict]) -> tuple[dict, dict]:
        template = deployment["spec"]["template"]
        digest = rollout.template_hash([template, deployment["status"].get("collisionCount", 0)])
        labels = {**((template.get("metadata") or {}).get("labels") or {}), "pod-template-hash": digest}
        selector = deployment["spec"]["selector"]
        selector = {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), "pod-template-hash": digest}}
        spec = {
            "replicas": 0,
            "selector": selector,
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
            **_min_ready(deployment),
        }
        new = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": spec,
               "metadata": {"name": f"{deployment['metadata']['name']}-{digest}", "labels": labels}}
        spec["replicas"] = rollout.new_replicas(deployment, new, [new, *old])
        surge, _ = rollout.surge_and_unavailable(deployment)
        revision = str(max(map(_revision, old), default=0) + 1)
        annotations = {**_copied(deployment), rollout.REVISION: revision, rollout.DESIRED: str(deployment["spec"]["replicas"]),
                       rollout.MAXIMUM: str(deployment["spec"]["replicas"] + surge)}
        try:
            new = self.create(_with_annotations(new, annotations), deployment, f"no ReplicaSet has the template {digest}")
        except ApiError as error:
            if error.reason == "AlreadyExists" and not self.is_own(deployment, new["metadata"]["name"]):  # the next try has another name
                collisions = deployment["status"].get("collisionCount", 0) + 1
                self.write_status(deployment, {**deployment["status"], "collisionCount": collisions})
            raise
        if spec["replicas"]:
            self.event(deployment, "Normal", "ScalingReplicaSet",
                       f"Scaled up replica set {new['metadata']['name']} from 0 to {spec['replicas']}")
        status = progress.with_new_replica_set(deployment, new, self.clock.timestamp())
        return self.mark_revision(self.write_status(deployment, status), revision), new

    def is_own(self, deployment: dict, name: str) -> bool:
        """Whether the ReplicaSet of this name, of which no watch has told yet, is this Deployment's."""
        owner = meta.owner_of(self.client.get("ReplicaSet", name, deployment["metadata"]["namespace"]))
        return bool(owner) and owner["uid"] == deployment["metadata"]["uid"]

    def annotate(self, deployment: dict, new: dict, old: list[dict]) -> tuple[dict, dict]:
        """The ReplicaSet in use has the highest revision, and the Deployment's annotations."""
        have = meta.annotations_of(new)
        annotations = _copied(deployment)
        revision = max(map(_revision, old), default=0) + 1
        if _revision(new) < revision:
            annotations[rollout.REVISION] = str(revision)
            if have.get(rollout.REVISION):
                annotations[rollout.HISTORY] = ",".join(filter(None, (have.get(rollout.HISTORY), have[rollout.REVISION])))
        if not annotations.items() <= have.items() or _min_ready(new) != _min_ready(deployment):
            spec = {**{key: value for key, value in new["spec"].items() if key != "minReadySeconds"}, **_min_ready(deployment)}
            new = {**_with_annotations(new, annotations), "spec": spec}
            new = self.client.update(new, f"it is revision {max(revision, _revision(new))} now")
        return self.mark_revision(deployment, meta.annotations_of(new).get(rollout.REVISION, "1")), new

    def mark_revision(self, deployment: dict, revision: str) -> dict:
        if meta.annotations_of(deployment).get(rollout.REVISION) == revision:
            return deployment
        noted = _with_annotations(deployment, {rollout.REVISION: revision})
        return self.client.update_status(noted, f"its template is revision {revision}")

    def clean_up(self, deployment: dict, new: dict | None, old: list[dict]) -> None:
        """Keeps revisionHistoryLimit old ReplicaSets to go back to."""
        limit = deployment["spec"].get("revisionHistoryLimit")
        if limit is None or not progress.is_complete(deployment, deployment["status"]):
            return
        idle = [
            rs for rs in sorted(old, key=_revision) if not replicas_of(rs) and not rs["status"]["replicas"] and not meta.is_deleting(rs)
        ]
        for replica_set in idle[:max(len(old) - limit, 0)]:
            self.delete(replica_set, f"revisionHistoryLimit keeps {limit}")

    # --- status -----------------------------------------------------------------------------------------------------

    def report(self, deployment: dict, new: dict | None, old: list[dict]) -> None:
        status, again = progress.status(deployment, new, old, self.clock.now)
        self.write_status(deployment, status)
        if again is not None:
            self.queue.add_after(meta.key_of(deployment), again)

    def write_status(self, deployment: dict, status: dict) -> dict:
        return self.update_status(deployment, status, progress.reason(status))


def _age(replica_set: dict) -> tuple[str, int, str]:
    return replica_set["metadata"]["creationTimestamp"], _revision(replica_set), replica_set["metadata"]["name"]


def _min_ready(obj: dict) -> dict:
    """minReadySeconds, where it is more than none."""
    return {"minReadySeconds": obj["spec"]["minReadySeconds"]} if obj["spec"].get("minReadySeconds") else {}


def _revision(replica_set: dict) -> int:
    return int(meta.annotations_of(replica_set).get(rollout.REVISION, 0))


NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", "deprecated.deployment.rollback.to",
              rollout.REVISION, rollout.HISTORY, rollout.DESIRED, rollout.MAXIMUM}


def _copied(deployment: dict) -> dict:
    return {key: value for key, value in meta.annotations_of(deployment).items() if key not in NOT_COPIED}


def _with_annotations(obj: dict, annotations: dict) -> dict:
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**meta.annotations_of(obj), **annotations}}}
