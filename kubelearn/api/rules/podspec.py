"""Rules of a pod's spec and its containers as a whole: probes, placement, DNS, hosts.

Part of Kubernetes: pkg/apis/core/validation (ValidatePodSpec). Leaves out: Windows, user namespaces, resource claims.
"""
from __future__ import annotations

from .. import fields, names
from ..checks import dns_label, each, full_qualified_name, ip_address, one_of, supported
from ..fields import Path, below
from ..findings import Findings, exactly_one, not_twice
from .labels import requirement

HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
NOT_EPHEMERAL = ("ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe",
                 "startupProbe", "lifecycle")
ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"


# --- containers ------------------------------------------------------------------------------------------------------------------

def _ports(containers: list | None, path: Path) -> list[tuple[Path, dict]]:
    """The ports that are opened on the host."""
    return [(below(path, index, "ports", place, "hostPort"), port) for index, container in enumerate(containers or ())
            for place, port in enumerate(container.get("ports") or ()) if port.get("hostPort")]


def host_ports(containers: list | None, path: Path, found: Findings) -> None:
    not_twice(((here, f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}")
               for here, port in _ports(containers, path)), found)


def host_network(spec: dict, path: Path, found: Findings) -> None:
    for here, port in _ports(spec.get("containers"), (path, "containers")) if spec.get("hostNetwork") else ():
        if port["hostPort"] != port.get("containerPort"):
            found.invalid(here, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")


def handler(value: dict, path: Path, found: Findings) -> None:
    """Exactly one way to ask."""
    given = [kind for kind in HANDLERS if value.get(kind) is not None]
    seconds = (value.get("sleep") or {}).get("seconds", 0)
    if given == ["sleep"] and found.grace is not None and not 0 <= seconds <= found.grace:
        found.invalid((path, "sleep"), seconds, f"must be non-negative and less than terminationGracePeriodSeconds ({found.grace})")
    exactly_one("handler type", given, path, found)


def init_containers(spec: dict, path: Path, found: Findings) -> None:
    """What only sidecars may have, and names that the containers have too."""
    taken = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = ((path, "initContainers"), index)
        if container.get("name") in taken:
            found.duplicate((here, "name"), container.get("name"))
        taken.add(container.get("name"))
        supported("Always", "Never", "OnFailure")(container.get("restartPolicy"), (here, "restartPolicy"), found)
        if container.get("restartPolicy") != "Always":
            for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(key) is not None:
                    found.forbidden((here, key), ONLY_SIDECARS)


def ephemeral_containers(spec: dict, path: Path, found: Findings) -> None:
    """Names of their own; they may look into a container that is no ephemeral one itself."""
    others = {container.get("name") for group in ("containers", "initContainers") for container in spec.get(group) or ()}
    taken = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here, target = ((path, "ephemeralContainers"), index), container.get("targetContainerName", "")
        if container.get("name") in taken:
            found.duplicate((here, "name"), container.get("name"))
        taken.add(container.get("name"))
        if target and target not in others:
            found.append(fields.not_found((here, "targetContainerName"), target))
        for key in NOT_EPHEMERAL:
            if container.get(key):
                found.forbidden((here, key), "cannot be set for an Ephemeral Container")


# --- the spec ----------------------------------------------------------------------------------------------------------------------

def enter(spec: dict, path: Path, found: Findings) -> None:
    """What the rules inside need to know."""
    found.grace = spec.get("terminationGracePeriodSeconds")
    found.volumes = {volume.get("name"): volume for volume in reversed(spec.get("volumes") or ())} | dict.fromkeys(found.claims)


def that_can_be_mounted(volumes: list | None, path: Path, found: Findings) -> None:
    """A volume that is wrong is none for those who mount it. Upstream: ValidateVolumes."""
    wrong = {error.field for error in found}
    for index, volume in enumerate(volumes or () if wrong else ()):
        here = fields.at((path, index))
        if any(field == here or field.startswith(f"{here}.") for field in wrong) and found.volumes.get(volume.get("name")) is volume:
            del found.volumes[volume.get("name")]


def mounts_may_dangle(spec: dict, old: dict | None) -> bool:
    """Whether a volume is gone that unchanged containers may mount."""
    before, now = (old or {}).get("volumes") or (), spec.get("volumes") or ()
    return before is not now and not {v.get("name") for v in before} <= {v.get("name") for v in now}


def dns_config(spec: dict, path: Path, found: Findings) -> None:
    config, here = spec.get("dnsConfig"), (path, "dnsConfig")
    servers = (config or {}).get("nameservers") or []
    if spec.get("dnsPolicy") == "None" and config is None:
        found.required(here, "must provide `dnsConfig` when `dnsPolicy` is None")
    elif spec.get("dnsPolicy") == "None" and not servers:
        found.required((here, "nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None")
    if len(servers) > 3:
        found.invalid((here, "nameservers"), servers, "must not have more than 3 nameservers")
    each(ip_address)(servers, (here, "nameservers"), found)


def operating_system(value: dict | None, path: Path, found: Findings) -> None:
    if value is not None:
        one_of("linux", "windows")(value.get("name", ""), path, found)


def scheduling_gates(gates: list | None, path: Path, found: Findings) -> None:
    each(lambda gate, here, found: full_qualified_name(gate.get("name"), here, found))(gates, path, found)
    not_twice((((path, index), gate.get("name", "")) for index, gate in enumerate(gates or ())), found)


# --- placement -----------------------------------------------------------------------------------------------------------------------

def toleration(value: dict, path: Path, found: Findings) -> None:
    """Upstream: ValidateTolerations."""
    operator, text, here = value.get("operator", ""), value.get("value", ""), (path, "operator")
    if not value.get("key") and operator != "Exists":
        found.invalid(here, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')
    if "tolerationSeconds" in value and value.get("effect") != "NoExecute":
        found.invalid((path, "effect"), value.get("effect", ""), "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator not in ("", "Equal", "Exists"):
        found.unsupported(here, operator, ("Equal", "Exists"))
    elif operator == "Exists" and text:
        found.invalid(here, text, "value must be empty when `operator` is 'Exists'")
    elif operator != "Exists" and (problems := names.label_value(text)):
        found.invalid(here, text, ";".join(problems))


def node_requirement(value: dict, path: Path, found: Findings) -> None:
    if value.get("operator") not in ("Gt", "Lt"):
        requirement(value, path, found)
    elif len(value.get("values") or ()) != 1:
        found.required((path, "values"), "must be specified single value when `operator` is 'Lt' or 'Gt'")


def node_fields(requirements: list | None, path: Path, found: Findings) -> None:
    for index, value in enumerate(requirements or ()):
        if value.get("key") != "metadata.name":
            found.invalid(below(path, index, "key"), value.get("key", ""), "not a valid field selector key")


def namespaces(names: list | None, path: Path, found: Findings) -> None:
    for name in names or ():
        dns_label(name, (path[0], "namespace"), found)  # upstream's own path


def spread_once(constraints: list[dict], path: Path, found: Findings) -> None:
    pairs = [f"{{{one.get('topologyKey', '')}, {one.get('whenUnsatisfiable', '')}}}" for one in constraints or ()]
    for index, pair in enumerate(pairs):
        if pair in pairs[index + 1:]:
            found.duplicate(below(path, index, "{topologyKey, whenUnsatisfiable}"), pair)


def min_domains(value: dict, path: Path, found: Findings) -> None:
    if "minDomains" in value and value.get("whenUnsatisfiable") != "DoNotSchedule":
        sentence = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {value.get('whenUnsatisfiable')}"
        found.invalid((path, "minDomains"), value["minDomains"], sentence)


FRESH = {  # (definition, field) -> whether the field is looked at again although it is the same
    ("core.v1.PodSpec", "containers"): mounts_may_dangle,
    ("core.v1.PodSpec", "initContainers"): mounts_may_dangle,
}
