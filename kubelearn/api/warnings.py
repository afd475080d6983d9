"""What a server warns of although it accepts it: a table of small functions.

Part of Kubernetes: pkg/api/*/warnings.go and the strategies' WarningsOnCreate and WarningsOnUpdate.
Leaves out: deprecated annotations, and the volume types that are gone.
"""
from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import cel, customrules, names, quantity
from .meta import get

if TYPE_CHECKING:
    from .resources import Resource

OLD_LABELS = {  # label of nodes -> what took its place
    "beta.kubernetes.io/arch": "kubernetes.io/arch", "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "node-role.kubernetes.io/master": "node-role.kubernetes.io/control-plane",
}


def warnings_for(resource: Resource, obj: dict, old: dict | None = None) -> list[str]:
    """The texts for the Warning headers of the answer to a create or an update; none for what is unchanged."""
    if old is not None and obj.get("spec") is old.get("spec") and resource.kind not in ("Endpoints", "Secret"):
        return []
    found = list(KINDS[resource.kind](obj)) if resource.kind in KINDS else []
    if not cel.available() and _speaks_cel(resource, obj):
        found.append(cel.ABSENT)
    if old is None and resource.kind in NAMED_AFTER:
        found += host_name(obj)
    path = resource.pod_template
    if path or resource.storage == "pods":
        spec, before = (get(o, (*path, "spec")) for o in (obj, old))
        if spec and spec is not before:
            found += pod_spec(spec, ".".join((*path, "spec")))
    return found


def _speaks_cel(resource: Resource, obj: dict) -> bool:
    if resource.definition:
        return resource.schema.has_rules
    if resource.kind == "CustomResourceDefinition":
        return any(customrules.has_rules((version.get("schema") or {}).get("openAPIV3Schema") or {}) for version in obj["spec"]["versions"])
    return resource.kind == "ValidatingAdmissionPolicy"


# --- pods ------------------------------------------------------------------------------------------------------------------

def pod_spec(spec: dict, path: str) -> Iterator[str]:
    for key in sorted(spec.get("nodeSelector") or ()):
        if key in OLD_LABELS:
            yield f'{path}.nodeSelector[{key}]: use "{OLD_LABELS[key]}" instead'
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            yield from _container(container, f"{path}.{group}[{index}]")
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        yield f"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"


def _container(container: dict, path: str) -> Iterator[str]:
    for group in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            value = ((container.get("resources") or {}).get(group) or {}).get(name)
            if value is not None and quantity.milli(value) % 1000:
                yield f'{path}.resources.{group}[{name}]: fractional byte value "{value}" is invalid, must be an integer'
    seen: dict[str, int] = {}
    for index, variable in enumerate(container.get("env") or ()):
        name, first = variable.get("name"), seen.get(variable.get("name"))
        if first is not None and f"$({name})" not in variable.get("value", ""):
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen[name] = index
    ports: dict[tuple, int] = {}
    for index, port in enumerate(container.get("ports") or ()):
        key = port.get("containerPort"), port.get("protocol"), port.get("hostPort"), port.get("hostIP")
        if key in ports:
            yield f"{path}.ports[{index}]: duplicate port definition with {path}.ports[{ports[key]}]"
        ports.setdefault(key, index)


# --- other kinds -------------------------------------------------------------------------------------------------------------

def endpoints(obj: dict) -> Iterator[str]:
    yield "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def service(obj: dict) -> Iterator[str]:
    spec = obj.get("spec") or {}
    ignored = "for headless services" if spec.get("clusterIP") == "None" else \
        'when spec.type is "ExternalName"' if spec.get("type") == "ExternalName" else ""
    if spec.get("loadBalancerIP") and spec.get("clusterIP") == "None":
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.get("externalIPs"):
        yield f"spec.externalIPs is ignored {ignored}" if ignored else \
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.get("externalName") and spec.get("type") != "ExternalName":
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def secret(obj: dict) -> Iterator[str]:
    if obj.get("type") != "kubernetes.io/tls":
        return
    certificate = base64.b64decode((obj.get("data") or {}).get("tls.crt", ""))
    if b"-----BEGIN " not in certificate:
        yield "tls: failed to find any PEM data in certificate input"


def persistent_volume(obj: dict) -> Iterator[str]:
    if obj["spec"].get("persistentVolumeReclaimPolicy") == "Recycle":
        yield "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use " \
              "dynamic provisioning."


def host_name(obj: dict) -> Iterator[str]:
    """A name that is too long, or has dots, is shortened where it becomes a pod's host name."""
    where = "the Pod's hostname" if obj["kind"] == "Pod" else "Pod names and hostnames"
    if problems := names.dns_label(obj["metadata"]["name"]):
        yield f"metadata.name: this is used in {where}, which can result in surprising behavior; a DNS label is recommended: " \
              f"[{' '.join(problems)}]"


KINDS = {"Endpoints": endpoints, "Service": service, "Secret": secret, "PersistentVolume": persistent_volume}
NAMED_AFTER = ("Pod", "Deployment", "ReplicaSet", "ReplicationController", "Job", "CronJob")  # what gives its name to pods
