"""Rules of services, configuration, storage, nodes and the limits of a namespace.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: dual-stack changes, topology annotations, the volume types of vendors.
"""
from __future__ import annotations

import base64
import json

from .. import fields, internal, names, quantity
from ..checks import (
    Findings,
    each,
    ip_address,
    label,
    label_selector,
    labels,
    one_of,
    port,
    port_or_name,
    positive_quantity,
    qualified,
    required,
    subdomain,
    text,
)
from ..decode import Key
from ..fields import Path
from .pods import amount

LARGEST = 1024 * 1024  # bytes in a ConfigMap or Secret
MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


# --- services ------------------------------------------------------------------------------------------------------------------

def is_headless(spec: dict) -> bool:
    return spec.get("clusterIP") == "None" or (spec.get("clusterIPs") or [""])[0] == "None"


def service_type(spec: dict, path: Path, found: list) -> None:
    """What a type asks for and rules out."""
    kind = spec.get("type")
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        found.append(fields.required((path, "ports")))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        found.append(fields.invalid(((path, "clusterIPs"), 0), "None", f"may not be set to 'None' for {kind} services"))
    if kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                found.append(fields.forbidden((path, key), "may not be set for ExternalName services"))
        name = (spec.get("externalName") or "").removesuffix(".")
        required(name, (path, "externalName"), found)
        subdomain(name, (path, "externalName"), found)


def service_port_names(spec: dict, path: Path, found: list) -> None:
    ports, seen = spec.get("ports") or [], set()
    for index, entry in enumerate(ports):
        name, here = entry.get("name"), (((path, "ports"), index), "name")
        if len(ports) > 1:
            required(name, here, found)
        label(name, here, found)
        if name and name in seen:
            found.append(fields.duplicate(here, name))
        seen.add(name)


def session_affinity(spec: dict, path: Path, found: list) -> None:
    config, here = spec.get("sessionAffinityConfig"), (path, "sessionAffinityConfig")
    if spec.get("sessionAffinity") == "None" and config is not None:
        found.append(fields.forbidden(here, "must not be set when session affinity is None"))
    if spec.get("sessionAffinity") == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        where = ((here, "clientIP"), "timeoutSeconds")
        if seconds is None:
            found.append(fields.required(where, "when session affinity type is ClientIP"))
        elif not 0 < seconds <= 86400:
            found.append(fields.invalid(where, seconds, "must be greater than 0 and less than 86400"))


def cluster_addresses(spec: dict, path: Path, found: list) -> None:
    if spec.get("type") == "ExternalName":
        return
    address, addresses, here = spec.get("clusterIP"), spec.get("clusterIPs") or [], (path, "clusterIPs")
    if address and not addresses:
        found.append(fields.required(here))
    elif address and addresses[0] != address:
        found.append(fields.invalid(here, addresses, "first value must match `clusterIP`"))
    elif not address and addresses:
        found.append(fields.invalid(here, addresses, "must be empty when `clusterIP` is not specified"))
    for index, value in enumerate(addresses):
        if value != "None":
            ip_address(value, (here, index), found)


def service_ports(spec: dict, path: Path, found: list) -> None:
    """Node ports only where the type has them; no port twice."""
    taken: set[tuple] = set()
    opened: set[tuple] = set()
    for index, entry in enumerate(spec.get("ports") or ()):
        here, protocol, node_port = ((path, "ports"), index), entry.get("protocol"), entry.get("nodePort")
        if node_port and spec.get("type") == "ClusterIP":
            found.append(fields.forbidden((here, "nodePort"), "may not be used when `type` is 'ClusterIP'"))
        if node_port and (protocol, node_port) in taken:
            found.append(fields.duplicate((here, "nodePort"), node_port))
        if (protocol, entry.get("port")) in opened:
            found.append(fields.duplicate(here, fields.GoStruct(Name="", Protocol=protocol, AppProtocol=None, Port=entry.get("port"),
                                                                TargetPort=0, NodePort=0)))
        taken.add((protocol, node_port))
        opened.add((protocol, entry.get("port")))


