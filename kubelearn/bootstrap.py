"""The objects of a fresh cluster: what the API server makes before anyone's first command.

Part of Kubernetes: the API server's post-start hooks (RBAC bootstrap, priority classes, system namespaces) and what kubeadm adds.
Law 9: the objects are a table, read from a real server. Leaves out: bootstrap tokens.
"""
from __future__ import annotations

from uuid import NAMESPACE_DNS, uuid5

from kubelearn.api import data
from kubelearn.apiserver import strategies, writing
from kubelearn.apiserver.inside import API_SERVER
from kubelearn.apiserver.registry import Registry
from kubelearn.apiserver.request import Request
from kubelearn.profiles import Profile

CONDITIONS = {  # what controllers inside the API server say of these at once
    "APIService": lambda obj: {"type": "Available", "status": "True", "reason": "Local",
                               "message": "Local APIServices are always available"},
    "FlowSchema": lambda obj: {"type": "Dangling", "status": "False", "reason": "Found",
                               "message": "This FlowSchema references the PriorityLevelConfiguration object named "
                                          f'"{obj["spec"]["priorityLevelConfiguration"]["name"]}" and it exists'},
}
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def bootstrap(registry: Registry, profile: Profile) -> None:
    """Stores them as given, without the checks that they have passed in a real server."""
    request = Request("kube-apiserver", "a fresh cluster has it")
    for name in NAMESPACES:
        _store(registry, strategies.namespace(registry, _named_namespace(name)) | {"status": {"phase": "Active"}}, request)
    now = registry.clock.timestamp()
    for obj in data.bootstrap():
        if obj["kind"] in CONDITIONS:
            obj = {**obj, "status": {"conditions": [{**CONDITIONS[obj["kind"]](obj), "lastTransitionTime": now}]}}
        _store(registry, OWN.get((obj["kind"], obj["metadata"]["name"]), lambda o: o)(obj), request)
    for obj in storage_classes(profile):
        _store(registry, obj, request)
    _store(registry, ENDPOINTS, request, uid=str(uuid5(NAMESPACE_DNS, "kubernetes.default.svc")))


def _named_namespace(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}}


def _store(registry: Registry, obj: dict, request: Request, uid: str = "") -> None:
    resource = registry.resources.by_kind(obj["apiVersion"], obj["kind"])
    metadata = {**obj["metadata"], "uid": uid or writing.new_uid(registry), "creationTimestamp": registry.clock.timestamp()}
    if resource.has_generation:
        metadata["generation"] = 1
    registry.store(resource, (metadata.get("namespace", ""), metadata["name"]), {**obj, "metadata": metadata}, request)


def _service(obj: dict) -> dict:
    port = {**obj["spec"]["ports"][0], "targetPort": API_SERVER[1]}
    return {**obj, "spec": {**obj["spec"], "ports": [port]}, "status": {"loadBalancer": {}}}


def _endpoints(obj: dict) -> dict:
    endpoint = {"addresses": [API_SERVER[0]], "conditions": {"ready": True}}
    return {**obj, "endpoints": [endpoint], "ports": [{**obj["ports"][0], "port": API_SERVER[1]}]}


ENDPOINTS = {  # the older view of where the API server is, which nobody mirrors
    "apiVersion": "v1", "kind": "Endpoints",
    "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
    "subsets": [{"addresses": [{"ip": API_SERVER[0]}], "ports": [{"name": "https", "port": API_SERVER[1], "protocol": "TCP"}]}]}
OWN = {("Service", "kubernetes"): _service, ("EndpointSlice", "kubernetes"): _endpoints}


def storage_classes(profile: Profile) -> list[dict]:
    if profile.storage_class is None:
        return []
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": profile.storage_class, "annotations": default},
             "provisioner": profile.provisioner, "reclaimPolicy": "Delete", "volumeBindingMode": profile.volume_binding_mode}]
