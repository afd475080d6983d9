"""A pod's status from what its node's last look at the runtime saw: phase, conditions, container statuses.

Part of Kubernetes: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase), pkg/kubelet/status/generate.go and
status_manager.go (mergePodStatus). Pure; what did not change is shared with the old status.
Leaves out: resize conditions, host IPs of two families.
"""
from __future__ import annotations

from kubelearn.api.usage import pod_total
from kubelearn.kubelet.container_status import NoProbes, PodSeen, apply_probes, container_should_restart, container_statuses, sidecars

TERMINAL = ("Succeeded", "Failed")
OWNED = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")  # in the order in which they are written
GROUPED = ("cpu", "memory")  # what a control group limits


def generate_pod_status(pod: dict, old: dict, seen: PodSeen, reasons: dict, probes: NoProbes, now: str, host_ip: str,
                        evicted: tuple[str, str] | None = None, terminal: bool = False, stopped: bool = False) -> tuple[dict, str]:
    """(the status to write, the phase that the pod is really in).

    old: the status written last. reasons: container -> why it could not be started. now: RFC 3339. evicted: (reason,
    message) of a pod that must fail. terminal: none of it will run again. stopped: and none runs any more; until then the
    phase stays what it was, so that nobody takes the pod's place too early.
    """
    spec = pod["spec"]
    inits = container_statuses(pod, spec.get("initContainers") or (), old.get("initContainerStatuses") or [], seen, reasons, "init")
    regulars = container_statuses(pod, spec["containers"], old.get("containerStatuses") or [], seen, reasons, "regular")
    apply_probes(spec, inits, regulars, probes)
    phase = "Failed" if evicted else get_phase(pod, inits, regulars, terminal)
    if old.get("phase") in TERMINAL:
        phase = old["phase"]
    new = {key: old[key] for key in ("qosClass", "startTime", "nominatedNodeName", "resourceClaimStatuses") if key in old}
    new["startTime"] = old.get("startTime") or now
    new["observedGeneration"] = pod["metadata"].get("generation", 1)
    new |= {"hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    address = host_ip if spec.get("hostNetwork") else seen.ip or old.get("podIP")
    if address:
        new |= {"podIP": address, "podIPs": [{"ip": address}]}
    new |= pod_resources(pod)
    new["conditions"] = pod_conditions(pod, old, seen, inits, regulars, phase, now)
    new["phase"] = phase if stopped or phase not in TERMINAL else old.get("phase", "Pending")
    if new["phase"] == "Failed" and (evicted or old.get("reason")):
        new["reason"], new["message"] = evicted or (old["reason"], old.get("message", ""))
    before = old.get("ephemeralContainerStatuses") or []
    ephemeral = container_statuses(pod, spec.get("ephemeralContainers") or (), before, seen, reasons, "ephemeral")
    for key, statuses in (("initContainerStatuses", inits), ("ephemeralContainerStatuses", ephemeral)):
        if statuses:
            new[key] = statuses
    new["containerStatuses"] = sorted(regulars, key=lambda status: status["name"])
    return shared(new, old), phase


def pod_resources(pod: dict) -> dict:
    """resources and allocatedResources of the pod as a whole: once it is Running, what its control group says.

    A group has a limit only where every container has one. Upstream: convertToAPIPodLevelResourcesStatus.
    """
    spec = pod["spec"]
    requests, limits = pod_total(spec, "requests"), pod_total(spec, "limits")
    allocated = {"allocatedResources": requests} if requests else {}
    if pod["status"].get("phase") == "Running":
        everything = [(c.get("resources") or {}).get("limits") or {} for c in [*(spec.get("initContainers") or ()), *spec["containers"]]]
        requests = {name: amount for name, amount in requests.items() if name in GROUPED}
        limits = {name: amount for name, amount in limits.items() if name in GROUPED and all(name in given for given in everything)}
    return allocated | {"resources": {key: value for key, value in (("limits", limits), ("requests", requests)) if value}}


def shared(new: dict, old: dict) -> dict:
    """new, with every field and list entry that equals old's taken from old."""
    if new == old:
        return old
    return {key: value if key not in old else old[key] if value == old[key] else _entries(value, old[key]) for key, value in new.items()}


def _entries(new: object, old: object) -> object:
    if isinstance(new, list) and len(new) == len(old):
        return [before if entry == before else entry for entry, before in zip(new, old)]
    return new


def summary(status: dict) -> str:
    """One line for the history: why this status is written."""
    said = []
    for container in [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]:
        kind, state = next(iter(container["state"].items()), ("waiting", {}))
        ready = (" again" if container["restartCount"] else "") + ("" if container["ready"] else ", not ready")
        text = {"running": f"runs{ready}", "waiting": f"waits: {state.get('reason', 'created')}",
                "terminated": f"ended: {state.get('reason', '')} ({state.get('exitCode', '')})"}[kind]
        said.append(f"{container['name']} {text}")
    return "; ".join(said)


def lost_containers(status: dict) -> dict:
    """A pod that is over: what of it has no end in the runtime is said to have failed. Upstream: TerminatePod."""
    gone = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None,
                           "message": "The container could not be located when the pod was terminated"}}
    statuses = status.get("containerStatuses") or []
    ran = any("terminated" in container["state"] for container in statuses)
    ended = [{**c, "state": gone} if ran and "terminated" not in c["state"] else c for c in statuses]
    return {**status, "containerStatuses": ended, "phase": status["phase"] if status["phase"] in TERMINAL else "Failed"}


# --- phase --------------------------------------------------------------------------------------------------------

