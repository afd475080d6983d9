"""Rules of a pod's spec and its containers as a whole: names, probes, restart policies, placement, DNS, hosts.

Part of Kubernetes: pkg/apis/core/validation (ValidatePodSpec). Leaves out: Windows, user namespaces, resource claims.
"""
from __future__ import annotations

from .. import fields, names
from ..checks import (
    Check,
    Findings,
    between,
    each,
    identity,
    ip_address,
    label,
    label_key,
    label_selector,
    labels,
    needed,
    non_negative,
    one_of,
    positive,
    required,
    subdomain,
    text,
    unique,
)
from ..fields import Path
from . import pods

SECONDS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


# --- containers ------------------------------------------------------------------------------------------------------------------

def port_names(ports: list | None, path: Path, found: list) -> None:
    unique("name")(ports, path, found)


def host_ports(containers: list | None, path: Path, found: list) -> None:
    taken = set()
    for index, container in enumerate(containers or ()):
        for place, entry in enumerate(container.get("ports") or ()):
            if entry.get("hostPort"):
                text = f"{entry.get('protocol', '')}/{entry.get('hostIP', '')}/{entry['hostPort']}"
                if text in taken:
                    found.append(fields.duplicate(((((path, index), "ports"), place), "hostPort"), text))
                taken.add(text)


def handler(value: dict, path: Path, found: Findings) -> None:
    """Exactly one way to ask."""
    given = [kind for kind in HANDLERS if value.get(kind) is not None]
    for kind in given[1:]:
        found.append(fields.forbidden((path, kind), "may not specify more than 1 handler type"))
    seconds = (value.get("sleep") or {}).get("seconds", 0)
    if given == ["sleep"] and found.grace is not None and not 0 <= seconds <= found.grace:
        found.append(fields.invalid((path, "sleep"), seconds,
                                    f"must be non-negative and less than terminationGracePeriodSeconds ({found.grace})"))
    if not given:
        found.append(fields.required(path, "must specify a handler type"))


def grace_of_probe(value: int | None, path: Path, found: list) -> None:
    if value is not None and value <= 0:
        found.append(fields.invalid(path, value, "must be greater than 0"))


def succeeds_once(probe: dict | None, path: Path, found: list) -> None:
    """A liveness or startup probe."""
    if probe is not None and probe.get("successThreshold", 1) != 1:
        found.append(fields.invalid((path, "successThreshold"), probe["successThreshold"], "must be 1"))


def readiness(probe: dict | None, path: Path, found: list) -> None:
    if probe is not None and "terminationGracePeriodSeconds" in probe:
        found.append(fields.invalid((path, "terminationGracePeriodSeconds"), probe["terminationGracePeriodSeconds"],
                                    "must not be set for readinessProbes"))


def after(key: str, check: Check) -> Check:
    """A check of a field that upstream makes after it has looked inside."""
    return lambda holder, path, found: check(holder.get(key), (path, key), found)


def init_containers(spec: dict, path: Path, found: list) -> None:
    """What only sidecars may have, and names that the containers have too."""
    taken = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = ((path, "initContainers"), index)
        if container.get("name") in taken:
            found.append(fields.duplicate((here, "name"), container.get("name")))
        taken.add(container.get("name"))
        if container.get("restartPolicy") != "Always":
            for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(key) is not None:
                    found.append(fields.forbidden((here, key), ONLY_SIDECARS))


# --- the spec ----------------------------------------------------------------------------------------------------------------------

def enter(spec: dict, path: Path, found: Findings) -> None:
    """What the rules inside need to know."""
    found.grace = spec.get("terminationGracePeriodSeconds")
    found.volumes = {volume.get("name"): volume for volume in spec.get("volumes") or ()} | dict.fromkeys(found.claims)


def mounts_may_dangle(spec: dict, old: dict | None) -> bool:
    """Whether a volume is gone that unchanged containers may mount."""
    before, now = (old or {}).get("volumes") or (), spec.get("volumes") or ()
    return before is not now and not {v.get("name") for v in before} <= {v.get("name") for v in now}


