"""Rules of ingresses, network policies and endpoint slices.

Part of Kubernetes: pkg/apis/networking and discovery, each in its validation.
"""
from __future__ import annotations

import ipaddress

from .. import fields, names
from ..checks import each, ip_address, label, label_selector, longest, one_of, port, port_or_name, required, subdomain, text
from ..fields import Path

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
BAD_PARTS, BAD_ENDS = ("//", "/./", "/../", "%2f", "%2F"), ("/..", "/.")
WILDCARD = "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"


def host(value: str | None, path: Path, found: list) -> None:
    if value and not names.ip_address(value):
        found.append(fields.invalid(path, value, "must be a DNS name, not an IP address"))
    host_name(value, path, found)


def host_name(value: str | None, path: Path, found: list) -> None:
    if value and "*" in value:
        if not value.startswith("*.") or names.dns_subdomain(value[2:]):
            sentence = (
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower "
                "case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
            )
            found.append(fields.invalid(path, value, names.regex_error(sentence, WILDCARD, "*.example.com")))
    else:
        subdomain(value, path, found)


def ingress(spec: dict, path: Path, found: list) -> None:
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        found.append(fields.invalid(path, spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))


def http_path(value: dict, path: Path, found: list) -> None:
    """Upstream: validateHTTPIngressPath."""
    kind, where = value.get("pathType"), value.get("path", "")
    if kind is None:
        found.append(fields.required((path, "pathType"), "pathType must be specified"))
        return
    if kind not in PATH_TYPES:
        found.append(fields.not_supported((path, "pathType"), kind, PATH_TYPES))
    elif not where.startswith("/") and (where or kind != "ImplementationSpecific"):
        found.append(fields.invalid((path, "path"), where, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        for part in BAD_PARTS:
            if part in where:
                found.append(fields.invalid((path, "path"), where, f"must not contain '{part}'"))
        for end in BAD_ENDS:
            if where.endswith(end):
                found.append(fields.invalid((path, "path"), where, f"cannot end with '{end}'"))
    backend(value.get("backend") or {}, (path, "backend"), found)


def backend(value: dict | None, path: Path, found: list) -> None:
    """Upstream: validateIngressBackend."""
    if value is None:
        return
    service = value.get("service")
    if service is not None and value.get("resource") is not None:
        found.append(fields.invalid(path, "", "cannot set both resource and service backends"))
    elif service is None:
        if value.get("resource") is None:
            found.append(fields.invalid(path, "", "resource or service backend is required"))
        return
    here, target = (path, "service"), service.get("port") or {}
    required(service.get("name"), (here, "name"), found)
    label(service.get("name"), (here, "name"), found)
    if target.get("name") and target.get("number"):
        found.append(fields.invalid(path, "", "cannot set both port name & port number"))
    elif target.get("name"):
        text(names.port_name)(target["name"], ((here, "port"), "name"), found)
    elif target.get("number"):
        port(target["number"], ((here, "port"), "number"), found)
    else:
        found.append(fields.required(path, "port name or number is required"))


def domain_path(value: str | None, path: Path, found: list) -> None:
    """example.com/controller"""
    domain, slash, rest = (value or "").partition("/")
    if not value:
        found.append(fields.required(path))
    elif not (slash and domain and rest):
        found.append(fields.invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")"))
    else:
        for problem in names.dns_subdomain(domain):
            found.append(fields.invalid(path, domain, problem))


# --- network policies -----------------------------------------------------------------------------------------------------------

def policy_port(value: dict, path: Path, found: list) -> None:
    one_of("TCP", "UDP", "SCTP", empty=None)(value.get("protocol"), (path, "protocol"), found)
    number, last = value.get("port"), value.get("endPort")
    if number is not None:
        port_or_name(number, (path, "port"), found)
    if last is None:
        return
    if isinstance(number, int):
        if last < number:
            found.append(fields.invalid((path, "endPort"), last, "must be greater than or equal to `port`"))
        port(last, (path, "endPort"), found)
    else:
        why = "may not be specified when `port` is not specified" if number is None else "may not be specified when `port` is non-numeric"
        found.append(fields.invalid((path, "endPort"), last, why))


def peer(value: dict, path: Path, found: list) -> None:
    if not value:
        found.append(fields.required(path, "must specify a peer"))
    elif len(value) > 1 and "ipBlock" in value:
        found.append(fields.forbidden(path, "may not specify both ipBlock and another peer"))


def ip_block(value: dict, path: Path, found: list) -> None:
    block = value.get("cidr")
    required(block, (path, "cidr"), found)
    text(names.cidr)(block, (path, "cidr"), found)
    if not block or names.cidr(block):
        return
    whole = ipaddress.ip_network(block, strict=False)
    for index, part in enumerate(value.get("except") or ()):
        text(names.cidr)(part, ((path, "except"), index), found)
        inner = None if names.cidr(part) else ipaddress.ip_network(part, strict=False)
        if inner and (inner.version != whole.version or inner == whole or not inner.subnet_of(whole)):
            found.append(fields.invalid(((path, "except"), index), part, "must be a strict subset of `cidr`"))


def policy_types(values: list | None, path: Path, found: list) -> None:
    if len(values or ()) > 2:
        found.append(fields.invalid(path, values, "may not specify more than two policyTypes"))
    else:
        each(one_of("Ingress", "Egress", empty=None))(values, path, found)


# --- endpoint slices ------------------------------------------------------------------------------------------------------------

def slice_ports(ports: list | None, path: Path, found: list) -> None:
    seen = set()
    for index, entry in enumerate(ports or ()):
        name = entry.get("name") or ""
        if name in seen:
            found.append(fields.duplicate(((path, index), "name"), name))
        seen.add(name)


def addresses(values: list | None, path: Path, found: list) -> None:
    if not values:
        found.append(fields.required(path))
    elif len(values) > 100:
        found.append(fields.too_many(path, len(values), 100))


def slice_addresses(obj: dict, path: Path, found: list) -> None:
    """Addresses of the slice's own family."""
    check = subdomain if obj.get("addressType") == "FQDN" else ip_address
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        each(check)(endpoint.get("addresses"), (((path, "endpoints"), index), "addresses"), found)


RULES: dict[str, list[tuple]] = {
    "networking.v1.IngressSpec": [("", ingress), ("defaultBackend", backend), ("rules",), ("tls",), ("ingressClassName", subdomain)],
    "networking.v1.IngressRule": [("host", host), ("http",)],
    "networking.v1.IngressBackend": [],
    "networking.v1.IngressServiceBackend": [],
    "networking.v1.HTTPIngressRuleValue": [("paths", required)],
    "networking.v1.HTTPIngressPath": [("", http_path)],
    "networking.v1.IngressTLS": [("hosts", each(host_name)), ("secretName", subdomain)],
    "networking.v1.IngressClassSpec": [("controller", longest(250), domain_path), ("parameters",)],
    "networking.v1.IngressClassParametersReference": [
        ("apiGroup", subdomain),
        ("kind", required),
        ("name", required),
        ("scope", one_of("Cluster", "Namespace")),
    ],
    "networking.v1.NetworkPolicySpec": [("podSelector", label_selector), ("ingress",), ("egress",), ("policyTypes", policy_types)],
    "networking.v1.NetworkPolicyPort": [("", policy_port)],
    "networking.v1.NetworkPolicyPeer": [("podSelector", label_selector), ("namespaceSelector", label_selector), ("ipBlock",), ("", peer)],
    "networking.v1.IPBlock": [("", ip_block)],
    "discovery.v1.EndpointSlice": [
        ("addressType", one_of("FQDN", "IPv4", "IPv6")),
        ("", slice_addresses),
        ("endpoints",),
        ("ports", slice_ports),
    ],
    "discovery.v1.Endpoint": [("addresses", addresses)],
    "discovery.v1.EndpointPort": [("name", text(names.dns_label)), ("protocol", one_of("SCTP", "TCP", "UDP"))],
}