def _kind_of_state(status: dict) -> str:
    """running, stopped, waiting: one that waits for its restart counts as stopped."""
    state = status["state"]
    if "running" in state:
        return "running"
    return "stopped" if "terminated" in state or "terminated" in (status.get("lastState") or {}) else "waiting"


def _exit_code(status: dict) -> int:
    return (status["state"].get("terminated") or (status.get("lastState") or {}).get("terminated") or {}).get("exitCode", 0)


def get_phase(pod: dict, inits: list[dict], regulars: list[dict], terminal: bool) -> str:
    """Pending, Running, Succeeded or Failed. terminal: nothing of it will ever run again."""
    spec = pod["spec"]
    staying = sidecars(spec)
    stay = [status for status in inits if status["name"] in staying]
    once = [status for status in inits if status not in stay]
    containers = {c["name"]: c for c in [*(spec.get("initContainers") or ()), *spec["containers"]]}
    failed = [s for s in once if _kind_of_state(s) == "stopped" and _exit_code(s)]
    if not all(container_should_restart(pod, containers[s["name"]], _exit_code(s)) for s in failed):
        return "Failed"
    initialized = any(_kind_of_state(status) != "waiting" for status in regulars)
    pending = bool(failed) or any(_kind_of_state(s) != "stopped" for s in once)
    pending = pending or not initialized and any(not s.get("started") and _kind_of_state(s) != "stopped" for s in stay)
    begins_anew = any(rule["action"] == "RestartAllContainers" for c in spec["containers"] for rule in c.get("restartPolicyRules") or ())
    kinds = ["waiting" if begins_anew and "waiting" in s["state"] else _kind_of_state(s) for s in regulars]
    if pending or "waiting" in kinds:
        return "Pending"
    if "running" in kinds or any(_kind_of_state(s) == "running" for s in stay):
        return "Running"
    if not terminal and any(container_should_restart(pod, containers[s["name"]], _exit_code(s)) for s in regulars):
        return "Running"
    return "Failed" if any(_exit_code(status) or "terminated" not in status["state"] for status in regulars) else "Succeeded"


# --- conditions ---------------------------------------------------------------------------------------------------

Verdict = tuple  # (status, reason, message)


def _names(text: str, names: list[str]) -> str:
    return f"containers with {text} status: [{' '.join(names)}]"


def _sandbox_condition(seen: PodSeen) -> Verdict:
    if seen.sandbox == "ready":
        return "True", "", ""
    return "False", "PodSandboxNotReady", "pod sandbox is not ready" if seen.sandbox else "no pod sandbox exists"


def _initialized_condition(spec: dict, inits: list[dict], regulars: list[dict], phase: str) -> Verdict:
    if phase == "Succeeded":
        return "True", "PodCompleted", ""
    if any(status["started"] or _kind_of_state(status) != "waiting" for status in regulars):
        return "True", "", ""
    staying = sidecars(spec)
    unready = [s["name"] for s in inits if not (s["started"] if s["name"] in staying else s["ready"])]
    return ("False", "ContainersNotInitialized", _names("incomplete", unready)) if unready else ("True", "", "")


def _containers_ready_condition(spec: dict, inits: list[dict], regulars: list[dict], phase: str) -> Verdict:
    if phase in TERMINAL:
        return "False", "PodCompleted" if phase == "Succeeded" else "PodFailed", ""
    counted = sidecars(spec) | {container["name"] for container in spec["containers"]}
    unready = [status["name"] for status in [*inits, *regulars] if not status["ready"] and status["name"] in counted]
    return ("False", "ContainersNotReady", _names("unready", unready)) if unready else ("True", "", "")


def ready_condition(pod: dict, containers_ready: Verdict) -> Verdict:
    if containers_ready[0] != "True" or not pod["spec"].get("readinessGates"):
        return containers_ready
    present = {c["type"]: c["status"] for c in pod["status"].get("conditions") or ()}
    missing = [f'the status of pod readiness gate "{kind}" is not "True", but {present[kind]}' if kind in present else
               f'corresponding condition of pod readiness gate "{kind}" does not exist.'
               for kind in (gate["conditionType"] for gate in pod["spec"]["readinessGates"]) if present.get(kind) != "True"]
    return ("False", "ReadinessGatesNotReady", ", ".join(missing)) if missing else ("True", "", "")


def pod_conditions(pod: dict, old: dict, seen: PodSeen, inits: list[dict], regulars: list[dict], phase: str, now: str) -> list[dict]:
    """Others' conditions first, then the kubelet's own. lastTransitionTime moves only when the status does."""
    spec = pod["spec"]
    containers_ready = _containers_ready_condition(spec, inits, regulars, phase)
    verdicts = (_sandbox_condition(seen), _initialized_condition(spec, inits, regulars, phase), ready_condition(pod, containers_ready),
                containers_ready, ("True", "", ""))
    written = {c["type"]: c for c in pod["status"].get("conditions") or ()} | {c["type"]: c for c in old.get("conditions") or ()}
    generation = pod["metadata"].get("generation", 1)
    conditions = [c for c in pod["status"].get("conditions") or () if c["type"] not in OWNED]
    for kind, (status, reason, message) in zip(OWNED, verdicts):
        before = written.get(kind)
        since = before["lastTransitionTime"] if before and before["status"] == status else now
        condition = {"type": kind, "status": status, "observedGeneration": generation, "lastProbeTime": None, "lastTransitionTime": since}
        condition |= {key: text for key, text in (("reason", reason), ("message", message)) if text}
        conditions.append(condition)
    return conditions
