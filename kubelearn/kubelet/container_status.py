"""The status of each container of a pod, from what the node's last look at the runtime saw.

Part of Kubernetes: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), kuberuntime/kuberuntime_container.go and
prober_manager.go (UpdatePodStatus). Pure: the same inputs give the same status.
Leaves out: the condition AllContainersRestarting, volumes' health.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MESSAGES_LIMIT = 12 * 1024  # bytes of termination messages in one pod: MaxPodTerminationMessageLogLength


class Seen(NamedTuple):
    """One container as the runtime showed it. state: created, running or exited; times in virtual seconds, as text.

    asked: the image in the words of the spec that it was made from.
    """

    name: str
    id: str
    state: str
    attempt: int = 0
    asked: str = ""
    image: str = ""
    image_id: str = ""
    user: dict | None = None
    resources: dict = {}
    started_at: str = ""
    finished: float = 0.0
    finished_at: str = ""
    exit_code: int = 0
    reason: str = ""
    message: str = ""


class PodSeen(NamedTuple):
    """A pod as the runtime showed it: containers of one name newest first; sandbox: "" (none), ready or exited."""

    containers: dict[str, list[Seen]] = {}
    sandbox: str = ""
    ip: str = ""

    def newest(self, name: str) -> Seen | None:
        found = self.containers.get(name)
        return found[0] if found else None


class NoProbes:
    """What a pod's probes say where it has none: every running container has started and is ready and well."""

    def unhealthy(self, name: str, container_id: str) -> str:
        return ""

    def grace(self, container: dict, grace: float) -> float:
        return grace

    def stop(self, readiness: bool = True) -> None:
        """There is nothing to stop."""

    def update(self, statuses: list[dict]) -> None:
        """There is nobody to tell."""

    def is_started(self, name: str, container_id: str) -> bool:
        return True

    def is_ready(self, name: str, container_id: str) -> bool:
        return True


NO_PROBES = NoProbes()


def restart_policy(pod: dict, container: dict) -> str:
    return container.get("restartPolicy") or pod["spec"].get("restartPolicy", "Always")


def container_should_restart(pod: dict, container: dict, exit_code: int) -> bool:
    """The container's rules first, then its policy, else the pod's. Upstream: pkg/api/v1/pod ContainerShouldRestart."""
    for rule in container.get("restartPolicyRules") or ():
        if rule["action"] == "Restart" and _applies(rule, exit_code):
            return True
    policy = restart_policy(pod, container)
    return policy == "Always" or policy == "OnFailure" and exit_code != 0


def restarts_all(pod: dict, seen: PodSeen) -> bool:
    """Has a container ended in a way for which its rules want all of them to begin again?"""
    for container in pod["spec"]["containers"]:
        newest = seen.newest(container["name"]) if "restartPolicyRules" in container else None
        if newest and newest.state == "exited" and "deletionTimestamp" not in pod["metadata"] and any(
                rule["action"] == "RestartAllContainers" and _applies(rule, newest.exit_code) for rule in container["restartPolicyRules"]):
            return True
    return False


def _applies(rule: dict, exit_code: int) -> bool:
    codes = rule.get("exitCodes")
    return bool(codes) and (exit_code in codes["values"]) == (codes["operator"] == "In")


def is_sidecar(container: dict) -> bool:
    return container.get("restartPolicy") == "Always"


def status_of(status: dict, name: str) -> dict | None:
    """What a pod's status says of a container of any kind."""
    lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    return next((one for key in lists for one in status.get(key) or () if one["name"] == name), None)


def sidecars(spec: dict) -> set[str]:
    """Names of the init containers that stay."""
    return {container["name"] for container in spec.get("initContainers") or () if is_sidecar(container)}


def should_be_restarted(pod: dict, container: dict, seen: Seen | None) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    if seen is None or seen.state == "created":
        return True
    return seen.state == "exited" and container_should_restart(pod, container, seen.exit_code)


# --- containers ---------------------------------------------------------------------------------------------------

def container_state(seen: Seen, limit: int = MESSAGES_LIMIT) -> dict:
    """limit: bytes of its last words that fit into the status beside those of the pod's other containers."""
    if seen.state == "running":
        return {"running": {"startedAt": seen.started_at}}
    if seen.state == "created":
        return {"waiting": {}}
    ended = {"exitCode": seen.exit_code, "reason": seen.reason, "message": seen.message[:limit], "startedAt": seen.started_at,
             "finishedAt": seen.finished_at, "containerID": f"containerd://{seen.id}"}
    return {"terminated": ended if seen.message else {key: value for key, value in ended.items() if key != "message"}}