def traffic(spec: dict, path: Path, found: list) -> None:
    kind, policy = spec.get("type"), spec.get("externalTrafficPolicy")
    if spec.get("loadBalancerSourceRanges") and kind != "LoadBalancer":
        found.append(fields.forbidden((path, "LoadBalancerSourceRanges"), "may only be used when `type` is 'LoadBalancer'"))
    each(text(names.cidr))(spec.get("loadBalancerSourceRanges"), (path, "LoadBalancerSourceRanges"), found)
    if "allocateLoadBalancerNodePorts" in spec and kind != "LoadBalancer":
        found.append(fields.forbidden((path, "allocateLoadBalancerNodePorts"), "may only be used when `type` is 'LoadBalancer'"))
    if spec.get("loadBalancerClass") and kind != "LoadBalancer":
        found.append(fields.forbidden((path, "loadBalancerClass"), "may only be used when `type` is 'LoadBalancer'"))
    exposed = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if exposed:
        one_of("Cluster", "Local")(policy, (path, "externalTrafficPolicy"), found)
    elif policy:
        found.append(fields.invalid((path, "externalTrafficPolicy"), policy, "may only be set for externally-accessible services"))


# --- configuration -----------------------------------------------------------------------------------------------------------------

def config_data(obj: dict, path: Path, found: list) -> None:
    total = 0
    for group in ("data", "binaryData"):
        for key, value in sorted((obj.get(group) or {}).items()):
            for problem in names.config_key(key):
                found.append(fields.invalid(((path, group), Key(key)), key, problem))
            if group == "data" and key in (obj.get("binaryData") or {}):
                found.append(fields.invalid(((path, group), Key(key)), key, "duplicate of key present in binaryData"))
            total += len(value) if group == "data" else len(value) * 3 // 4
    if total > LARGEST:
        found.append(fields.too_long(path, LARGEST))


NEEDED_KEYS = {"kubernetes.io/dockercfg": (".dockercfg",), "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
               "kubernetes.io/tls": ("tls.crt", "tls.key"), "kubernetes.io/ssh-auth": ("ssh-privatekey",)}
ACCOUNT_NAME = "kubernetes.io/service-account.name"


