"""What controllers ask of a pod: small questions, one answer for all of them.

Part of Kubernetes: pkg/api/v1/pod and pkg/controller/controller_utils. Law: answers depend on the pod (and the time) alone.
Leaves out: nothing.
"""
from __future__ import annotations

from kubelearn.api.meta import condition, is_deleting
from kubelearn.clock import parse_time


def phase(pod: dict) -> str:
    return pod.get("status", {}).get("phase", "Pending")


def is_terminal(pod: dict) -> bool:
    """It has ended, well or badly, and will not run again."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: dict) -> bool:
    """It runs or may yet run: not ended, not being deleted."""
    return not is_terminal(pod) and not is_deleting(pod)


def is_ready(pod: dict) -> bool:
    ready = condition(pod, "Ready")
    return bool(ready) and ready["status"] == "True"


def available_at(pod: dict, min_ready_seconds: int) -> float | None:
    """The virtual second from which a ready pod counts as available; None while it is not ready."""
    if not is_ready(pod):
        return None
    since = condition(pod, "Ready").get("lastTransitionTime")
    return parse_time(since) + min_ready_seconds if since and min_ready_seconds else 0.0
