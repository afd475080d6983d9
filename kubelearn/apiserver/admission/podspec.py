"""What admission adds to a new pod: resource defaults, service account and its token, priority, tolerations, runtime class.

Part of Kubernetes: plugin/pkg/admission/limitranger, serviceaccount, priority, defaulttolerationseconds, runtimeclass.
Law 3: the pod's author's objects stay as they are. Pods made from one template come with one spec object, and leave with one
spec object: what was worked out for the first is handed to all, as long as what it was worked out from is the same.
So the token volumes of such pods share their generated name, where upstream draws one for each pod.
"""
from __future__ import annotations

from collections.abc import Callable

from kubelearn import errors
from kubelearn.api.meta import annotations_of
from kubelearn.api.names import ALPHABET
from kubelearn.apiserver.admission import limitranger
from kubelearn.apiserver.request import Attributes

TOKEN_PATH, TOKEN_VOLUME = "/var/run/secrets/kubernetes.io/serviceaccount", "kube-api-access-"
TOKEN_SOURCE = {"defaultMode": 420, "sources": [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}}]}
NODE_LOST = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
GRACE_ON_LOST_NODE = 300  # seconds that a pod stays on a node that is not ready or out of reach
MEMORY = 500  # specs remembered


def admit(attributes: Attributes, store) -> dict:
    """The pod with all that admission adds; pods that share a spec share the result."""
    pod, namespace = attributes.new, attributes.namespace
    spec, mirror = pod["spec"], "kubernetes.io/config.mirror" in annotations_of(pod)
    surroundings = _surroundings(spec, namespace, store)
    memory = store.admitted_specs  # (id of the incoming spec, namespace) -> (that spec, its surroundings, the answer)
    known = memory.get((id(spec), namespace))
    if known and known[0] is spec and not mirror and _same(known[1], surroundings):
        return _with(pod, *known[2])
    answer = _admitted(attributes, spec, store, surroundings, mirror)
    if not mirror:
        if len(memory) >= MEMORY:
            memory.clear()
        memory[id(spec), namespace] = (spec, surroundings, answer)
    return _with(pod, *answer)


def _with(pod: dict, spec: dict, limits_set: str) -> dict:
    new = {**pod, "spec": spec}
    if limits_set:
        annotations = {**annotations_of(pod), limitranger.ANNOTATION: limits_set}
        new["metadata"] = {**pod["metadata"], "annotations": annotations}
    return new


def _surroundings(spec: dict, namespace: str, store) -> tuple:
    """The stored objects that the answer depends on, or None where one is not there."""
    def find(kind: str, where: str, name: str | None) -> dict | None:
        return store.find(store.resources.find(kind), where, name) if name else None
    account = find("ServiceAccount", namespace, spec.get("serviceAccountName") or "default")
    runtime = find("RuntimeClass", "", spec.get("runtimeClassName"))
    limits = store.objects(store.resources.find("LimitRange"), namespace)
    return (account, _priority_class(spec, store, find), runtime, *limits)


def _priority_class(spec: dict, store, find: Callable) -> dict | None:
    if spec.get("priorityClassName"):
        return find("PriorityClass", "", spec["priorityClassName"])
    defaults = [c for c in store.objects(store.resources.find("PriorityClass")) if c.get("globalDefault")]
    return min(defaults, key=lambda c: c["value"], default=None)


def _same(before: tuple, now: tuple) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now))


def _admitted(attributes: Attributes, spec: dict, store, surroundings: tuple, mirror: bool) -> tuple[dict, str]:
    """The spec after each plugin in upstream's order, and what LimitRanger says that it set."""
    def refuse(text: str):
        raise errors.forbidden(attributes.resource.name, attributes.name, text)
    account, priority, runtime, *limits = surroundings
    spec, limits_set = limitranger.with_defaults(spec, limits)
    if not mirror:
        spec = _with_service_account(spec, account, attributes.namespace, store, refuse)
    spec = _with_priority(spec, priority, refuse)
    spec = _with_tolerations(spec)
    return _with_runtime_class(spec, runtime, refuse), limits_set


