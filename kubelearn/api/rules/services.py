"""Rules of services and endpoints.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: dual-stack changes, topology annotations.
"""
from __future__ import annotations

from .. import fields, names
from ..checks import each, ip_address, label, labels, one_of, port, port_or_name, qualified, required, subdomain, text
from ..fields import Path


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
    "core.v1.EndpointAddress": [
        ("ip", required, ip_address, text(lambda value: ("must be a valid IP address",) if names.ip_address(value) else ()))
    ],
    "core.v1.EndpointPort": [("name", text(names.dns_label)), ("port", port), ("protocol", one_of("SCTP", "TCP", "UDP"))],
}
