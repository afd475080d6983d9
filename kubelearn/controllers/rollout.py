"""The arithmetic of a rollout: how many replicas each ReplicaSet of a Deployment should have now. Pure functions.

Part of Kubernetes: pkg/controller/deployment/util and rolling.go. Law: never more than replicas + maxSurge pods, never fewer
than replicas - maxUnavailable available ones, whatever order the steps come in.
"""
from __future__ import annotations

import hashlib
import json
import math

from kubelearn.api.names import ALPHABET

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


def template_hash(template: dict) -> str:
    """A short name for a pod template; the same template has the same one."""
    digest = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()[:8])
    letters = ""
    while len(letters) < 9:
        digest, rest = divmod(digest, len(ALPHABET))
        letters += ALPHABET[rest]
    return letters


def same_template(template: dict, other: dict) -> bool:
    """Equal but for the label pod-template-hash."""
    return template["spec"] == other["spec"] and _plain(template.get("metadata") or {}) == _plain(other.get("metadata") or {})


def _plain(metadata: dict) -> dict:
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    return {**{key: value for key, value in metadata.items() if value}, "labels": labels}


def surge_and_unavailable(deployment: dict) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods: percentages round up and down, and both are never zero together."""
    spec = deployment["spec"]
    if spec["strategy"]["type"] != "RollingUpdate":
        return 0, 0
    rolling, replicas = spec["strategy"]["rollingUpdate"], spec["replicas"]
    surge = resolve(rolling["maxSurge"], replicas, math.ceil)
    unavailable = resolve(rolling["maxUnavailable"], replicas, math.floor)
    return surge, min(unavailable, replicas) if surge or unavailable else 1


def resolve(amount: int | str, total: int, rounding) -> int:
    """3 -> 3; '25%' of 10 -> 2 or 3. intstr.GetScaledValueFromIntOrPercent."""
    return rounding(int(amount.rstrip("%")) * total / 100) if isinstance(amount, str) else amount


def replicas_of(replica_set: dict) -> int:
    return replica_set["spec"]["replicas"]


def available_of(replica_set: dict) -> int:
    return replica_set["status"].get("availableReplicas", 0)


def new_replicas(deployment: dict, new: dict, everything: list[dict]) -> int:
    """How many replicas the new ReplicaSet may have now. NewRSNewReplicas."""
    wanted = deployment["spec"]["replicas"]
    if deployment["spec"]["strategy"]["type"] == "Recreate" or replicas_of(new) > wanted:
        return wanted
    surge, _ = surge_and_unavailable(deployment)
    room = wanted + surge - sum(map(replicas_of, everything))
    return replicas_of(new) + max(0, min(room, wanted - replicas_of(new)))


def scaled_down(deployment: dict, new: dict, old: list[dict]) -> dict[str, int]:
    """Name -> replicas for the old ReplicaSets that may shrink now: first what is unhealthy, then oldest first."""
    _, unavailable = surge_and_unavailable(deployment)
    everything = [new, *old]
    minimum = deployment["spec"]["replicas"] - unavailable
    budget = sum(map(replicas_of, everything)) - minimum - max(replicas_of(new) - available_of(new), 0)
    result = {rs["metadata"]["name"]: replicas_of(rs) for rs in old}
    for replica_set in old:
        cut = min(max(budget, 0), max(replicas_of(replica_set) - available_of(replica_set), 0))
        result[replica_set["metadata"]["name"]] -= cut
        budget -= cut
    if budget <= 0:
        return result
    spare = sum(map(available_of, everything)) - minimum
    for replica_set in old:
        cut = min(max(spare, 0), result[replica_set["metadata"]["name"]])
        result[replica_set["metadata"]["name"]] -= cut
        spare -= cut
    return result


def proportional(deployment: dict, active: list[dict]) -> dict[str, int]:
    """Name -> replicas where a Deployment is scaled in the middle of a rollout: each ReplicaSet grows or shrinks by its share."""
    surge, _ = surge_and_unavailable(deployment)
    wanted = deployment["spec"]["replicas"]
    allowed = wanted + surge if wanted else 0
    total = sum(map(replicas_of, active))
    missing, given = allowed - total, 0
    by_age = sorted(active, key=lambda rs: rs["metadata"]["creationTimestamp"], reverse=missing > 0)  # of equals the newer grows first
    largest_first = sorted(by_age, key=replicas_of, reverse=True)
    result = {}
    for replica_set in largest_first:
        share = _share(deployment, replica_set, allowed, missing - given) if total else 0
        given += share
        result[replica_set["metadata"]["name"]] = replicas_of(replica_set) + share
    if largest_first:
        first = largest_first[0]["metadata"]["name"]
        result[first] = max(result[first] + missing - given, 0)
    return result


def _share(deployment: dict, replica_set: dict, allowed: int, left: int) -> int:
    if left == 0 or replicas_of(replica_set) == 0:
        return 0
    before = int(replica_set["metadata"].get("annotations", {}).get(MAXIMUM, 0)) or deployment["status"].get("replicas", 0) or 1
    share = math.floor(replicas_of(replica_set) * allowed / before + 0.5) - replicas_of(replica_set)
    return max(min(share, left), 0) if left > 0 else min(max(share, left), 0)