def volume_mounts(container: dict) -> list[dict]:
    """status.volumeMounts: what was asked for, and that read-only does not reach into mounts below."""
    return [{"name": mount["name"], "mountPath": mount["mountPath"],
             **({"readOnly": True, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else {})}
            for mount in container.get("volumeMounts") or ()]


def container_statuses(pod: dict, containers: Iterable[dict], old: list[dict], seen: PodSeen, reasons: dict, kind: str) -> list[dict]:
    """kind: regular, init or ephemeral. reasons: container -> (reason, message) why it could not be started."""
    initializing = kind == "regular" and pod["spec"].get("initContainers")
    waiting = {"waiting": {"reason": "PodInitializing" if initializing or kind == "init" else "ContainerCreating"}}
    before = {status["name"]: status for status in old}
    return [_container_status(pod, c, before.get(c["name"]), seen.containers.get(c["name"]) or (), reasons.get(c["name"]), waiting, kind)
            for c in containers]


def _container_status(
    pod: dict, container: dict, old: dict | None, runs: Iterable[Seen], reason: tuple | None, waiting: dict, kind: str
) -> dict:
    if not runs:
        status = _never_seen(pod, container, old, waiting)
    else:
        newest, *earlier = runs
        limit = MESSAGES_LIMIT // sum(len(pod["spec"].get(key) or ()) for key in ("initContainers", "containers", "ephemeralContainers"))
        known = old["lastState"] if old and newest.attempt and old["restartCount"] == newest.attempt else {}  # the runtime has lost it
        state, last = container_state(newest, limit), container_state(earlier[0], limit) if earlier else known
        status = {"name": container["name"], "state": state, "lastState": last, "ready": False, "restartCount": newest.attempt,
                  "image": newest.image, "imageID": newest.image_id, "containerID": f"containerd://{newest.id}"}
        if newest.user is not None:
            status["user"] = newest.user
        status |= _resources(newest.resources)
    if "volumeMounts" in container:
        status["volumeMounts"] = old["volumeMounts"] if old and "volumeMounts" in old else volume_mounts(container)
    newest = next(iter(runs), None)
    if reason and not (kind == "init" and newest and newest.state == "exited" and newest.exit_code == 0) and (
            should_be_restarted(pod, container, newest)):
        if "terminated" in status["state"]:
            status["lastState"] = status["state"]
        status["state"] = {"waiting": {"reason": reason[0], "message": reason[1]} if reason[1] else {"reason": reason[0]}}
    return status


def _never_seen(pod: dict, container: dict, old: dict | None, waiting: dict) -> dict:
    """The runtime knows no such container: it waits to be made, or it was there and is lost."""
    if old and "terminated" in old["state"]:
        return dict(old)
    last, count = (old.get("lastState") or {}, old["restartCount"]) if old else ({}, 0)
    if old and "running" in old["state"]:
        last = {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137, "startedAt": None, "finishedAt": None,
                               "message": "The container could not be located when the pod was deleted.  The container used to be Running"}}
        count += "deletionTimestamp" not in pod["metadata"]
    return {"name": container["name"], "state": waiting, "lastState": last, "ready": False, "restartCount": count,
            "image": container["image"], "imageID": ""}


def _resources(resources: dict) -> dict:
    shown = {key: resources[key] for key in ("limits", "requests") if resources.get(key)}
    return {"resources": shown} | ({"allocatedResources": shown["requests"]} if "requests" in shown else {})


def apply_probes(spec: dict, inits: list[dict], regulars: list[dict], probes: NoProbes) -> None:
    """started and ready: by probes where there are any, else by running at all."""
    staying = sidecars(spec)
    for status in [*inits, *regulars]:
        name, identity = status["name"], status.get("containerID", "")
        status["started"] = "running" in status["state"] and probes.is_started(name, identity)
        if status in inits and name not in staying:
            status["ready"] = (status["state"].get("terminated") or {}).get("exitCode") == 0
        else:
            status["ready"] = status["started"] and probes.is_ready(name, identity)