def secret(obj: dict, path: Path, found: list) -> None:
    """Upstream: ValidateSecret."""
    data, kind = obj.get("data") or {}, obj.get("type")
    for key in sorted(data):
        for problem in names.config_key(key):
            found.append(fields.invalid(((path, "data"), Key(key)), key, problem))
    if sum(len(value) * 3 // 4 for value in data.values()) > LARGEST:
        found.append(fields.too_long((path, "data"), LARGEST))
    wanted = NEEDED_KEYS.get(kind, ())
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        wanted = ("username", "password")
    for key in wanted:
        if key not in data or (key == "ssh-privatekey" and not data[key]):
            found.append(fields.required(((path, "data"), Key(key))))
        elif key.startswith(".docker"):
            docker_config(data[key], ((path, "data"), Key(key)), found)
    if kind == "kubernetes.io/service-account-token" and not (obj["metadata"].get("annotations") or {}).get(ACCOUNT_NAME):
        found.append(fields.required((((None, "metadata"), "annotations"), Key(ACCOUNT_NAME))))


def docker_config(value: str, path: Path, found: list) -> None:
    body = base64.b64decode(value).decode("utf-8", "replace").strip()
    try:
        json.loads(body)
    except ValueError:
        sentence = (
            f"invalid character '{body[0]}' looking for beginning of value" if body[:1] not in ("", "{") else "unexpected end of JSON input"
        )
        found.append(fields.invalid(path, "<secret contents redacted>", sentence))


# --- storage -------------------------------------------------------------------------------------------------------------------------

def access_modes(modes: list | None, path: Path, found: list) -> None:
    for value in modes or ():
        if value not in MODES:
            found.append(fields.not_supported(path, value, MODES))
    if "ReadWriteOncePod" in (modes or ()) and len(set(modes)) > 1:
        found.append(fields.forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def claim_modes(modes: list | None, path: Path, found: list) -> None:
    if not modes:
        found.append(fields.required(path, "at least 1 access mode is required"))
    access_modes(modes, path, found)


def claim_size(resources: dict | None, path: Path, found: list) -> None:
    size = ((resources or {}).get("requests") or {}).get("storage")
    if size is None:
        found.append(fields.required((path, Key("storage"))))
    else:
        positive_quantity(size, (path, Key("storage")), found)


def capacity(amounts: dict | None, path: Path, found: list) -> None:
    if not amounts:
        found.append(fields.required(path))
    if set(amounts or {}) != {"storage"}:
        found.append(fields.not_supported(path, amounts, ("storage",)))
    for name, value in sorted((amounts or {}).items()):
        positive_quantity(value, (path, Key(name)), found)


VOLUME_FIELDS = frozenset(("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
                           "storageClassName", "volumeAttributesClassName", "volumeMode"))


def volume_types(spec: dict, path: Path, found: list) -> None:
    types = [key for key in spec if key not in VOLUME_FIELDS]
    if not types:
        found.append(fields.required(path, "must specify a volume type"))
    for key in types[1:]:
        found.append(fields.forbidden((path, key), "may not specify more than 1 volume type"))
    if "local" in types and not (spec.get("nodeAffinity") or {}).get("required"):
        found.append(fields.required((path, "nodeAffinity"), "Local volume requires node affinity"))


# --- nodes, limits and quotas ----------------------------------------------------------------------------------------------------------

def taints(values: list | None, path: Path, found: list) -> None:
    seen = set()
    for index, taint in enumerate(values or ()):
        here = (((None, "metadata"), "taints"), index)  # upstream's own path
        for problem in names.label_key(taint.get("key", "")):
            found.append(fields.invalid((here, "key"), taint.get("key", ""), problem))
        problems = names.label_value(taint.get("value", ""))
        if problems:
            found.append(fields.invalid((here, "value"), taint["value"], ";".join(problems)))
        required(taint.get("effect"), (here, "effect"), found)
        if taint.get("effect"):
            one_of("NoSchedule", "PreferNoSchedule", "NoExecute")(taint["effect"], (here, "effect"), found)
        pair = taint.get("key"), taint.get("effect")
        if pair in seen:
            found.append(fields.duplicate(here, internal.struct("Taint", taint), "taints must be unique by key and effect pair"))
        seen.add(pair)


def limit_type(value: str | None, path: Path, found: list) -> None:
    for problem in names.qualified_name(value or ""):
        found.append(fields.invalid(path, value or "", problem))
    if value and "/" not in value and value not in ("Pod", "Container", "PersistentVolumeClaim"):
        found.append(fields.invalid(path, value, "must be a standard limit type or fully qualified"))


def limit_range_item(item: dict, path: Path, found: list) -> None:
    """min <= defaultRequest <= default <= max. Upstream: ValidateLimitRange."""
    get = lambda group, name: (item.get(group) or {}).get(name)
    if item.get("type") == "Pod":
        for group in ("default", "defaultRequest"):
            if item.get(group):
                found.append(fields.forbidden((path, group), "may not be specified when `type` is 'Pod'"))
    if item.get("type") == "PersistentVolumeClaim" and not get("min", "storage") and not get("max", "storage"):
        found.append(fields.required((path, "limits"), "either minimum or maximum storage value is required, but neither was provided"))
    for name in sorted({name for group in ("min", "max", "default", "defaultRequest") for name in item.get(group) or ()}):
        for low, high, where, shown, texts in LIMIT_ORDER:
            small, large = get(low, name), get(high, name)
            if small is not None and large is not None and quantity.compare(small, large) > 0:
                sentence = f"{texts[0]} {small} is greater than {texts[1]} {large}"
                found.append(fields.invalid(((path, where), Key(name)), get(shown, name), sentence))


LIMIT_ORDER = (("min", "max", "min", "min", ("min value", "max value")),
               ("min", "defaultRequest", "defaultRequest", "defaultRequest", ("min value", "default request value")),
               ("defaultRequest", "max", "defaultRequest", "defaultRequest", ("default request value", "max value")),
               ("defaultRequest", "default", "defaultRequest", "defaultRequest", ("default request value", "default limit value")),
               ("min", "default", "default", "min", ("min value", "default value")),
               ("default", "max", "default", "max", ("default value", "max value")))
STANDARD_QUOTAS = (
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
)


def quota_hard(amounts: dict | None, path: Path, found: list) -> None:
    for name, value in sorted((amounts or {}).items()):
        here = (path, Key(name))
        for problem in names.qualified_name(name):
            found.append(fields.invalid(here, name, problem))
        if "/" not in name and name not in STANDARD_QUOTAS and not name.startswith(("hugepages-", "requests.hugepages-")):
            for sentence in ("must be a standard resource type or fully qualified", "must be a standard resource for quota"):
                found.append(fields.invalid(here, name, sentence))
        amount(name, value, here, found)


SCOPES = (
    "BestEffort",
    "NotBestEffort",
    "Terminating",
    "NotTerminating",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)


def quota_scopes(scopes: list | None, path: Path, found: list) -> None:
    for scope in scopes or ():
        if scope not in SCOPES:
            found.append(fields.invalid(path, scopes, "unsupported scope"))
    for pair in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if set(pair) <= set(scopes or ()):
            found.append(fields.invalid(path, scopes, "conflicting scopes"))


def template_metadata(template: dict, path: Path, found: Findings) -> None:
    metadata = template.get("metadata") or {}
    labels(metadata.get("labels"), (path, "labels"), found)


RULES: dict[str, list[tuple]] = {
    "core.v1.ServiceSpec": [
        ("", service_type, service_port_names),
        ("ports",),
        ("selector", labels),
        ("sessionAffinity", one_of("ClientIP", "None")),
        ("", session_affinity, cluster_addresses),
        ("externalIPs", each(ip_address)),
        ("type", one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")),
        ("", service_ports, traffic),
        ("internalTrafficPolicy", one_of("Cluster", "Local")),
        ("trafficDistribution", one_of("PreferClose", "PreferSameZone", "PreferSameNode", empty=None)),
        ("ipFamilies", each(one_of("IPv4", "IPv6"))),
        ("ipFamilyPolicy", one_of("PreferDualStack", "RequireDualStack", "SingleStack")),
    ],
    "core.v1.ServicePort": [
        ("port", port),
        ("protocol", one_of("SCTP", "TCP", "UDP")),
        ("targetPort", port_or_name),
        ("appProtocol", qualified),
    ],
    "core.v1.SessionAffinityConfig": [],
    "core.v1.ConfigMap": [("", config_data)],
    "core.v1.Secret": [("", secret)],
    "core.v1.PersistentVolumeClaimSpec": [
        ("accessModes", claim_modes),
        ("selector", label_selector),
        ("resources", claim_size),
        ("storageClassName", subdomain),
        ("volumeMode", one_of("Block", "Filesystem", empty=None)),
    ],
    "core.v1.PersistentVolumeSpec": [
        ("accessModes", required, access_modes),
        ("capacity", capacity),
        ("persistentVolumeReclaimPolicy", one_of("Delete", "Recycle", "Retain", empty=None)),
        ("nodeAffinity",),
        ("", volume_types),
        ("storageClassName", subdomain),
        ("volumeMode", one_of("Block", "Filesystem", empty=None)),
    ],
    "core.v1.LocalVolumeSource": [("path", required)],
    "core.v1.NodeSpec": [("taints", taints), ("podCIDRs", each(text(names.cidr)))],
    "core.v1.Taint": [],
    "core.v1.LimitRangeItem": [("type", limit_type), ("", limit_range_item)],
    "core.v1.ResourceQuotaSpec": [("hard", quota_hard), ("scopes", quota_scopes)],
    "core.v1.PodTemplateSpec": [("", template_metadata), ("spec",)],
    "core.v1.ObjectReference": [],
    "core.v1.SecretReference": [],
    "core.v1.Event": [],
    "core.v1.Binding": [],
    "core.v1.EndpointAddress": [
        ("ip", required, ip_address, text(lambda value: ("must be a valid IP address",) if names.ip_address(value) else ()))
    ],
    "core.v1.EndpointPort": [("name", text(names.dns_label)), ("port", port), ("protocol", one_of("SCTP", "TCP", "UDP"))],
}
