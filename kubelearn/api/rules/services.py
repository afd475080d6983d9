"""Rules of services and endpoints.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: dual-stack changes, topology annotations.
"""
from __future__ import annotations

import ipaddress

from .. import internal, names
from ..checks import cidr, dns_label, dns_subdomain, each, ip_address, one_of, qualified_name, required, wrong
from ..fields import Path, below
from ..findings import Findings, not_twice

any_ip = wrong(lambda value: value and names.ip_address(value), "must be a valid IP address")  # upstream complains twice
ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"


def is_headless(spec: dict) -> bool:
    return spec.get("clusterIP") == "None" or (spec.get("clusterIPs") or [""])[0] == "None"


def service_type(spec: dict, path: Path, found: Findings) -> None:
    """What a type asks for and rules out."""
    kind = spec.get("type")
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        found.required((path, "ports"))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        found.invalid(below(path, "clusterIPs", 0), "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                found.forbidden((path, key), "may not be set for ExternalName services")
        name = (spec.get("externalName") or "").removesuffix(".")
        required(name, (path, "externalName"), found)
        dns_subdomain(name, (path, "externalName"), found)


def service_port_names(spec: dict, path: Path, found: Findings) -> None:
    entries = [(below(path, "ports", index, "name"), entry.get("name")) for index, entry in enumerate(spec.get("ports") or ())]
    for here, name in entries:
        if len(entries) > 1:
            required(name, here, found)
        dns_label(name, here, found)
    not_twice(((here, name) for here, name in entries if name), found)


def cluster_addresses(spec: dict, path: Path, found: Findings) -> None:
    if spec.get("type") == "ExternalName":
        return
    address, addresses, here = spec.get("clusterIP"), spec.get("clusterIPs") or [], (path, "clusterIPs")
    if address and not addresses:
        found.required(here)
    elif address and addresses[0] != address:
        found.invalid(here, addresses, "first value must match `clusterIP`")
    elif not address and addresses:
        found.invalid(here, addresses, "must be empty when `clusterIP` is not specified")
    each(lambda value, here, found: value == "None" or ip_address(value, here, found))(addresses, here, found)


def service_ports(spec: dict, path: Path, found: Findings) -> None:
    """Node ports only where the type has them; no port twice."""
    taken, opened = set(), set()
    for index, entry in enumerate(spec.get("ports") or ()):
        here, protocol, number, node_port = below(path, "ports", index), entry.get("protocol"), entry.get("port"), entry.get("nodePort")
        if node_port and spec.get("type") == "ClusterIP":
            found.forbidden((here, "nodePort"), "may not be used when `type` is 'ClusterIP'")
        if node_port and (protocol, node_port) in taken:
            found.duplicate((here, "nodePort"), node_port)
        if (protocol, number) in opened:
            found.duplicate(here, internal.struct("ServicePort", {"protocol": protocol, "port": number}))
        taken.add((protocol, node_port))
        opened.add((protocol, number))


def traffic(spec: dict, path: Path, found: Findings) -> None:
    kind, policy = spec.get("type"), spec.get("externalTrafficPolicy")
    ranges, here = spec.get("loadBalancerSourceRanges"), (path, "LoadBalancerSourceRanges")
    balanced = kind == "LoadBalancer"
    if ranges and not balanced:
        found.forbidden(here, ONLY_BALANCED)
    each(cidr)(ranges, here, found)
    for key in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec.get(key) not in (None, "") and not balanced:
            found.forbidden((path, key), ONLY_BALANCED)
    if balanced and spec.get("loadBalancerClass"):
        qualified_name(spec["loadBalancerClass"], (path, "loadBalancerClass"), found)
    if balanced or kind == "NodePort" or kind == "ClusterIP" and spec.get("externalIPs"):
        one_of("Cluster", "Local")(policy, (path, "externalTrafficPolicy"), found)
    elif policy:
        found.invalid((path, "externalTrafficPolicy"), policy, "may only be set for externally-accessible services")


def health_check(spec: dict, path: Path, found: Findings) -> None:
    if spec.get("healthCheckNodePort") and not needs_health_check(spec):
        found.invalid((path, "healthCheckNodePort"), spec["healthCheckNodePort"],
                      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")


def needs_health_check(spec: dict) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def endpoint_subset(subset: dict, path: Path, found: Findings) -> None:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        found.required(path, "must specify `addresses` or `notReadyAddresses`")


def endpoint_ports(ports: list | None, path: Path, found: Findings) -> None:
    """A name may be missing where there is one port only."""
    for index, port in enumerate(ports if ports and len(ports) > 1 else ()):
        required(port.get("name"), below(path, index, "name"), found)


SPECIAL = (("is_unspecified", "may not be unspecified (0.0.0.0 or ::)"),
           ("is_loopback", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
           ("is_link_local", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))


def special_ip(value: str | None, path: Path, found: Findings) -> None:
    """Upstream: ValidateNonSpecialIP."""
    address = ipaddress.ip_address(value) if value and not names.ip_address(value) else None
    for kind, sentence in SPECIAL if address else ():
        if getattr(address, kind):
            found.invalid(path, value, sentence)
