"""why_not(): what keeps an object from being ready, in the system's own words: the image, the scheduler's reason, the probe.

Part of Kubernetes: what a practised person reads off `describe` and the events. Rule: it names what the status and the events say,
and where nothing says anything, that.
Leaves out: what lies outside the API, such as a program that answers wrongly.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext

from kubelearn.api.meta import condition, condition_is, is_deleting, owner_of, uid_of
from kubelearn.view import states
from kubelearn.view.answer import Answer, Step
from kubelearn.view.refs import find
from kubelearn.view.world import World, world_of


def why_not(cluster: object, what: object, namespace: str = "default") -> Answer:
    """Why an object is not ready. what as in why()."""
    ref = find(cluster, what, namespace)
    with getattr(cluster, "lock", None) or nullcontext():
        world = world_of(cluster)
        obj = world.get(ref.resource.kind, ref.name, ref.namespace)
        if obj is None:
            return Answer(f"Why is {ref} not there?", [Step("it is gone; why() says who ended it", mark="✖")])
        found = list(dict.fromkeys(KINDS.get(ref.resource.kind, _unknown)(world, obj)))
    if not found:
        return Answer(f"{ref} is as it should be.", [])
    return Answer(f"Why is {ref} not {GOAL.get(ref.resource.kind, 'ready')}?", [Step(text, mark=mark) for mark, text in found])


Finding = tuple[str, str]


def _unknown(world: World, obj: dict) -> Iterable[Finding]:
    yield from _warnings(world, obj)


# --- pods -------------------------------------------------------------------------------------------------------------


def _pod(world: World, pod: dict) -> Iterable[Finding]:
    state = states.pod_state(pod)
    if state.word == "Ready":
        return
    if is_deleting(pod):
        holds = f"; finalizers hold it: {', '.join(pod['metadata']['finalizers'])}" if pod["metadata"].get("finalizers") else ""
        yield "▽", f"it is being deleted and has {pod['metadata'].get('deletionGracePeriodSeconds', 0)} s to end{holds}"
        return
    yield state.mark, f"its state is {state.word}"
    if not (pod.get("spec") or {}).get("nodeName"):
        yield from _unscheduled(pod)
        return
    if (pod.get("status") or {}).get("message"):
        yield "✖", pod["status"]["message"]
    waiting = [found for each in _containers(pod) for found in _container(world, pod, *each)]
    yield from waiting
    if len(waiting) == 0 or state.mark == "◐":
        yield from _warnings(world, pod)


def _unscheduled(pod: dict) -> Iterable[Finding]:
    said = condition(pod, "PodScheduled")
    gates = (pod.get("spec") or {}).get("schedulingGates")
    if gates:
        yield "○", f"scheduling gates hold it: {', '.join(gate['name'] for gate in gates)}"
    elif said and said["status"] == "False":
        yield "✖", f"the scheduler found no node: {said.get('message', said.get('reason', ''))}"
    else:
        yield "○", "no scheduler has looked at it: time stands still, the scheduler is stopped, or it waits for one of another name"


CONTAINERS = (("init container", "initContainers", "initContainerStatuses"), ("container", "containers", "containerStatuses"))


def _containers(pod: dict) -> Iterable[tuple[str, dict, dict]]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for kind, containers, statuses in CONTAINERS:
        found = {s["name"]: s for s in status.get(statuses) or ()}
        for container in spec.get(containers) or ():
            if container["name"] in found:
                yield kind, container, found[container["name"]]


def _container(world: World, pod: dict, kind: str, container: dict, status: dict) -> Iterable[Finding]:
    current, name = status.get("state") or {}, f"{kind} {container['name']}"
    waiting, ended = current.get("waiting"), current.get("terminated") or (status.get("lastState") or {}).get("terminated")
    if waiting and waiting.get("reason") in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
        yield "✖", f"{name} has no image: {container.get('image')} cannot be pulled: {_pull_message(world, pod, waiting)}"
    elif waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
        yield "✖", f"{name} waits: {waiting.get('reason')}{': ' + waiting['message'] if waiting.get('message') else ''}"
    if ended and not status.get("ready") and (ended.get("exitCode") or kind == "container") and "running" not in current:
        count = status.get("restartCount", 0)
        yield "✖", (f"{name} ended with exit code {ended.get('exitCode')} ({ended.get('reason', '')}), restarted {count} times: "
                    f"`kubectl logs {pod['metadata']['name']} -c {container['name']}{' --previous' if waiting else ''}` has its last words")
    if "running" in current and kind == "container" and not status.get("ready"):
        yield from _probe(container, status)


def _pull_message(world: World, pod: dict, waiting: dict) -> str:
    """What the registry said: in the waiting message, else in the event of the failed pull."""
    failed = [e["message"] for e in events(world, pod) if e.get("reason") == "Failed" and "ailed to pull" in e.get("message", "")]
    said = failed[-1] if failed else waiting.get("message", waiting.get("reason", ""))
    return said.rpartition("failed to resolve image: ")[2]  # without who told whom on the way


def _probe(container: dict, status: dict) -> Iterable[Finding]:
    probe = "startupProbe" if status.get("started") is False and "startupProbe" in container else "readinessProbe"
    if probe not in container:
        return
    asked = container[probe]
    how = next((key for key in ("httpGet", "tcpSocket", "exec", "grpc") if key in asked), "")
    target = asked.get(how) or {}
    where = " ".join(str(part) for part in (target.get("path"), target.get("port"), *target.get("command", ())) if part)
    yield "◐", f"container {container['name']} runs, its {probe} ({how} {where}) has not succeeded"


def events(world: World, obj: dict) -> list[dict]:
    """The events about an object, oldest first."""
    metadata = obj["metadata"]
    found = [e for e in world.list("Event", metadata.get("namespace") or "default")
             if (about := e.get("involvedObject") or {}).get("name") == metadata["name"] and about.get("kind") == obj["kind"]
             and about.get("uid") in (None, metadata.get("uid"), metadata["name"])]
    return sorted(found, key=_when)


def _when(event: dict) -> tuple[str, str]:
    return event.get("lastTimestamp") or event.get("eventTime") or "", event["metadata"].get("resourceVersion", "").zfill(12)


def _warnings(world: World, obj: dict) -> Iterable[Finding]:
    newest = {e.get("reason"): e for e in events(world, obj) if e.get("type") == "Warning"}
    for reason, event in list(newest.items())[-2:]:
        yield "✖", f"event {reason}: {event.get('message', '')}"


# --- what owns pods ---------------------------------------------------------------------------------------------------


def _workload(world: World, obj: dict) -> Iterable[Finding]:
    state, wanted = states.workload_state(obj), states.wanted_pods(obj)
    if state.mark == "●" and "updating" not in state.word:
        return
    yield state.mark, state.word
    for kind in ("Progressing", "ReplicaFailure"):
        said = condition(obj, kind)
        if said and said["status"] == ("False" if kind == "Progressing" else "True"):
            yield "✖", f"{said.get('reason', kind)}: {said.get('message', '')}"
    children = [rs for rs in world.list("ReplicaSet", obj["metadata"]["namespace"]) if (owner_of(rs) or {}).get("uid") == uid_of(obj)]
    for child in children:
        failure = condition(child, "ReplicaFailure")
        if failure and failure["status"] == "True":
            yield "✖", f"{child['metadata']['name']} cannot create pods: {failure.get('message', '')}"
    yield from _pods_of(world, {uid_of(obj), *map(uid_of, children)}, obj["metadata"]["namespace"], wanted)


def _pods_of(world: World, owners: set[str], namespace: str, wanted: int) -> Iterable[Finding]:
    pods = [pod for pod in world.list("Pod", namespace) if (owner_of(pod) or {}).get("uid") in owners]
    if not pods and wanted:
        yield "○", "it has no pods: its controller has not acted, or may not create them"
    said: dict[tuple, list[str]] = {}
    for pod in pods:
        reasons = tuple(_pod(world, pod))
        if reasons:
            said.setdefault(tuple(text.replace(pod["metadata"]["name"], "...") for _, text in reasons), []).append(pod["metadata"]["name"])
    for names, reasons in ((names, reasons) for reasons, names in said.items()):
        for reason in reasons[1:] or reasons:
            yield "✖", f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason.replace('...', names[0], 1)}"


def _job(world: World, job: dict) -> Iterable[Finding]:
    if condition_is(job, "Complete"):
        return
    yield states.job_state(job).mark, states.job_state(job).word
    failed = condition(job, "Failed")
    if failed and failed["status"] == "True":
        yield "✖", f"{failed.get('reason', '')}: {failed.get('message', '')}"
    yield from _pods_of(world, {uid_of(job)}, job["metadata"]["namespace"], 1)


# --- what leads to pods, and what pods need ---------------------------------------------------------------------------


def _service(world: World, service: dict) -> Iterable[Finding]:
    spec, namespace = service.get("spec") or {}, service["metadata"]["namespace"]
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("selector"):
        yield "○", "it has no selector: nobody fills its endpoints"
        return
    pods = world.list("Pod", namespace)
    matching = [pod for pod in pods if spec["selector"].items() <= (pod["metadata"].get("labels") or {}).items()]
    if not matching:
        labels = sorted({_labels(pod["metadata"]["labels"]) for pod in pods if pod["metadata"].get("labels")})
        yield "✖", f"its selector {_labels(spec['selector'])} matches no pod; pods here have: {'; '.join(labels) or 'no labels'}"
    elif not any(condition_is(pod, "Ready") for pod in matching):
        yield "◐", f"its selector matches {len(matching)} pods, none is Ready"
        for pod in matching[:3]:
            yield from ((mark, f"{pod['metadata']['name']}: {text}") for mark, text in _pod(world, pod))
    for pod in matching[:1]:
        yield from _ports(spec, pod)


def _labels(labels: dict) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _ports(spec: dict, pod: dict) -> Iterable[Finding]:
    """A target port that no container of the pod names or declares."""
    declared = [port for c in pod["spec"].get("containers") or () for port in c.get("ports") or ()]
    known = {port.get("name") for port in declared} | {port["containerPort"] for port in declared}
    for port in spec.get("ports") or ():
        target = port.get("targetPort", port["port"])
        if declared and target not in known:
            listed = ", ".join(str(p["containerPort"]) + (f" ({p['name']})" if p.get("name") else "") for p in declared)
            yield "✖", f"port {port['port']} leads to targetPort {target}; the pods declare {listed}"


def _claim(world: World, claim: dict) -> Iterable[Finding]:
    if (claim.get("status") or {}).get("phase") == "Bound":
        return
    name = (claim.get("spec") or {}).get("storageClassName")
    storage = world.get("StorageClass", name) if name else None
    yield "○", f"it is {(claim.get('status') or {}).get('phase', 'Pending')}"
    if name is None:
        yield "✖", "it names no StorageClass, the cluster has no default one, and no free PersistentVolume fits"
    elif storage is None and name:
        yield "✖", f"there is no StorageClass {name}"
    elif storage and storage.get("volumeBindingMode") == "WaitForFirstConsumer":
        yield "○", f"StorageClass {name} waits for the first pod that uses the claim (WaitForFirstConsumer)"
    yield from _warnings(world, claim)
    yield from ((("○"), f"event {e['reason']}: {e['message']}") for e in events(world, claim)[-1:] if e.get("type") == "Normal")


def _node(world: World, node: dict) -> Iterable[Finding]:
    ready = condition(node, "Ready") or {"status": "Unknown"}
    if ready["status"] != "True":
        yield "✖", f"Ready is {ready['status']}: {ready.get('message') or ready.get('reason', '')}"
    if (node.get("spec") or {}).get("unschedulable"):
        yield "◐", "it is cordoned: kubectl uncordon lets pods come again"
    for taint in (node.get("spec") or {}).get("taints") or ():
        yield "◐", f"taint {taint['key']}:{taint['effect']} keeps pods away that do not tolerate it"


KINDS: dict[str, Callable[[World, dict], Iterable[Finding]]] = {
    "Pod": _pod, "Deployment": _workload, "ReplicaSet": _workload, "StatefulSet": _workload, "DaemonSet": _workload, "Job": _job,
    "Service": _service, "PersistentVolumeClaim": _claim, "Node": _node,
}
GOAL = {"Pod": "Ready", "Job": "complete", "Service": "reachable", "PersistentVolumeClaim": "Bound", "Node": "Ready"}
