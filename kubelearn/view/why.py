"""why(): the chain of causes from a person's command to a value: who decided what, when, on what grounds, and the code that did.

Part of Kubernetes: none has it; law 6 makes it possible. Rule: every link is a revision of the history, nothing is guessed.
Leaves out: the middle of very long chains.
"""
from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from kubelearn.errors import bad_request
from kubelearn.view import deeds, states
from kubelearn.view.answer import Answer, Step
from kubelearn.view.refs import Ref, find

HEAD, TAIL = 5, 9  # links kept at the beginning and the end of a long chain
MODULES = {  # where an actor's decisions are made, unless the cluster's own parts say so
    "kubelet": "kubelet/kubelet.py", "default-scheduler": "scheduler/scheduler.py", "scheduler": "scheduler/scheduler.py",
}
STATES = {"Pod": states.pod_state, "Deployment": states.workload_state, "ReplicaSet": states.workload_state,
          "StatefulSet": states.workload_state, "DaemonSet": states.workload_state, "Job": states.job_state, "Node": states.node_state}


def why(cluster: object, what: object, field: str | None = None, namespace: str = "default") -> Answer:
    """Why an object is as it is, or why a field of it has its value.

    what: an object, 'pod/web-k2x' (the start of a generated name will do), or a revision. field: 'spec.nodeName', 'status.phase',
    or the type of a condition ('Ready'). Without it: the newest change of its state.
    """
    ref = find(cluster, what, namespace)
    with getattr(cluster, "lock", None) or nullcontext():
        history = cluster.registry.etcd.history(ref.resource, (ref.namespace, ref.name))
        end = what if hasattr(what, "verb") else _decisive(history, field)
        links = chain(cluster, end)
    began = 0.0 if hasattr(cluster, "clock") else links[0].time  # of a real cluster the seconds since the first link
    steps = [_step(cluster, link, began) for link in links]
    if len(steps) > HEAD + TAIL + 1:
        steps = [*steps[:HEAD], Step(f"... {len(steps) - HEAD - TAIL} links more ...", mark="⋮"), *steps[-TAIL:]]
    return Answer(_question(ref, end, field), steps)


def chain(cluster: object, end) -> list:
    """The revisions from the first cause to this one; a status written on the way that decided nothing is left out."""
    etcd = cluster.registry.etcd
    links, seen = [end], {end.revision}
    while (cause := links[-1].cause) is not None and cause not in seen and cause > etcd.first:
        seen.add(cause)
        links.append(etcd.log[cause - etcd.first - 1])
    told = [link for link in links if link is end or _matters(link)]
    told.reverse()
    return told


def _matters(link) -> bool:
    """It made, ended or changed something that a person would name."""
    return not deeds.deed(link).one.startswith(("wrote the status", "labelled"))


def _decisive(history: list, field: str | None):
    """The newest revision that changed the field, or the object's state."""
    read = (lambda obj: value(obj, field)) if field else STATES.get(history[-1].resource.kind, lambda obj: obj.get("spec"))
    if history[-1].verb == "delete" and not field:
        return history[-1]
    for revision in reversed(history):
        if revision.previous is None or read(revision.previous) != read(revision.object):
            return revision
    return history[-1]


def value(obj: dict, field: str) -> object:
    """'status.phase', 'spec.containers.0.image', or the status of a condition named by its type."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition["type"] == field:
            return condition["status"]
    found: object = obj
    for part in field.split("."):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict):
            found = found.get(part)
        else:
            return None
    return found


def _question(ref: Ref, end, field: str | None) -> str:
    if end.verb == "delete":
        return f"Why is {ref} gone?"
    if field:
        found = value(end.object, field)
        if found is None and (end.previous is None or value(end.previous, field) is None):
            raise bad_request(f"{ref} never had a field or condition {field!r}")
        return f"Why is {field} of {ref} {found}?"
    if end.verb == "create":
        return f"Why is there {ref}?"
    state = STATES.get(end.resource.kind)
    return f"Why is {ref} {state(end.object).word}?" if state else f"Why is {ref} as it is?"


def _step(cluster: object, link, began: float) -> Step:
    what = deeds.summary([link])
    reason = f": {link.because}" if link.because and link.because not in what else ""
    actor = deeds.actor_of(link)
    module = "" if getattr(link.request, "external", False) else module_of(cluster, link)
    return Step(f"{what}{reason}", f"{link.time - began:.2f} s", actor, module)


def module_of(cluster: object, link) -> str:
    """The path, in the package, of the code that wrote a revision."""
    name = link.actor.partition("/")[0]
    if name == "kubelet" and "probe" in link.because:
        return "kubelet/probes.py"
    part = getattr(cluster, "parts", {}).get(link.actor) or getattr(cluster, "parts", {}).get(name)
    module = type(part).__module__ if part is not None else ""
    if module.startswith("kubelearn.") and name not in MODULES:
        return str(Path(*module.split(".")[1:]).with_suffix(".py").as_posix())
    return MODULES.get(name, "")
