"""Rules of ingresses, network policies and endpoint slices.

Part of Kubernetes: pkg/apis/networking and discovery, each in its validation.
"""
from __future__ import annotations

import ipaddress

from .. import names
from ..checks import cidr, dns_label, dns_subdomain, each, ip_address, port, port_name, port_or_name, required, supported
from ..fields import Path, below
from ..findings import Findings, not_twice

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
BAD_PARTS, BAD_ENDS = ("//", "/./", "/../", "%2f", "%2F"), ("/..", "/.")
WILDCARD = names.regex_error(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case "
    "alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", "*.example.com")


def host(value: str | None, path: Path, found: Findings) -> None:
    if value and not names.ip_address(value):
        found.invalid(path, value, "must be a DNS name, not an IP address")
    host_name(value, path, found)


def host_name(value: str | None, path: Path, found: Findings) -> None:
    if "*" not in (value or ""):
        dns_subdomain(value, path, found)
    elif not value.startswith("*.") or names.dns_subdomain(value[2:]):
        found.invalid(path, value, WILDCARD)


def ingress(spec: dict, path: Path, found: Findings) -> None:
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        found.invalid(path, spec.get("rules"), "either `defaultBackend` or `rules` must be specified")


def http_path(value: dict, path: Path, found: Findings) -> None:
    """Upstream: validateHTTPIngressPath."""
    kind, where, here = value.get("pathType"), value.get("path", ""), (path, "path")
    if kind is None:
        return found.required((path, "pathType"), "pathType must be specified")
    if kind not in PATH_TYPES:
        found.unsupported((path, "pathType"), kind, PATH_TYPES)
    elif not where.startswith("/") and (where or kind != "ImplementationSpecific"):
        found.invalid(here, where, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        for part in (part for part in BAD_PARTS if part in where):
            found.invalid(here, where, f"must not contain '{part}'")
        for end in (end for end in BAD_ENDS if where.endswith(end)):
            found.invalid(here, where, f"cannot end with '{end}'")
    backend(value.get("backend") or {}, (path, "backend"), found)


def backend(value: dict | None, path: Path, found: Findings) -> None:
    """Upstream: validateIngressBackend."""
    service, resource = (value or {}).get("service"), (value or {}).get("resource")
    if service is not None and resource is not None:
        found.invalid(path, "", "cannot set both resource and service backends")
    elif value is not None and service is None and resource is None:
        found.invalid(path, "", "resource or service backend is required")
    if service is None:
        return
    name, target, here = service.get("name"), service.get("port") or {}, (path, "service")
    required(name, (here, "name"), found)
    dns_label(name, (here, "name"), found)
    if target.get("name") and target.get("number"):
        found.invalid(path, "", "cannot set both port name & port number")
    elif target.get("name"):
        port_name(target["name"], below(here, "port", "name"), found)
    elif target.get("number"):
        port(target["number"], below(here, "port", "number"), found)
    else:
        found.required(path, "port name or number is required")


def domain_path(value: str | None, path: Path, found: Findings) -> None:
    """example.com/controller"""
    domain, _, rest = (value or "").partition("/")
    if not value:
        found.required(path)
    elif not (domain and rest):
        found.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        dns_subdomain(domain, path, found)


# --- network policies -----------------------------------------------------------------------------------------------------------

def optional_port_or_name(value: int | str | None, path: Path, found: Findings) -> None:
    if value is not None:
        port_or_name(value, path, found)


def end_port(value: dict, path: Path, found: Findings) -> None:
    number, last, here = value.get("port"), value.get("endPort"), (path, "endPort")
    if last is None:
        return
    if not isinstance(number, int):
        found.invalid(here, last, f"may not be specified when `port` is {'not specified' if number is None else 'non-numeric'}")
        return
    if last < number:
        found.invalid(here, last, "must be greater than or equal to `port`")
    port(last, here, found)


def peer(value: dict, path: Path, found: Findings) -> None:
    if not value:
        found.required(path, "must specify a peer")
    elif len(value) > 1 and "ipBlock" in value:
        found.forbidden(path, "may not specify both ipBlock and another peer")


def ip_block(value: dict, path: Path, found: Findings) -> None:
    block = value.get("cidr")
    if not block or names.cidr(block):
        return
    whole = ipaddress.ip_network(block, strict=False)
    for index, part in enumerate(value.get("except") or ()):
        here = below(path, "except", index)
        cidr(part, here, found)
        inner = None if names.cidr(part) else ipaddress.ip_network(part, strict=False)
        if inner and (inner.version != whole.version or inner == whole or not inner.subnet_of(whole)):
            found.invalid(here, part, "must be a strict subset of `cidr`")


def policy_types(values: list | None, path: Path, found: Findings) -> None:
    if len(values or ()) > 2:
        found.invalid(path, values, "may not specify more than two policyTypes")
    else:
        each(supported("Ingress", "Egress"))(values, path, found)


# --- endpoint slices ------------------------------------------------------------------------------------------------------------

def slice_ports(ports: list | None, path: Path, found: Findings) -> None:
    """One port may go without a name."""
    not_twice(((below(path, index, "name"), entry.get("name") or "") for index, entry in enumerate(ports or ())), found)


def slice_addresses(obj: dict, path: Path, found: Findings) -> None:
    """Addresses of the slice's own family."""
    if obj.get("addressType") not in ("FQDN", "IPv4", "IPv6"):
        return
    check = each(dns_subdomain if obj["addressType"] == "FQDN" else ip_address)
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        check(endpoint.get("addresses"), below(path, "endpoints", index, "addresses"), found)