# --- ServiceAccount -----------------------------------------------------------------------------------------------

def _with_service_account(spec: dict, account: dict | None, namespace: str, store, refuse: Callable) -> dict:
    name = spec.get("serviceAccountName") or "default"
    if account is None:
        refuse(f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found')
    spec = {**spec, "serviceAccountName": name, "serviceAccount": name}
    if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    return _with_token(spec, store) if wanted else spec


def _with_token(spec: dict, store) -> dict:
    """The account's token, as a volume that every container mounts unless it mounts something of its own there."""
    volumes = spec.get("volumes") or []
    present = next((volume["name"] for volume in volumes if volume["name"].startswith(TOKEN_VOLUME)), None)
    name = present or TOKEN_VOLUME + "".join(store.random.choices(ALPHABET, k=5))
    mount, mounted = {"mountPath": TOKEN_PATH, "name": name, "readOnly": True}, False
    for group in ("initContainers", "containers"):
        if spec.get(group):
            containers = [_with_mount(container, mount) for container in spec[group]]
            mounted |= any(new is not old for new, old in zip(containers, spec[group]))
            spec = {**spec, group: containers}
    if mounted and not present:
        spec = {**spec, "volumes": [*volumes, {"name": name, "projected": TOKEN_SOURCE}]}
    return spec


def _with_mount(container: dict, mount: dict) -> dict:
    mounts = container.get("volumeMounts") or []
    if any(other.get("mountPath") == TOKEN_PATH for other in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}


# --- Priority, DefaultTolerationSeconds, RuntimeClass ---------------------------------------------------------------

def _with_priority(spec: dict, found: dict | None, refuse: Callable) -> dict:
    name = spec.get("priorityClassName")
    if name and found is None:
        refuse(f"no PriorityClass with name {name} was found")
    value, policy = (found["value"], found.get("preemptionPolicy", "PreemptLowerPriority")) if found else (0, "PreemptLowerPriority")
    if spec.get("priority", value) != value:
        refuse(f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority admission controller "
               f"computed {value} from the given PriorityClass name")
    if spec.get("preemptionPolicy", policy) != policy:
        refuse(f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; priority admission "
               f"controller computed {policy} from the given PriorityClass name")
    named = {"priorityClassName": found["metadata"]["name"]} if found else {}
    return {**spec, **named, "priority": value, "preemptionPolicy": policy}


def _with_tolerations(spec: dict) -> dict:
    """A pod stays five minutes on a node that is lost, unless it says otherwise."""
    present = spec.get("tolerations") or []
    added = [{"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": GRACE_ON_LOST_NODE}
             for key in NODE_LOST if not any(t.get("key", key) in (key, "") and t.get("effect", "") in ("", "NoExecute") for t in present)]
    return {**spec, "tolerations": [*present, *added]} if added else spec


def tolerate(attributes: Attributes, store) -> dict:
    """The same of a pod that changes."""
    spec = _with_tolerations(attributes.new["spec"])
    return attributes.new if spec is attributes.new["spec"] else {**attributes.new, "spec": spec}


def _with_runtime_class(spec: dict, found: dict | None, refuse: Callable) -> dict:
    name = spec.get("runtimeClassName")
    if name and found is None:
        refuse(f'pod rejected: RuntimeClass "{name}" not found')
    overhead = ((found or {}).get("overhead") or {}).get("podFixed")
    if spec.get("overhead") and not overhead:
        refuse("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
    if overhead and spec.get("overhead", overhead) != overhead:
        refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if overhead:
        spec = {**spec, "overhead": overhead}
    scheduling = (found or {}).get("scheduling") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if (spec.get("nodeSelector") or {}).get(key, value) != value:
            refuse(f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                   f"pod.spec.nodeSelector[{key}] = {spec['nodeSelector'][key]}")
        spec = {**spec, "nodeSelector": {**(spec.get("nodeSelector") or {}), key: value}}
    new = [t for t in scheduling.get("tolerations") or () if t not in (spec.get("tolerations") or ())]
    return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *new]} if new else spec
