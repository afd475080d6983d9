"""What a container finds around itself: its variables, $(VAR) in its arguments, its host name, hosts file and resolver.

Part of Kubernetes: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), pkg/kubelet/envvars, pkg/kubelet/network/dns,
third_party/forked/golang/expansion, pkg/fieldpath. Law 8: a missing source is an error in the kubelet's own words.
Leaves out: fileKeyRef, IPv6 addresses.
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import ceil

from kubelearn.api import quantity

Source = Callable[[str, str, str], "dict | None"]  # (kind, namespace, name) -> the object, or None

VARIABLE = re.compile(r"\$(\$|\(([^)]*)\))")
SUBSCRIPT = re.compile(r"(metadata\.(?:labels|annotations))\['(.*)'\]")
BASE_HOSTS = ("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
              "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n")

DOMAIN, CLUSTER_DNS = "cluster.local", "10.96.0.10"
NODE_HOSTS = "127.0.0.1 localhost\n"  # the node's own file


class ConfigError(Exception):
    """CreateContainerConfigError: the container's configuration cannot be put together."""


# --- variables ----------------------------------------------------------------------------------------------------

def environment(pod: dict, container: dict, source: Source, services: Iterable[dict], allocatable: Mapping[str, str]) -> dict[str, str]:
    """All variables of a container but those of its image. ConfigError where a source is missing."""
    found: dict[str, str] = {}
    for entry in container.get("envFrom") or ():
        found.update(_from_source(pod, entry, source))
    from_services = service_environment(pod, services)
    for entry in container.get("env") or ():
        if "valueFrom" in entry:
            value = _value_from(pod, container, entry["valueFrom"], source, allocatable)
            if value is not None:
                found[entry["name"]] = value
        else:
            found[entry["name"]] = expand(entry.get("value", ""), {**from_services, **found})
    return {**from_services, **found}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """$(NAME) with its value, $$ as $; what is not known stays as it is written."""
    if "$" not in text:
        return text
    return VARIABLE.sub(lambda match: "$" if match[1] == "$" else variables.get(match[2], match[0]), text)


def expand_all(text: str, variables: Mapping[str, str]) -> str:
    """As expand(), but a name that is not known is an error."""
    missing = [match[2] for match in VARIABLE.finditer(text) if match[1] != "$" and match[2] not in variables]
    if missing:
        raise ConfigError(f"missing value for {', '.join(missing)}")
    return expand(text, variables)


def _from_source(pod: dict, entry: dict, source: Source) -> dict[str, str]:
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if field in entry:
            obj = _find(pod, kind, entry[field], source)
            return {f"{entry.get('prefix', '')}{key}": value for key, value in sorted(data_of(obj).items())} if obj else {}
    return {}