def host_network(spec: dict, path: Path, found: list) -> None:
    if spec.get("hostNetwork"):
        for index, container in enumerate(spec.get("containers") or ()):
            for place, entry in enumerate(container.get("ports") or ()):
                if entry.get("hostPort") and entry["hostPort"] != entry.get("containerPort"):
                    found.append(fields.invalid(((((((path, "containers"), index), "ports"), place)), "hostPort"), entry["hostPort"],
                                                "must match `containerPort` when `hostNetwork` is true"))


def dns_config(spec: dict, path: Path, found: list) -> None:
    config, here = spec.get("dnsConfig"), (path, "dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            found.append(fields.required(here, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not config.get("nameservers"):
            found.append(fields.required((here, "nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None"))
            return
    servers = (config or {}).get("nameservers") or []
    if len(servers) > 3:
        found.append(fields.invalid((here, "nameservers"), servers, "must not have more than 3 nameservers"))
    each(ip_address)(servers, (here, "nameservers"), found)


def same_account(spec: dict, path: Path, found: list) -> None:
    name = spec.get("serviceAccountName", "")
    if spec.get("serviceAccount", "") != name:
        found.append(fields.invalid((path, "deprecatedServiceAccount"), spec.get("serviceAccount", ""),
                                    f'must be the same as serviceAccountName: "{name}"'))


def operating_system(value: dict | None, path: Path, found: list) -> None:
    if value is not None:
        one_of("linux", "windows")(value.get("name", ""), path, found)


def scheduling_gates(gates: list | None, path: Path, found: list) -> None:
    seen = set()
    for index, gate in enumerate(gates or ()):
        name = gate.get("name", "")
        for problem in names.qualified_name(name):
            found.append(fields.invalid((path, index), name, problem))
        if name in seen:
            found.append(fields.duplicate((path, index), name))
        seen.add(name)


# --- placement -----------------------------------------------------------------------------------------------------------------------

def toleration(value: dict, path: Path, found: list) -> None:
    """Upstream: ValidateTolerations."""
    key, operator, effect = value.get("key", ""), value.get("operator", ""), value.get("effect", "")
    label_key(key, (path, "key"), found)
    if not key and operator != "Exists":
        found.append(fields.invalid((path, "operator"), operator,
                                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
    if "tolerationSeconds" in value and effect != "NoExecute":
        found.append(fields.invalid((path, "effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if operator in ("", "Equal"):
        problems = names.label_value(value.get("value", ""))
        if problems:
            found.append(fields.invalid((path, "operator"), value["value"], ";".join(problems)))
    elif operator == "Exists":
        if value.get("value"):
            found.append(fields.invalid((path, "operator"), value["value"], "value must be empty when `operator` is 'Exists'"))
    else:
        found.append(fields.not_supported((path, "operator"), operator, ("Equal", "Exists")))
    if effect:
        one_of(*EFFECTS)(effect, (path, "effect"), found)


def node_requirement(value: dict, path: Path, found: list) -> None:
    operator, values = value.get("operator", ""), value.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            found.append(fields.required((path, "values"), "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            found.append(fields.forbidden((path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            found.append(fields.required((path, "values"), "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        found.append(fields.invalid((path, "operator"), operator, "not a valid selector operator"))
    for problem in names.label_key(value.get("key", "")):
        found.append(fields.invalid((path, "key"), value.get("key", ""), problem))


def affinity_term(term: dict, path: Path, found: list) -> None:
    label_selector(term.get("labelSelector"), (path, "labelSelector"), found)
    label_selector(term.get("namespaceSelector"), (path, "namespaceSelector"), found)
    for name in term.get("namespaces") or ():
        label(name, (path, "namespace"), found)
    key = term.get("topologyKey", "")
    if not key:
        found.append(fields.required((path, "topologyKey"), "can not be empty"))
    for problem in names.label_key(key):
        found.append(fields.invalid((path, "topologyKey"), key, problem))


WEIGHT = between(1, 100, "must be in the range 1-100")


def spread_constraint(value: dict, path: Path, found: list) -> None:
    if value.get("maxSkew", 0) <= 0:
        found.append(fields.invalid((path, "maxSkew"), value.get("maxSkew", 0), "must be greater than zero"))
    needed("can not be empty")(value.get("topologyKey"), (path, "topologyKey"), found)
    one_of("DoNotSchedule", "ScheduleAnyway", empty=None)(value.get("whenUnsatisfiable", ""), (path, "whenUnsatisfiable"), found)
    if "minDomains" in value:
        positive(value["minDomains"], (path, "minDomains"), found)
        if value.get("whenUnsatisfiable") != "DoNotSchedule":
            sentence = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {value.get('whenUnsatisfiable')}"
            found.append(fields.invalid((path, "minDomains"), value["minDomains"], sentence))
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        one_of("Honor", "Ignore")(value.get(key), (path, key), found)
    label_selector(value.get("labelSelector"), (path, "labelSelector"), found)


PROBE = [("", handler), *((key, non_negative) for key in SECONDS), ("terminationGracePeriodSeconds", grace_of_probe)]
CONTAINER = [
    ("name", required, label), ("image", required), ("terminationMessagePolicy", one_of("File", "FallbackToLogsOnError")),
    ("ports", port_names), ("env",), ("envFrom", pods.env_from), ("volumeMounts", pods.volume_mounts), ("volumeDevices",),
    ("", pods.bidirectional), ("imagePullPolicy", one_of("Always", "IfNotPresent", "Never")), ("resources",), ("resizePolicy",),
    ("securityContext",), ("lifecycle",), ("livenessProbe",), ("", after("livenessProbe", succeeds_once)), ("readinessProbe",),
    ("", after("readinessProbe", readiness)), ("startupProbe",), ("", after("startupProbe", succeeds_once)),
]
FRESH = {("core.v1.PodSpec", "containers"): mounts_may_dangle, ("core.v1.PodSpec", "initContainers"): mounts_may_dangle,
         ("core.v1.Container", "volumeMounts"): lambda container, old: True}

RULES: dict[str, list[tuple]] = {
    "core.v1.Container": CONTAINER,
    "core.v1.EphemeralContainer": CONTAINER,
    "core.v1.Probe": PROBE,
    "core.v1.Lifecycle": [("postStart",), ("preStop",)],
    "core.v1.LifecycleHandler": [("", handler)],
    "core.v1.PodSpec": [
        ("", enter), ("terminationGracePeriodSeconds", non_negative), ("volumes",), ("", after("volumes", unique("name"))),
        ("containers", required), ("", after("containers", unique("name")), after("containers", host_ports)),
        ("initContainers",), ("", init_containers), ("ephemeralContainers",),
        ("", host_network), ("restartPolicy", one_of("Always", "OnFailure", "Never")),
        ("dnsPolicy", one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")), ("nodeSelector", labels),
        ("securityContext",), ("affinity",), ("", dns_config), ("schedulingGates", scheduling_gates), ("topologySpreadConstraints",),
        ("serviceAccountName", subdomain), ("", same_account), ("nodeName", subdomain),
        ("activeDeadlineSeconds", between(1, (1 << 31) - 1)), ("hostname", label), ("subdomain", label), ("tolerations",), ("hostAliases",),
        ("priorityClassName", subdomain), ("runtimeClassName", subdomain), ("preemptionPolicy", one_of("PreemptLowerPriority", "Never")),
        ("os", operating_system),
    ],
    "core.v1.PodSchedulingGate": [],
    "core.v1.PodOS": [],
    "core.v1.PodSecurityContext": [("fsGroup", identity), ("runAsUser", identity), ("runAsGroup", identity),
                                   ("supplementalGroups", each(identity)), ("fsGroupChangePolicy", one_of("Always", "OnRootMismatch"))],
    "core.v1.PodReadinessGate": [("conditionType", text(names.qualified_name))],
    "core.v1.HostAlias": [("ip", ip_address), ("hostnames", each(subdomain))],
    "core.v1.Toleration": [("", toleration)],
    "core.v1.NodeSelector": [("nodeSelectorTerms", needed("must have at least one node selector term"))],
    "core.v1.NodeSelectorRequirement": [("", node_requirement)],
    "core.v1.PreferredSchedulingTerm": [("weight", WEIGHT)],
    "core.v1.PodAffinityTerm": [("", affinity_term)],
    "core.v1.WeightedPodAffinityTerm": [("weight", WEIGHT)],
    "core.v1.TopologySpreadConstraint": [("", spread_constraint)],
}
