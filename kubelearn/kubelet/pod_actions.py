"""What a pod needs now: which containers to kill, which to start, whether it is over.

Part of Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and kuberuntime_container.go
(computeInitContainerActions). Law 7: decided from what is seen alone, so it is right from any state.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kubelearn.kubelet.container_status import PodSeen, Seen, is_sidecar, restart_policy, should_be_restarted


class Actions(NamedTuple):
    """kill: (container, why as the event says it). kill_pod: nothing of it is to run any more."""

    kill_pod: bool = False
    create_sandbox: bool = False
    kill: tuple[tuple[dict, str], ...] = ()
    start: tuple[dict, ...] = ()


Unhealthy = Callable[[str, str], str]  # (container name, id) -> "liveness", "startup" or ""
Started = Callable[[str, str], bool]


def compute_pod_actions(pod: dict, seen: PodSeen, unhealthy: Unhealthy, started: Started) -> Actions:
    spec = pod["spec"]
    inits = spec.get("initContainers") or []
    if seen.sandbox != "ready":
        return _from_nothing(pod, seen, inits)
    kill: list[tuple[dict, str]] = []
    start = [c for c in spec.get("ephemeralContainers") or () if seen.newest(c["name"]) is None]
    initialized = any(seen.newest(c["name"]) for c in spec["containers"])
    if inits:
        wanted, go_on = _init_actions(pod, seen, inits, initialized, unhealthy, started, kill)
        start += wanted
        if not go_on:
            return Actions(kill=tuple(kill), start=tuple(start))
    keep = 0
    for container in spec["containers"]:
        newest = seen.newest(container["name"])
        if newest is None or newest.state != "running":
            if should_be_restarted(pod, container, newest):
                start.append(container)
            continue
        why = _why_kill(pod, container, newest, unhealthy)
        if not why:
            keep += 1
            continue
        kill.append((container, why))
        if "restart" in why:
            start.append(container)
    if not keep and not start:
        return Actions(kill_pod=True)
    return Actions(kill=tuple(kill), start=tuple(start))


def _from_nothing(pod: dict, seen: PodSeen, inits: list[dict]) -> Actions:
    """No sandbox: a new one, if anything is still to run in it; init containers come first, again."""
    wanted = [c for c in pod["spec"]["containers"] if should_be_restarted(pod, c, seen.newest(c["name"]))]
    if not wanted:
        return Actions(kill_pod=True)
    return Actions(create_sandbox=True, start=tuple(inits[:1] or wanted))


def _init_actions(pod: dict, seen: PodSeen, inits: list[dict], initialized: bool, unhealthy: Unhealthy, started: Started,
                  kill: list) -> tuple[list[dict], bool]:
    """Init containers one after another; sidecars stay. Returns what to start, and whether the others' turn has come."""
    start: list[dict] = []
    for container in inits:
        newest = seen.newest(container["name"])
        running = newest is not None and newest.state == "running"
        why = _why_unhealthy(pod, container, newest, unhealthy) if running else ""
        if why:
            kill.append((container, why))
        if is_sidecar(container):
            if not running or why:
                start.append(container)
            if not initialized and (not running or not started(container["name"], newest.id)):
                return start, False
            continue
        if initialized or newest is not None and newest.state == "exited" and newest.exit_code == 0:
            continue
        if not running and should_be_restarted(pod, container, newest):
            start.append(container)
        return start, False
    return start, True


def _why_kill(pod: dict, container: dict, newest: Seen, unhealthy: Unhealthy) -> str:
    if newest.asked != container["image"]:
        return f"Container {container['name']} definition changed, will be restarted"
    if resize_restarts(container, newest.resources):
        return f"Container {container['name']} resize requires restart"
    return _why_unhealthy(pod, container, newest, unhealthy)


def _why_unhealthy(pod: dict, container: dict, newest: Seen, unhealthy: Unhealthy) -> str:
    failed = unhealthy(container["name"], newest.id)
    again = "" if restart_policy(pod, container) == "Never" else ", will be restarted"
    return f"Container {container['name']} failed {failed} probe{again}" if failed else ""


def resize_restarts(container: dict, resources: dict) -> bool:
    """Does its policy want a restart for what changes between these resources and those of the spec?"""
    if resources == (container.get("resources") or {}):
        return False
    now, was = ([(one.get(kind) or {}) for kind in ("requests", "limits")] for one in (container.get("resources") or {}, resources))
    changed = {name for a, b in zip(now, was) for name in {*a, *b} if a.get(name) != b.get(name)}
    return any(policy["restartPolicy"] == "RestartContainer" and policy["resourceName"] in changed
               for policy in container.get("resizePolicy") or ())
