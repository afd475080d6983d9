"""Admission of what is no pod: nodes, claims, volumes, ingresses, priority classes.

Part of Kubernetes: plugin/pkg/admission/nodetaint, storage/..., network/defaultingressclass, priority.
Law 8: the wording of a refusal is upstream's.
"""
from __future__ import annotations

from kubelearn import errors
from kubelearn.api import quantity, usage
from kubelearn.api.meta import DEFAULT_STORAGE_CLASS, annotations_of, newest_marked, replace
from kubelearn.apiserver.request import Attributes

NOT_READY = {"effect": "NoSchedule", "key": "node.kubernetes.io/not-ready"}
PROTECTION = {"PersistentVolumeClaim": "kubernetes.io/pvc-protection", "PersistentVolume": "kubernetes.io/pv-protection"}
CLASSES = {  # kind -> the field that names its class, the annotation that did so once, the class's kind, what marks the default one
    "PersistentVolumeClaim": ("storageClassName", "volume.beta.kubernetes.io/storage-class", "StorageClass", DEFAULT_STORAGE_CLASS),
    "Ingress": ("ingressClassName", "kubernetes.io/ingress.class", "IngressClass", ("ingressclass.kubernetes.io/is-default-class",))}


def taint_new_node(attributes: Attributes, store) -> dict:
    """A new node takes no pod before it is ready: the node controller takes the taint away."""
    node = attributes.new
    taints = (node.get("spec") or {}).get("taints") or []
    if any(taint["key"] == NOT_READY["key"] and taint["effect"] == NOT_READY["effect"] for taint in taints):
        return node
    return replace(node, ("spec", "taints"), [*taints, NOT_READY])


def requestor(attributes: Attributes, store) -> dict:
    """Who asks for a certificate is written down by the server."""
    request = attributes.request
    return {**attributes.new, "spec": {**attributes.new["spec"], "username": request.user, "groups": list(request.groups)}}


def protect_in_use(attributes: Attributes, store) -> dict:
    """The finalizer that keeps a claim while a pod uses it, and a volume while a claim is bound to it."""
    finalizer, obj = PROTECTION[attributes.resource.kind], attributes.new
    present = obj["metadata"].get("finalizers") or []
    return obj if finalizer in present else replace(obj, ("metadata", "finalizers"), [*present, finalizer])


def default_class(attributes: Attributes, store) -> dict:
    """A claim or an ingress that names no class gets the default one, if there is one."""
    field, once, kind, marks = CLASSES[attributes.resource.kind]
    obj = attributes.new
    if field in obj["spec"] or once in annotations_of(obj):
        return obj
    default = newest_marked(store.objects(store.resources.find(kind)), marks)
    return replace(obj, ("spec", field), default["metadata"]["name"]) if default else obj


def resize_allowed(attributes: Attributes, store) -> None:
    old, new = attributes.old, attributes.new
    before, after = (claim["spec"]["resources"]["requests"]["storage"] for claim in (old, new))
    if quantity.compare(after, before) <= 0:
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        _refuse(attributes, "Only bound persistent volume claims can be expanded")
    name = new["spec"].get("storageClassName")
    found = store.find(store.resources.find("StorageClass"), "", name) if name else None
    if not found or not found.get("allowVolumeExpansion"):
        _refuse(attributes, "only dynamically provisioned pvc can be resized and "
                            "the storageclass that provisions the pvc must support resize")


def resize_fits(attributes: Attributes, store) -> None:
    """What a running pod is to use now has to fit on its node, were it alone there."""
    spec = attributes.new["spec"]
    node = store.find(store.resources.find("Node"), "", spec.get("nodeName", ""))
    for name, amount in usage.pod_amounts(spec, "requests").items() if node else ():
        unit = 1000 if name == "cpu" else 1
        room = quantity.parse((node["status"].get("allocatable") or {}).get(name, "0"))
        if amount > room:
            _refuse(attributes, f"node didn't have enough allocatable resources: {name}, requested: {int(amount * unit)}, "
                                f"allocatable: {int(room * unit)}")


def one_default_priority(attributes: Attributes, store) -> None:
    if not attributes.new.get("globalDefault"):
        return
    for other in store.objects(attributes.resource):
        if other.get("globalDefault") and other["metadata"]["name"] != attributes.name:
            _refuse(attributes, f"PriorityClass {other['metadata']['name']} is already marked as default. Only one default can exist")


def _refuse(attributes: Attributes, text: str) -> None:
    raise errors.forbidden(attributes.resource.name, attributes.name, text)
