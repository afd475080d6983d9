"""Subresources that are not simply a part of their object: bindings, evictions, scales, tokens and reviews.

Part of Kubernetes: pkg/registry/core/pod/storage (storage.go, eviction.go), the ScaleREST of pkg/registry/apps,
pkg/registry/core/serviceaccount/storage/token.go. Law 8. Leaves out: pods/proxy, services/proxy, nodes/proxy.
"""
from __future__ import annotations

import base64
import hashlib
import json

from kubelearn import errors
from kubelearn.api import fields, meta, schema, selectors
from kubelearn.api.mismatch import JSON_NAMES
from kubelearn.api.resources import Resource
from kubelearn.apiserver import rbac, writing
from kubelearn.apiserver.request import Request
from kubelearn.clock import EPOCH
from kubelearn.errors import ApiError

SCALE_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
SCALE = Resource("autoscaling", "v1", "scales", "scale", "Scale", True)  # as which it is shown
VIEWS = ("scale",)  # subresources with a body of another kind than the object's
TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
ISSUER = "https://kubernetes.default.svc.cluster.local"
REVIEWS = rbac.REVIEWS  # resources that are answered and not stored


def create(registry, resource: Resource, namespace: str, name: str, obj: dict, request: Request, subresource: str) -> dict:
    if resource.plural in REVIEWS:
        return rbac.review(registry, resource, namespace, obj, request)
    action = CREATE.get((resource.storage, subresource))
    if action is None:
        raise errors.method_not_allowed("the server does not allow this method on the requested resource")
    return action(registry, resource, registry.get(resource, namespace, name), obj, request)


# --- pods/binding, pods/eviction ----------------------------------------------------------------------------------

def bind(registry, resource: Resource, pod: dict, binding: dict, request: Request) -> dict:
    """Puts a pod on a node, once: spec.nodeName and the condition PodScheduled in one write."""
    metadata, target = pod["metadata"], (binding.get("target") or {}).get("name")
    if pod["spec"].get("nodeName"):
        text = f'pod {metadata["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise errors.conflict("pods/binding", metadata["name"], text)
    if "deletionTimestamp" in metadata:
        raise errors.conflict("pods/binding", metadata["name"], f'pod {metadata["name"]} is being deleted, cannot be assigned to a host')
    if not target:
        raise errors.invalid("Binding", metadata["name"], [fields.required(fields.path_of("target.name"))])
    pod = {**pod, "metadata": _with_topology(registry, metadata, target), "spec": {**pod["spec"], "nodeName": target}}
    request.subresource = "binding"
    _store_condition(registry, resource, pod, {"type": "PodScheduled", "status": "True"}, request)
    return SUCCESS


def _store_condition(registry, resource: Resource, pod: dict, condition: dict, request: Request) -> dict:
    """Stores the pod with one more condition."""
    condition |= {"lastProbeTime": None, "lastTransitionTime": registry.clock.timestamp(),
                  "observedGeneration": pod["metadata"].get("generation", 1)}
    others = [c for c in pod["status"].get("conditions", ()) if c["type"] != condition["type"]]
    new = {**pod, "status": {**pod["status"], "conditions": [*others, condition]}}
    return registry.store(resource, (meta.namespace_of(pod), meta.name_of(pod)), new, request)


def _with_topology(registry, metadata: dict, node_name: str) -> dict:
    """A bound pod carries its node's zone and region as labels. Admission plugin PodTopologyLabels."""
    node = registry.find(registry.resources.must_find("nodes"), "", node_name)
    labels = node["metadata"].get("labels", {}) if node else {}
    topology = {key: labels[key] for key in TOPOLOGY if key in labels}
    return {**metadata, "labels": {**metadata.get("labels", {}), **topology}} if topology else metadata


def evict(registry, resource: Resource, pod: dict, eviction: dict, request: Request) -> dict:
    """Deletes a pod if every PodDisruptionBudget that covers it allows one more disruption now; else 429."""
    metadata, options = pod["metadata"], eviction.get("deleteOptions") or {}
    if pod["status"].get("phase") not in ("Pending", "Succeeded", "Failed") and "deletionTimestamp" not in metadata:
        _spend_budget(registry, pod, request)
        request.because = request.because or "evicted: its disruption budget allows it"
        pod = _store_condition(registry, resource, pod, {
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}, request)
    if not options.get("dryRun"):
        registry.delete(resource, metadata["namespace"], metadata["name"], request, options)
    return SUCCESS


