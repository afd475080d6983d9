"""How an object is: a mark, kubectl's own word and a colour, so that no meaning hangs on the colour alone.

Part of Kubernetes: none; the words are those of `kubectl get` (apiserver.table). Running is split by what kubectl's READY
column says: Ready, NotReady, or Starting while a startup probe has yet to succeed.
Leaves out: ages.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple, TypeVar

from kubelearn.api.meta import condition, condition_is, is_deleting, owner_of
from kubelearn.apiserver import podcells

T = TypeVar("T")


class State(NamedTuple):
    """mark, word as kubectl prints it, role of the palette."""

    mark: str
    word: str
    role: str

    def __str__(self) -> str:
        return f"{self.mark} {self.word}"


WORDS = {  # kubectl's STATUS: mark and role; what is not listed is a failure
    "Pending": ("○", "muted"), "SchedulingGated": ("○", "muted"), "Available": ("○", "muted"), "Suspended": ("○", "muted"),
    "ContainerCreating": ("◐", "wait"), "PodInitializing": ("◐", "wait"), "Starting": ("◐", "wait"), "NotReady": ("◐", "wait"),
    "Released": ("◐", "wait"), "Terminating": ("▽", "muted"), "Completed": ("■", "muted"), "Succeeded": ("■", "muted"),
    "Complete": ("■", "muted"), "Ready": ("●", "good"), "Running": ("●", "good"), "Bound": ("●", "good"), "Active": ("●", "good"),
}


def state(word: str) -> State:
    """The state that a word of kubectl's means."""
    mark, role = WORDS.get(word, ("◐", "wait") if word.startswith("Init:") and word[5:6].isdigit() else ("✖", "bad"))
    return State(mark, word, role)


def remembered(read: Callable[[dict], T]) -> Callable[[dict], T]:
    """read(object), worked out once for each stored object: those never change (law 3), and the frames of a player share them."""
    known: dict[int, tuple[dict, T]] = {}

    @wraps(read)
    def reading(obj: dict) -> T:
        found = known.get(id(obj))
        if found is None or found[0] is not obj:
            if len(known) > 20_000:
                known.clear()
            found = known[id(obj)] = obj, read(obj)
        return found[1]
    return reading


@remembered
def pod_state(pod: dict) -> State:
    """STATUS as kubectl prints it, and Running told apart by readiness."""
    word = podcells.status(pod)
    if word != "Running":
        return state(word)
    if condition_is(pod, "Ready"):
        return state("Ready")
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return state("Starting" if any(s.get("started") is False and "running" in s.get("state", {}) for s in statuses) else "NotReady")


def node_state(node: dict) -> State:
    """Ready, NotReady, and SchedulingDisabled behind a comma."""
    word = "Ready" if condition_is(node, "Ready") else "NotReady"
    mark, word, role = state(word) if word == "Ready" else State("✖", word, "bad")
    cordoned = (node.get("spec") or {}).get("unschedulable")
    return State(mark, word + ",SchedulingDisabled", "wait" if role == "good" else role) if cordoned else State(mark, word, role)


def taints(node: dict) -> list[str]:
    """Those that a person has set; of Kubernetes' own the state tells. 'team=blue'"""
    found = (node.get("spec") or {}).get("taints") or ()
    return [f"{taint['key']}={taint.get('value', '')}".rstrip("=") for taint in found if "kubernetes.io/" not in taint["key"]]


def container_state(status: dict | None) -> State:
    """One containerStatus: Running, its waiting reason, or how it ended."""
    current = (status or {}).get("state") or {}
    if "running" in current:
        if status.get("ready"):
            return state("Running")
        return State("◐", "Running, not started yet" if status.get("started") is False else "Running, not ready", "wait")
    if "terminated" in current:
        return state(current["terminated"].get("reason") or f"ExitCode:{current['terminated'].get('exitCode', 0)}")
    return state((current.get("waiting") or {}).get("reason") or "Pending")


def workload_state(obj: dict) -> State:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet: ready/wanted as kubectl prints it, and whether it is on its way."""
    status, wanted = obj.get("status") or {}, wanted_pods(obj)
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    if is_deleting(obj):
        return State("▽", "Terminating", "muted")
    text, progressing = f"{ready}/{wanted} ready", condition(obj, "Progressing") or {}
    if progressing.get("status") == "False":
        return State("✖", f"{text} · {progressing.get('reason', '')}", "bad")
    if (obj.get("spec") or {}).get("paused"):
        return State("◐", f"{text} · paused", "wait")
    if obj["kind"] == "Deployment" and updating(obj):
        return State("◐" if ready < wanted else "●", f"{text} · updating", "wait" if ready < wanted else "good")
    return State("●", text, "good") if ready >= wanted else State("◐" if ready else "○", text, "wait" if ready else "muted")


def updating(deployment: dict) -> bool:
    """A rollout is under way: pods of an older template are still there, or not all new ones are."""
    status, wanted = deployment.get("status") or {}, wanted_pods(deployment)
    updated = status.get("updatedReplicas", 0)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return not seen or updated < wanted or status.get("replicas", 0) > updated


def wanted_pods(obj: dict) -> int:
    """How many pods the object asks for."""
    if obj["kind"] == "DaemonSet":
        return (obj.get("status") or {}).get("desiredNumberScheduled", 0)
    replicas = (obj.get("spec") or {}).get("replicas")
    return 1 if replicas is None else replicas


def job_state(job: dict) -> State:
    """Complete, Failed, Suspended or Running, as kubectl's STATUS column says, and how many of its completions are done."""
    spec, status = job.get("spec") or {}, job.get("status") or {}
    done, of = status.get("succeeded", 0), spec.get("completions") or 1
    for word in ("Complete", "Failed", "Suspended"):
        if condition_is(job, word):
            return State(state(word).mark, f"{word} {done}/{of}", state(word).role)
    return State("◐", f"Running {done}/{of}", "wait")


def generation(obj: dict) -> str:
    """The image tag that tells revisions apart; "" where there is none."""
    spec = obj.get("spec") or {}
    containers = ((spec.get("template") or {}).get("spec") or spec).get("containers") or [{}]
    return containers[0].get("image", "")


def tag(image: str) -> str:
    """'nginx:1.25' -> '1.25'; a digest or no tag -> ''."""
    last = image.rpartition("/")[2]
    return last.partition(":")[2] if ":" in last and "@" not in last else ""


def restarts(pod: dict) -> int:
    return sum(s.get("restartCount", 0) for s in (pod.get("status") or {}).get("containerStatuses") or ())


def ready_count(pod: dict) -> tuple[int, int]:
    """kubectl's READY column."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return sum(bool(s.get("ready")) for s in statuses), len((pod.get("spec") or {}).get("containers") or ())


def describe(pod: dict) -> str:
    """The hover text: what `kubectl get pods -o wide` says of it."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    ready, of = ready_count(pod)
    owner = owner_of(pod)
    parts = [f"pod {pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}", f"{podcells.status(pod)} {ready}/{of}",
             f"restarts {restarts(pod)}", spec.get("nodeName") and f"on {spec['nodeName']}", status.get("podIP"),
             ", ".join(c.get("image", "") for c in spec.get("containers") or ()), owner and f"owned by {owner['kind']} {owner['name']}"]
    return " · ".join(part for part in parts if part)
