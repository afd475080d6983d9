"""How much an object uses: what a pod asks for in all, and what any object takes of a quota.

Part of Kubernetes: component-helpers resource/helpers.go (PodRequests, PodLimits) and pkg/quota/v1/evaluator/core.
The scheduler, LimitRanger, the quota admission and the quota controller all count with this one.
Leaves out: dynamic resource claims, resources resized in place but not yet by the kubelet.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import wraps

from kubelearn.api import quantity
from kubelearn.api.memo import MISSING, IdentityMemo, remembered
from kubelearn.api.meta import annotations_of

Amounts = dict[str, "Fraction | int"]  # resource name -> how much

COMPUTE = ("cpu", "memory", "ephemeral-storage")
MUST_SPECIFY = ("cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory")  # of every container, where under quota
COUNTED_BY_PLURAL = frozenset(("services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims"))


def amounts(listed: dict | None) -> Amounts:
    return {name: quantity.parse(amount) for name, amount in (listed or {}).items()}


_known = IdentityMemo(2048)  # pods of one template share their containers, and are asked again and again


def _once(work: Callable[[dict, str], dict]) -> Callable[[dict, str], dict]:
    """A function of what concerns resources in a pod's spec, worked out once for all pods that share it. Not to be modified."""
    @wraps(work)
    def remember(spec: dict, what: str) -> dict:
        besides = (spec.get("initContainers"), spec.get("overhead"), spec.get("resources"))
        known = _known.get(spec["containers"])
        if known is MISSING or not all(a is b for a, b in zip(known[0], besides)):
            known = (besides, {})
            _known.put(spec["containers"], known)
        key = (work, what)
        if key not in known[1]:
            known[1][key] = work(spec, what)
        return known[1][key]
    return remember


@_once
def pod_amounts(spec: dict, what: str) -> Amounts:
    """What a pod asks for ('requests') or is limited to ('limits'), all containers taken together.

    Containers and sidecars run at once; an ordinary init container runs alone with the sidecars started before it.
    """
    def asked(container: dict) -> Amounts:
        return amounts((container.get("resources") or {}).get(what))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            sidecars = add(sidecars, asked(container))
            peak = most(peak, sidecars)
        else:
            peak = most(peak, add(sidecars, asked(container)))
    total = sidecars
    for container in spec["containers"]:
        total = add(total, asked(container))
    total = most(total, peak) | amounts((spec.get("resources") or {}).get(what))  # the pod's own figure wins
    overhead = amounts(spec.get("overhead"))
    return add(total, overhead if what == "requests" else {name: amount for name, amount in overhead.items() if name in total})


@_once
def pod_total(spec: dict, what: str) -> dict[str, str]:
    """pod_amounts as texts, in the form in which the pod's author wrote them."""
    forms = {name: quantity.form_of(amount) for container in (*(spec.get("initContainers") or ()), *spec["containers"])
             for name, amount in ((container.get("resources") or {}).get(what) or {}).items()}
    return {name: quantity.format(amount, forms.get(name, "DecimalSI")) for name, amount in pod_amounts(spec, what).items()}


def add(a: Amounts, b: Amounts) -> Amounts:
    return {**a, **{name: a.get(name, 0) + amount for name, amount in b.items()}} if b else a


def most(a: Amounts, b: Amounts) -> Amounts:
    return {**a, **{name: max(a.get(name, 0), amount) for name, amount in b.items()}} if b else a


def total(parts: Iterable[Amounts]) -> Amounts:
    result: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            result[name] = result.get(name, 0) + amount
    return result


# --- quota --------------------------------------------------------------------------------------------------------

def of_object(resource: object, obj: dict) -> Amounts:
    """What one object takes of a quota, under each name by which a quota may count it."""
    count = f"count/{resource.plural}.{resource.group}" if resource.group else f"count/{resource.plural}"
    used: Amounts = {count: 1}
    if resource.name in COUNTED_BY_PLURAL:
        used[resource.plural] = 1
    special = OF_KIND.get(resource.name)
    return {**used, **special(obj)} if special else used