def _value_from(pod: dict, container: dict, ref: dict, source: Source, allocatable: Mapping[str, str]) -> str | None:
    if "fieldRef" in ref:
        return field_value(pod, ref["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in ref:
        return resource_value(pod, container, ref["resourceFieldRef"], allocatable)
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in ref:
            obj = _find(pod, kind, ref[field], source)
            data = data_of(obj) if obj else {}
            if ref[field]["key"] in data or ref[field].get("optional"):
                return data.get(ref[field]["key"])
            raise ConfigError(f"couldn't find key {ref[field]['key']} in {kind} {pod['metadata']['namespace']}/{ref[field]['name']}")
    return None


def _find(pod: dict, kind: str, ref: dict, source: Source) -> dict | None:
    obj = source(kind, pod["metadata"]["namespace"], ref["name"])
    if obj is None and not ref.get("optional"):
        raise ConfigError(f'{kind.lower()} "{ref["name"]}" not found')
    return obj


def data_of(obj: dict) -> dict[str, str]:
    """A ConfigMap's or Secret's entries as text."""
    return {key: value.decode(errors="replace") for key, value in bytes_of(obj).items()}


def bytes_of(obj: dict) -> dict[str, bytes]:
    if obj["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in (obj.get("data") or {}).items()} | binary


# --- fields of the pod --------------------------------------------------------------------------------------------

FIELDS: dict[str, Callable[[dict], object]] = {
    "metadata.name": lambda pod: pod["metadata"]["name"],
    "metadata.namespace": lambda pod: pod["metadata"]["namespace"],
    "metadata.uid": lambda pod: pod["metadata"]["uid"],
    "metadata.labels": lambda pod: _lines(pod["metadata"].get("labels")),
    "metadata.annotations": lambda pod: _lines(pod["metadata"].get("annotations")),
    "spec.nodeName": lambda pod: pod["spec"].get("nodeName", ""),
    "spec.serviceAccountName": lambda pod: pod["spec"].get("serviceAccountName", ""),
    "status.hostIP": lambda pod: pod["status"].get("hostIP", ""),
    "status.hostIPs": lambda pod: pod["status"].get("hostIP", ""),
    "status.podIP": lambda pod: pod["status"].get("podIP", ""),
    "status.podIPs": lambda pod: pod["status"].get("podIP", ""),
}


def field_value(pod: dict, path: str) -> str:
    """The text of a fieldRef, metadata.labels['key'] included."""
    if path in FIELDS:
        return FIELDS[path](pod)
    match = SUBSCRIPT.fullmatch(path)
    if match is None:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return (pod["metadata"].get(match[1].partition(".")[2]) or {}).get(match[2], "")


def _lines(entries: dict | None) -> str:
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted((entries or {}).items()))


def resource_value(pod: dict, container: dict, ref: dict, allocatable: Mapping[str, str]) -> str:
    """limits.cpu and its like in units of the divisor, rounded up; an unset limit is what the node has."""
    spec = pod["spec"]
    name = ref.get("containerName")
    if name:
        container = next(c for c in [*spec["containers"], *spec.get("initContainers", ())] if c["name"] == name)
    kind, _, resource = ref["resource"].partition(".")
    amount = ((container.get("resources") or {}).get(kind) or {}).get(resource)
    if amount is None:
        amount = allocatable.get(resource, "0") if kind == "limits" else "0"
    divisor = ref.get("divisor") or "1"
    return str(ceil(Fraction(quantity.parse(amount)) / Fraction(quantity.parse("1" if divisor == "0" else divisor))))


# --- services -----------------------------------------------------------------------------------------------------

def service_environment(pod: dict, services: Iterable[dict]) -> dict[str, str]:
    """Variables for each service that was there when the container started; the API server's always."""
    namespace, links = pod["metadata"]["namespace"], pod["spec"].get("enableServiceLinks", True)
    found: dict[str, str] = {}
    for service in services:
        here = service["metadata"]
        if here["namespace"] == "default" and here["name"] == "kubernetes" or links and here["namespace"] == namespace:
            found.update(service_variables(service))
    return found


def service_variables(service: dict) -> dict[str, str]:
    """WEB_SERVICE_HOST, WEB_SERVICE_PORT and the old Docker links of one service with an address."""
    address, ports = service["spec"].get("clusterIP"), service["spec"].get("ports") or ()
    if not address or address == "None" or not ports:
        return {}
    name = service["metadata"]["name"].upper().replace("-", "_")
    found = {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(ports[0]["port"])}
    for index, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        url, prefix = f"{protocol.lower()}://{address}:{port['port']}", f"{name}_PORT_{port['port']}_{protocol}"
        if port.get("name"):
            found[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        if index == 0:
            found[f"{name}_PORT"] = url
        found |= {prefix: url, f"{prefix}_PROTO": protocol.lower(), f"{prefix}_PORT": str(port["port"]), f"{prefix}_ADDR": address}
    return found


# --- names and addresses ------------------------------------------------------------------------------------------

def host_name(pod: dict, node_name: str) -> tuple[str, str]:
    """(host name, full name or ""): the pod's own name, or spec.hostname; full where it has a subdomain."""
    spec, metadata = pod["spec"], pod["metadata"]
    if spec.get("hostNetwork"):
        return node_name, ""
    short = (spec.get("hostname") or metadata["name"])[:63].rstrip("-.")
    full = f"{short}.{spec['subdomain']}.{metadata['namespace']}.svc.{DOMAIN}" if spec.get("subdomain") else ""
    return (full, full) if full and spec.get("setHostnameAsFQDN") else (short, full)


def hosts_file(pod: dict, address: str, node_name: str) -> str:
    """/etc/hosts."""
    full = host_name(pod, node_name)[1]
    short = full.partition(".")[0] or host_name(pod, node_name)[0]  # also where the host name is the full one
    text = f"# Kubernetes-managed hosts file.\n{BASE_HOSTS}"
    text += f"{address}\t{full}\t{short}\n" if full else f"{address}\t{short}\n"
    if pod["spec"].get("hostNetwork"):
        text = f"# Kubernetes-managed hosts file (host network).\n{NODE_HOSTS}"
    aliases = [f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or ()) for alias in pod["spec"].get("hostAliases") or ()]
    return text + "".join(f"{line}\n" for line in ["\n# Entries added by HostAliases.", *aliases] if aliases)


def resolv_conf(pod: dict, node_resolver: str) -> str:
    """/etc/resolv.conf by dnsPolicy and dnsConfig."""
    spec, policy = pod["spec"], pod["spec"].get("dnsPolicy", "ClusterFirst")
    in_cluster = policy == "ClusterFirstWithHostNet" or policy == "ClusterFirst" and not spec.get("hostNetwork")
    searches, servers, options = [], [node_resolver], {}
    if in_cluster:
        searches = [f"{pod['metadata']['namespace']}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN]
        servers, options = [CLUSTER_DNS], {"ndots": "5"}
    elif policy == "None":
        servers = []
    config = spec.get("dnsConfig") or {}
    searches = list(dict.fromkeys([*searches, *(config.get("searches") or ())]))
    servers = list(dict.fromkeys([*servers, *(config.get("nameservers") or ())]))[:3]
    options.update((option["name"], option.get("value", "")) for option in config.get("options") or ())
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers if server]
    if options:
        lines.append("options " + " ".join(f"{name}:{value}" if value else name for name, value in options.items()))
    return "".join(f"{line}\n" for line in lines)
