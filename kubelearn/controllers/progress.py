"""A Deployment's status: counts of its pods, whether it is available, whether its rollout gets on. Pure functions.

Part of Kubernetes: pkg/controller/deployment (progress.go, sync.go) and util/deployment_util.go. Law: the status depends on
the Deployment, its ReplicaSets and the time; a rollout that has not got on for progressDeadlineSeconds says so and goes on trying.
"""
from __future__ import annotations

from kubelearn.api.meta import condition, find_condition
from kubelearn.clock import parse_time, time_text
from kubelearn.controllers.rollout import replicas_of, surge_and_unavailable


def status(deployment: dict, new: dict | None, old: list[dict], now: float) -> tuple[dict, float | None]:
    """The status to write, and after how many seconds to look again (None: not by itself)."""
    everything = [rs for rs in (*old, new) if rs]
    counted = counts(deployment, new, everything)
    before = deployment["status"]
    conditions = with_condition(before.get("conditions", []), available(deployment, counted), now)
    conditions = with_progress(deployment, counted, conditions, new, now)
    conditions = with_failure(conditions, new, everything, now)
    collisions = {"collisionCount": before["collisionCount"]} if before.get("collisionCount") else {}
    return {**counted, **collisions, **({"conditions": conditions} if conditions else {})}, _again(deployment, counted, conditions, now)


def counts(deployment: dict, new: dict | None, everything: list[dict]) -> dict:
    def total(key: str) -> int:
        return sum(rs["status"].get(key, 0) for rs in everything)
    available_replicas = total("availableReplicas")
    numbers = {
        "replicas": total("replicas"),
        "updatedReplicas": new["status"]["replicas"] if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available_replicas,
        "unavailableReplicas": max(sum(map(replicas_of, everything)) - available_replicas, 0),
    }
    return {"observedGeneration": deployment["metadata"]["generation"], **{key: number for key, number in numbers.items() if number},
            "terminatingReplicas": total("terminatingReplicas")}


def is_complete(deployment: dict, counted: dict) -> bool:
    """All pods are of the new template and available, and no other is left."""
    wanted = deployment["spec"]["replicas"]
    return all(counted.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "availableReplicas")) \
        and counted.get("observedGeneration", 0) >= deployment["metadata"]["generation"]


def is_progressing(before: dict, counted: dict) -> bool:
    """More new pods, fewer old ones, more ready or available than at the last look."""
    def old_pods(status: dict) -> int:
        return status.get("replicas", 0) - status.get("updatedReplicas", 0)
    more = any(counted.get(key, 0) > before.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return more or old_pods(counted) < old_pods(before)


def available(deployment: dict, counted: dict) -> dict:
    _, unavailable = surge_and_unavailable(deployment)
    if counted.get("availableReplicas", 0) >= deployment["spec"]["replicas"] - unavailable:
        return _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    return _condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")


def with_progress(deployment: dict, counted: dict, conditions: list[dict], new: dict | None, now: float) -> list[dict]:
    current = find_condition(conditions, "Progressing")
    done = current is not None and current["reason"] == "NewReplicaSetAvailable" and \
        counted.get("replicas", 0) == counted.get("updatedReplicas", 0)
    if "progressDeadlineSeconds" not in deployment["spec"] or done or deployment["spec"].get("paused"):
        return conditions
    subject = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    if is_complete(deployment, counted):
        return with_condition(
            conditions, _condition("Progressing", "True", "NewReplicaSetAvailable", f"{subject} has successfully progressed."), now
        )
    if is_progressing(deployment["status"], counted):
        progressing = _condition("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.")
        if current is not None and current["status"] == "True":  # the deadline counts from the last progress
            others = [c for c in conditions if c["type"] != "Progressing"]
            return [*others, progressing | {"lastUpdateTime": time_text(now), "lastTransitionTime": current["lastTransitionTime"]}]
        return with_condition(conditions, progressing, now)
    if _deadline(deployment, current) is not None and _deadline(deployment, current) < now:
        timed_out = _condition("Progressing", "False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
        return with_condition(conditions, timed_out, now)
    return conditions


def with_failure(conditions: list[dict], new: dict | None, everything: list[dict], now: float) -> list[dict]:
    """A ReplicaSet that cannot make pods says why; its Deployment repeats it."""
    failure = next((found for rs in (new, *everything) if rs and (found := condition(rs, "ReplicaFailure"))), None)
    if failure is None:
        return [c for c in conditions if c["type"] != "ReplicaFailure"]
    return with_condition(conditions, _condition("ReplicaFailure", failure["status"], failure["reason"], failure["message"]), now)


def with_pause(deployment: dict, now: str) -> dict:
    """The status with what a pause or its end does to the condition Progressing."""
    old = deployment["status"]
    current = find_condition(old.get("conditions", []), "Progressing")
    if "progressDeadlineSeconds" not in deployment["spec"] or current and current["reason"] == "ProgressDeadlineExceeded":
        return old
    was, paused = bool(current) and current["reason"] == "DeploymentPaused", deployment["spec"].get("paused", False)
    if paused == was:
        return old
    condition = _condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused") if paused else \
        _condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
    return {**old, "conditions": with_condition(old.get("conditions", []), condition, parse_time(now))}


def with_new_replica_set(deployment: dict, new: dict, now: str) -> dict:
    if "progressDeadlineSeconds" not in deployment["spec"]:
        return deployment["status"]
    created = _condition("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{new["metadata"]["name"]}"')
    conditions = with_condition(deployment["status"].get("conditions", []), created, parse_time(now))
    return {**deployment["status"], "conditions": conditions}


def with_condition(conditions: list[dict], condition: dict, now: float) -> list[dict]:
    """SetDeploymentCondition: the same status and reason change nothing; a changed one moves to the end."""
    current = find_condition(conditions, condition["type"])
    if current is not None and (current["status"], current["reason"]) == (condition["status"], condition["reason"]):
        return conditions
    text = time_text(now)
    since = current["lastTransitionTime"] if current is not None and current["status"] == condition["status"] else text
    others = [c for c in conditions if c["type"] != condition["type"]]
    return [*others, condition | {"lastUpdateTime": text, "lastTransitionTime": since}]


def reason(status: dict) -> str:
    """What why() says of a status: the newest word about the rollout."""
    conditions = status.get("conditions", [])
    ready = f"{status.get('readyReplicas', 0)} ready of {status.get('replicas', 0)}"
    return f"{ready}; {conditions[-1]['message']}" if conditions else ready


def _again(deployment: dict, counted: dict, conditions: list[dict], now: float) -> float | None:
    """Seconds until the progress deadline is to be looked at (a second late, as upstream's)."""
    current = find_condition(conditions, "Progressing")
    at = _deadline(deployment, current)
    if (
        at is None
        or is_complete(deployment, counted)
        or deployment["spec"].get("paused")
        or current["reason"] == "ProgressDeadlineExceeded"
    ):
        return None
    return max(at - now + 1, 0.001)


def _deadline(deployment: dict, current: dict | None) -> float | None:
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    if current is None or seconds is None or current["reason"] == "NewReplicaSetAvailable":
        return None
    return parse_time(current["lastUpdateTime"]) + seconds


def _condition(kind: str, status: str, reason: str, message: str) -> dict:
    return {"type": kind, "status": status, "reason": reason, "message": message}