def of_pod(pod: dict) -> Amounts:
    """A pod that has ended takes nothing but its place in the count of objects."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return {}
    return {"pods": 1, **_named(pod_amounts(pod["spec"], "requests"), pod_amounts(pod["spec"], "limits"))}


def _named(requests: Amounts, limits: Amounts) -> Amounts:
    """cpu is counted as 'cpu', 'requests.cpu' and 'limits.cpu'; an extended resource only as a request."""
    used: Amounts = {}
    for name, amount in requests.items():
        used[f"requests.{name}"] = amount
        if name in COMPUTE or name.startswith("hugepages-"):
            used[name] = amount
    used.update((f"limits.{name}", amount) for name, amount in limits.items() if name in COMPUTE)
    return used


def of_service(service: dict) -> Amounts:
    spec, kind = service["spec"], service["spec"].get("type", "ClusterIP")
    ports = len(spec.get("ports") or ())
    if kind == "LoadBalancer":
        allocated = spec.get("allocateLoadBalancerNodePorts") is not False
        with_port = sum("nodePort" in port for port in spec.get("ports") or ())
        return {"services.loadbalancers": 1, "services.nodeports": ports if allocated else with_port}
    return {"services.nodeports": ports} if kind == "NodePort" else {}


def of_claim(claim: dict) -> Amounts:
    spec, status = claim["spec"], claim.get("status") or {}
    storage = quantity.parse(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0))
    given = (status.get("allocatedResources") or {}).get("storage")
    storage = max(storage, quantity.parse(given)) if given else storage
    used: Amounts = {"requests.storage": storage}
    name = annotations_of(claim).get("volume.beta.kubernetes.io/storage-class", spec.get("storageClassName"))
    if name:
        prefix = f"{name}.storageclass.storage.k8s.io/"
        used |= {prefix + "persistentvolumeclaims": 1, prefix + "requests.storage": storage}
    return used


OF_KIND = {"pods": of_pod, "services": of_service, "persistentvolumeclaims": of_claim}


def not_specified(pod: dict, hard: Iterable[str]) -> str:
    """Upstream's words for what containers must say because a quota counts it; '' where they do."""
    missing = []
    if (pod["spec"].get("resources") or {}).get("requests") or (pod["spec"].get("resources") or {}).get("limits"):
        return ""
    for name in sorted(set(hard) & set(MUST_SPECIFY)):
        containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
        silent = sorted({c["name"] for c in containers if name not in _named(*(amounts((c.get("resources") or {}).get(what))
                                                                               for what in ("requests", "limits")))})
        if silent:
            missing.append(f"{name} for: {','.join(silent)}")
    return f"must specify {'; '.join(missing)}" if missing else ""


def in_scope(quota: dict, resource: object, obj: dict) -> bool:
    """Whether a quota with scopes looks at this object; one without looks at all."""
    spec = quota["spec"]
    wanted = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    wanted += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return all(resource.name == "pods" and _matches(scope, obj) for scope in wanted)


def _matches(scope: dict, pod: dict) -> bool:
    match scope["scopeName"]:
        case "Terminating" | "NotTerminating" as name:
            return (pod["spec"].get("activeDeadlineSeconds") is not None) == (name == "Terminating")
        case "BestEffort" | "NotBestEffort" as name:
            requests, limits = (pod_amounts(pod["spec"], what) for what in ("requests", "limits"))
            best = not any((*requests.values(), *limits.values()))
            return best == (name == "BestEffort")
        case "PriorityClass":
            return _selected(scope, pod["spec"].get("priorityClassName"))
    return False


def _selected(scope: dict, value: str | None) -> bool:
    match scope["operator"]:
        case "In":
            return value in scope["values"]
        case "NotIn":
            return value not in scope["values"]
        case "Exists":
            return bool(value)
    return not value


def of_namespace(quota: dict, objects: Iterable[tuple[object, dict]]) -> Amounts:
    """What all these (resource, object) use of what the quota limits: status.used, as numbers."""
    hard = quota["spec"].get("hard") or {}
    used = total(of_object(resource, obj) for resource, obj in objects if in_scope(quota, resource, obj))
    return {name: used.get(name, 0) for name in hard}


def kinds_counted(quota: dict) -> list[str]:
    """The plural names ('pods', 'deployments.apps') of the resources that the quota's status depends on."""
    found: dict[str, None] = {}
    for name in quota["spec"].get("hard") or {}:
        if name.startswith("count/"):
            found[name[6:]] = None
        elif name.startswith("services"):
            found["services"] = None
        elif name.endswith(("requests.storage", "persistentvolumeclaims")):
            found["persistentvolumeclaims"] = None
        else:
            found[name if name in COUNTED_BY_PLURAL else "pods"] = None
    return list(found)


def texts(used: Amounts, like: dict) -> dict[str, str]:
    """Amounts as quantities, each in the form of the same name in `like` (a quota's hard)."""
    return {name: quantity.format(amount, quantity.form_of(like[name])) for name, amount in used.items()}


@remembered  # many pods share one spec
def qos_class(spec: dict) -> str:
    """Guaranteed, Burstable or BestEffort. pkg/apis/core/helper/qos."""
    containers = [spec] if "resources" in spec else [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    limits = [(c.get("resources") or {}).get("limits") or {} for c in containers]
    requests = [(c.get("resources") or {}).get("requests") or {} for c in containers]
    asked = [name for some in (*limits, *requests) for name, amount in some.items()
             if name in ("cpu", "memory") and quantity.milli(amount) > 0]
    if not asked:
        return "BestEffort"
    same = all(set(limit) >= {"cpu", "memory"} and all(quantity.milli(request.get(n, limit[n])) == quantity.milli(limit[n])
                                                      for n in ("cpu", "memory")) for limit, request in zip(limits, requests))
    return "Guaranteed" if same else "Burstable"