def _spend_budget(registry, pod: dict, request: Request) -> None:
    resource = registry.resources.must_find("poddisruptionbudgets")
    labels, name = pod["metadata"].get("labels"), pod["metadata"]["name"]
    budgets = [pdb for pdb in registry.objects(resource, pod["metadata"]["namespace"])
               if selectors.label_selector(pdb["spec"].get("selector"))(labels)]
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "", text)
    for pdb in budgets:
        if pdb["status"].get("observedGeneration", 0) < pdb["metadata"]["generation"]:
            raise _over_budget(f'The disruption budget {meta.name_of(pdb)} is still being processed by the server.', 10)
        if not meta.condition_is(pod, "Ready") and pdb["status"]["currentHealthy"] >= pdb["status"]["desiredHealthy"] > 0:
            continue
        if pdb["status"]["disruptionsAllowed"] <= 0:
            raise _over_budget(f'The disruption budget {meta.name_of(pdb)} needs {pdb["status"]["desiredHealthy"]} healthy pods '
                                    f'and has {pdb["status"]["currentHealthy"]} currently')
        disrupted = {**pdb["status"].get("disruptedPods", {}), name: registry.clock.timestamp()}
        status = {**pdb["status"], "disruptionsAllowed": pdb["status"]["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
        registry.store(resource, (meta.namespace_of(pdb), meta.name_of(pdb)), {**pdb, "status": status}, request)


def _over_budget(text: str, retry: int | None = None) -> ApiError:
    cause = {"reason": "DisruptionBudget", "message": text}
    details = {"causes": [cause], **({"retryAfterSeconds": retry} if retry else {})}
    return errors.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", details)


# --- serviceaccounts/token ----------------------------------------------------------------------------------------

def token(registry, resource: Resource, account: dict, wanted: dict, request: Request) -> dict:
    """A token for an account. It names its account and cannot be used elsewhere: this API server alone knows it."""
    wanted, _ = schema.of_kind("authentication.k8s.io/v1", "TokenRequest").decode(wanted)
    seconds = (wanted.get("spec") or {}).get("expirationSeconds") or 3600
    if not 600 <= seconds <= 1 << 32:
        text = "less than 10 minutes" if seconds < 600 else "larger than 2^32 seconds"
        raise errors.invalid("TokenRequest.authentication.k8s.io", "", [
            fields.invalid(fields.path_of("spec.expirationSeconds"), seconds, f"may not specify a duration {text}")])
    bound = (wanted.get("spec") or {}).get("boundObjectRef")
    if bound:
        registry.get(registry.resources.must_find(bound.get("kind", "")), meta.namespace_of(account), bound.get("name", ""))
    text = _signed(registry, account, seconds, (wanted.get("spec") or {}).get("audiences") or [ISSUER])
    registry.tokens[text] = f'system:serviceaccount:{meta.namespace_of(account)}:{meta.name_of(account)}'
    status = {"token": text, "expirationTimestamp": registry.clock.timestamp(registry.clock.now + seconds)}
    metadata = {"name": meta.name_of(account), "namespace": meta.namespace_of(account), "creationTimestamp": registry.clock.timestamp()}
    spec = {"audiences": [ISSUER], **(wanted.get("spec") or {}), "expirationSeconds": seconds}
    return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": metadata, "spec": spec, "status": status}


def _signed(registry, account: dict, seconds: int, audiences: list[str]) -> str:
    """A JSON Web Token, whose claims anybody may read; its signature is nobody's."""
    namespace, name, now = meta.namespace_of(account), meta.name_of(account), int(registry.clock.now + EPOCH)
    claims = {"aud": audiences, "exp": now + seconds, "iat": now, "iss": ISSUER, "jti": writing.new_uid(registry),
              "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]}},
              "nbf": now, "sub": f"system:serviceaccount:{namespace}:{name}"}
    head = f"{HEADER}.{_base64(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{head}.{_base64(hashlib.sha512(head.encode()).digest() * 4)}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HEADER = _base64(b'{"alg":"RS256","kid":"kubelearn"}')
CREATE = {("pods", "binding"): bind, ("bindings", ""): bind, ("pods", "eviction"): evict, ("serviceaccounts", "token"): token}


# --- scale --------------------------------------------------------------------------------------------------------

def read(resource: Resource, obj: dict, subresource: str) -> dict:
    """What GET of a subresource answers; for status and its like the object itself."""
    return scale_of(resource, obj) if subresource == "scale" else obj


def scale_of(resource: Resource, obj: dict) -> dict:
    """An object's Scale: how many replicas are wanted, how many there are, and which pods count."""
    metadata = {key: obj["metadata"][key] for key in SCALE_METADATA if key in obj["metadata"]}
    paths = _paths(resource)
    status = {"replicas": _at(obj, paths["statusReplicasPath"]) or 0}
    selector = _at(obj, paths.get("labelSelectorPath", ".spec.selector"))
    if selector:
        status["selector"] = selector if isinstance(selector, str) else selectors.format_selector(
            selector if "matchLabels" in selector or "matchExpressions" in selector else {"matchLabels": selector})
    replicas = _at(obj, paths["specReplicasPath"])
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": {"replicas": replicas} if replicas else {}, "status": status}


def update(registry, resource: Resource, old: dict, scale: dict, request: Request, subresource: str) -> dict:
    """Writes a Scale's replicas into its object."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise errors.conflict(resource.name, meta.name_of(old))
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise errors.bad_request('Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal '
                                 f"{JSON_NAMES[type(replicas)]} into Go struct field ScaleSpec.spec.replicas of type int32")
    if replicas < 0:
        raise errors.invalid("Scale.autoscaling", meta.name_of(old), [fields.invalid(
            fields.path_of("spec.replicas"), replicas, "must be greater than or equal to 0")])
    path = tuple(_paths(resource)["specReplicasPath"].strip(".").split("."))
    return scale_of(resource, registry.replace(resource, old, meta.replace(old, path, replicas), request, subresource))


def patch(registry, resource: Resource, old: dict, body: object, patch_type: str, request: Request, subresource: str) -> dict:
    from kubelearn.api import patch as patches
    scale = scale_of(resource, old)
    new = patches.json_patch(scale, body) if patch_type == "json" else patches.merge_patch(scale, body)
    return update(registry, resource, old, new, request, subresource)


def _paths(resource: Resource) -> dict:
    default = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    if not resource.definition:
        return default
    version = next(v for v in resource.definition["spec"]["versions"] if v["name"] == resource.version)
    return {"labelSelectorPath": "", **version["subresources"]["scale"]}


def _at(obj: dict, path: str) -> object:
    return meta.get(obj, path.strip(".").split(".")) if path else None
