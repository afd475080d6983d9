"""A pod in one line: READY, STATUS and RESTARTS as `kubectl get pods` prints them.

Part of Kubernetes: pkg/printers/internalversion (printPod). Law 1: the words are the server's own; pictures use them too.
Leaves out: nothing that a pod of this cluster can show.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.api.meta import condition_is, find_condition


def ready(pod: dict) -> str:
    """'1/2': how many containers are ready, of how many; sidecars count."""
    return "{}/{}".format(*_summary(pod)[:2])


def status(pod: dict) -> str:
    """'Running', 'CrashLoopBackOff', 'Init:0/2', 'Terminating'..."""
    return _summary(pod)[2]


def restarts_ago(pod: dict, age: Callable[[str], str]) -> str:
    """'3 (2m5s ago)': how many, and how long ago the last run before the present one ended."""
    count, last = _summary(pod)[3:]
    return f"{count} ({age(last)} ago)" if count and last else str(count)


def readiness_gates(pod: dict) -> str:
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return "<none>"
    return f"{sum(condition_is(pod, gate['conditionType']) for gate in gates)}/{len(gates)}"


_last: tuple[dict | None, tuple] = (None, ())  # three columns ask about the same pod in turn


def _summary(pod: dict) -> tuple[int, int, str, int, str]:
    global _last
    if _last[0] is not pod:
        _last = (pod, _summarize(pod))
    return _last[1]


def _summarize(pod: dict) -> tuple[int, int, str, int, str]:
    spec, state = pod["spec"], pod.get("status") or {}
    inits = {container["name"]: container for container in spec.get("initContainers") or ()}
    sidecars = {name for name, container in inits.items() if container.get("restartPolicy") == "Always"}
    first = state.get("initContainerStatuses") or []
    reason, ready_count = _first_reason(state), 0
    initializing, restarted, last = False, 0, ""
    for index, container in enumerate(first):
        restarted, last = restarted + container.get("restartCount", 0), max(last, _ended(container))
        word = _init_word(container, container["name"] in sidecars, index, len(inits))
        if word:
            reason, initializing = word, True
            break
        ready_count += container["name"] in sidecars and container.get("started", False) and container.get("ready", False)
    if not initializing or condition_is(pod, "Initialized"):
        own = state.get("containerStatuses") or []
        counted = [c for c in first if c["name"] in sidecars] + own
        restarted, last = sum(c.get("restartCount", 0) for c in counted), max(map(_ended, counted), default="")
        reason, running = _container_reason(reason, own, condition_is(pod, "Ready"))
        ready_count += running
    return ready_count, len(spec.get("containers") or ()) + len(sidecars), _if_deleted(pod, state, reason), restarted, last


def _first_reason(state: dict) -> str:
    if (find_condition(state.get("conditions"), "PodScheduled") or {}).get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return state.get("reason") or state.get("phase") or ""


def _init_word(container: dict, sidecar: bool, index: int, total: int) -> str:
    """What an init container that holds up the pod makes its status; '' if it does not."""
    state = container.get("state") or {}
    ended, waiting = state.get("terminated"), state.get("waiting")
    if ended is not None and not ended.get("exitCode") or sidecar and container.get("started"):
        return ""
    if ended is not None:
        return f"Init:{_exit_word(ended)}"
    if waiting is not None and waiting.get("reason") not in (None, "", "PodInitializing"):
        return f"Init:{waiting['reason']}"
    return f"Init:{index}/{total}"


def _exit_word(ended: dict) -> str:
    return ended.get("reason") or (f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}")


def _container_reason(reason: str, containers: list[dict], pod_is_ready: bool) -> tuple[str, int]:
    """What the containers make of the reason so far (the first of them has the last word), and how many run and are ready."""
    running, failed = 0, ""
    for container in reversed(containers):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif ended is not None:
            reason = _exit_word(ended)
            failed = reason if ended.get("exitCode") else failed
        elif container.get("ready") and state.get("running") is not None:
            running += 1
    if reason == "Completed":
        reason = "Running" if running and pod_is_ready else failed or ("NotReady" if running else reason)
    return reason, running


def _if_deleted(pod: dict, state: dict, reason: str) -> str:
    if "deletionTimestamp" not in pod["metadata"]:
        return reason
    if state.get("reason") == "NodeLost":
        return "Unknown"
    return reason if state.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _ended(container: dict) -> str:
    return ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
