"""Whether a pod that was assigned to this node fits on it: who goes around the scheduler is refused here.

Part of Kubernetes: pkg/kubelet/lifecycle/predicate.go (generalFilter) and HandlePodAdditions. A refused pod is Failed and
stays to be seen; nothing of it runs. Law 8: OutOfcpu, OutOfmemory, OutOfpods and their words.
Leaves out: host ports, the eviction of less important pods for a critical one.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kubelearn.api import quantity
from kubelearn.api.meta import labels_of, name_of
from kubelearn.api.nodeselector import required
from kubelearn.api.usage import pod_amounts

SCALE = {"cpu": 1000}  # in which unit amounts are told: CPU in thousandths, the rest whole


SAFE_SYSCTLS = ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
                "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
                "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
                "net.ipv4.tcp_wmem")


def refusal(pod: dict, others: Iterable[dict], allocatable: Mapping[str, str],
            node: Callable[[], dict]) -> tuple[str, str] | None:
    """(reason, message) where the pod may not run here: what it asks of the kernel, of the node, and beside the others, none of
    them over."""
    for sysctl in (pod["spec"].get("securityContext") or {}).get("sysctls") or ():
        if sysctl["name"] not in SAFE_SYSCTLS:
            return "SysctlForbidden", f'forbidden sysctl: "{sysctl["name"]}" not allowlisted'
    matches = required(pod["spec"])
    if matches is not None and not matches(name_of(here := node()), labels_of(here)):
        return "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    others, wanted = list(others), pod_amounts(pod["spec"], "requests")
    room = quantity.parse(allocatable.get("pods", "110"))
    if len(others) + 1 > room:
        return _short("pods", 1, len(others), room)
    asked = [pod_amounts(other["spec"], "requests") for other in others] if wanted else []
    for resource, amount in wanted.items():
        if resource not in allocatable:  # it knows of no such device; the scheduler would not have sent the pod
            continue
        used, room = sum(one.get(resource, 0) for one in asked), quantity.parse(allocatable[resource])
        if amount and used + amount > room:
            return _short(resource, amount, used, room)
    return None


def _short(resource: str, wanted, used, room) -> tuple[str, str]:
    told = [int(amount * SCALE.get(resource, 1)) for amount in (wanted, used, room)]
    return f"OutOf{resource}", "Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}".format(resource, *told)


def refused_status(pod: dict, reason: str, message: str, now: str) -> dict:
    return {**pod["status"], "startTime": now, "phase": "Failed", "reason": reason, "message": f"Pod was rejected: {message}"}
