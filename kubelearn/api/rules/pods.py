"""Rules of what a pod is made of: containers, their ports, environment, mounts, probes and resources; volumes.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: Windows, AppArmor and the volume types of single vendors.
"""
from __future__ import annotations

from .. import fields, internal, names, quantity
from ..checks import (
    Findings,
    identity,
    inner_path,
    label,
    mode,
    no_backsteps,
    one_of,
    optional_port,
    port,
    port_or_name,
    qualified,
    relative_path,
    required,
    right,
    subdomain,
    text,
)
from ..fields import Path
from ..mismatch import Key

STANDARD = ("cpu", "memory", "ephemeral-storage")
WHOLE = ("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
         "services.nodeports", "services.loadbalancers")
ENV_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
              "status.hostIPs", "status.podIP", "status.podIPs")
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
KNOWN_FIELDS = (*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "spec.hostNetwork", "status.phase",
                "status.nominatedNodeName", "spec.hostUsers")
RESOURCE_FIELDS = tuple(f"{kind}.{name}" for kind in ("limits", "requests") for name in sorted(STANDARD))
PROTOCOLS = one_of("SCTP", "TCP", "UDP")


# --- resources ---------------------------------------------------------------------------------------------------------------

def resource_name(name: str, path: Path, found: list) -> None:
    sentences = list(names.qualified_name(name))
    if "/" not in name and name not in STANDARD and not name.startswith("hugepages-"):
        sentences += [] if sentences else ["must be a standard resource type or fully qualified"]
        sentences.append("must be a standard resource for containers")
    for sentence in sentences:
        found.append(fields.invalid(path, name, sentence))


def amount(name: str, value: str, path: Path, found: list) -> None:
    number = quantity.parse(value)
    if number < 0:
        found.append(fields.invalid(path, value, "must be greater than or equal to 0"))
    elif ("/" in name or name in WHOLE) and quantity.milli(value) % 1000:
        found.append(fields.invalid(path, value, "must be an integer"))


def resources(requirements: dict, path: Path, found: list) -> None:
    """Upstream: validateResourceRequirements."""
    limits, requests = requirements.get("limits") or {}, requirements.get("requests") or {}
    for group, amounts in (("limits", limits), ("requests", requests)):
        for name, value in sorted(amounts.items()):
            here = ((path, group), Key(name))
            resource_name(name, here, found)
            amount(name, value, here, found)
            if group == "requests":
                within_limit(name, value, limits.get(name), path, found)


def within_limit(name: str, request: str, limit: str | None, path: Path, found: list) -> None:
    exact = "/" in name or name.startswith("hugepages-")  # what cannot be overcommitted
    if limit is None:
        if exact:
            found.append(fields.required((path, "limits"), "Limit must be set for non overcommitable resources"))
    elif exact and quantity.compare(request, limit):
        found.append(fields.invalid((path, "requests"), request, f"must be equal to {name} limit of {limit}"))
    elif quantity.compare(request, limit) > 0:
        found.append(fields.invalid((path, "requests"), request, f"must be less than or equal to {name} limit of {limit}"))


# --- environment ---------------------------------------------------------------------------------------------------------------

def value_from(variable: dict, path: Path, found: list) -> None:
    source = variable.get("valueFrom")
    if source is None:
        return
    here = (path, "valueFrom")
    if not source:
        found.append(fields.invalid(here, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                                    "`fileKeyRef`"))
    elif variable.get("value"):
        found.append(fields.invalid(here, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        found.append(fields.invalid(here, "", "may not have more than one field specified at a time"))


def env_field(source: dict, path: Path, found: list) -> None:
    if source.get("fieldRef"):
        field_path(source["fieldRef"], (path, "fieldRef"), found, ENV_FIELDS)


def field_path(reference: dict, path: Path, found: list, allowed: tuple[str, ...]) -> None:
    """Upstream: validateObjectFieldSelector."""
    wanted = reference.get("fieldPath", "")
    if not wanted:
        found.append(fields.required((path, "fieldPath")))
        return
    name, bracket, subscript = wanted.partition("['")
    if bracket and wanted.endswith("']"):
        if name not in ("metadata.annotations", "metadata.labels"):
            found.append(
                fields.invalid((path, "fieldPath"), wanted, f"error converting fieldPath: field label does not support subscript: {name}")
            )
        qualified(subscript[:-2].lower() if name.endswith("annotations") else subscript[:-2], path, found)
    elif wanted not in KNOWN_FIELDS:
        found.append(fields.invalid((path, "fieldPath"), wanted, f"error converting fieldPath: field label not supported: {wanted}"))
    elif wanted not in allowed:
        found.append(fields.not_supported((path, "fieldPath"), wanted, allowed))


def env_from(sources: list | None, path: Path, found: list) -> None:
    for source in sources or ():
        kinds = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        if not kinds:
            found.append(fields.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(kinds) > 1:
            found.append(fields.invalid(path, "", "may not have more than one field specified at a time"))


def resource_field(reference: dict, path: Path, found: list) -> None:
    wanted = reference.get("resource", "")
    if not wanted:
        found.append(fields.required((path, "resource")))
    elif wanted not in RESOURCE_FIELDS and not wanted.startswith(("requests.hugepages-", "limits.hugepages-")):
        found.append(fields.not_supported((path, "resource"), wanted, RESOURCE_FIELDS))


# --- mounts --------------------------------------------------------------------------------------------------------------------

def volume_mounts(mounts: list | None, path: Path, found: Findings) -> None:
    """Upstream: ValidateVolumeMounts."""
    taken = set()
    for index, mount in enumerate(mounts or ()):
        here, name, where = (path, index), mount.get("name", ""), mount.get("mountPath", "")
        required(name, (here, "name"), found)
        if name not in found.volumes:
            found.append(fields.not_found((here, "name"), name))
        required(where, (here, "mountPath"), found)
        if where in taken:
            found.append(fields.invalid((here, "mountPath"), where, "must be unique"))
        taken.add(where)
        relative_path(mount.get("subPath"), (path, "subPath"), found)
        if mount.get("subPathExpr") and mount.get("subPath"):
            found.append(fields.invalid((here, "subPathExpr"), mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive"))
        relative_path(mount.get("subPathExpr"), (path, "subPathExpr"), found)
        propagation(mount.get("mountPropagation"), (path, "mountPropagation"), found)


propagation = one_of("Bidirectional", "HostToContainer", "None")


def bidirectional(container: dict, path: Path, found: list) -> None:
    if (container.get("securityContext") or {}).get("privileged"):
        return
    for mount in container.get("volumeMounts") or ():
        if mount.get("mountPropagation") == "Bidirectional":
            found.append(fields.forbidden(((path, "volumeMounts"), "mountPropagation"),
                                          "Bidirectional mount propagation is available only to privileged containers"))


def security_context(context: dict, path: Path, found: list) -> None:
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        sentence = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        found.append(fields.invalid(path, internal.struct("SecurityContext", context), sentence))


# --- volumes --------------------------------------------------------------------------------------------------------------------

def volume(value: dict, path: Path, found: list) -> None:
    """Exactly one type; the order of upstream's errors: the type, then the name."""
    types = [key for key in value if key != "name"]
    for key in types[1:]:
        found.append(fields.forbidden((path, key), "may not specify more than 1 volume type"))
    if not types:
        found.append(fields.required(path, "must specify a volume type"))


def size_limit(value: str | None, path: Path, found: list) -> None:
    if value is not None and quantity.parse(value) < 0:
        found.append(fields.forbidden(path, "SizeLimit field must be a valid resource quantity"))


def downward_files(volume: dict, path: Path, found: list) -> None:
    """Upstream's paths leave out which item it is."""
    for item in volume.get("items") or ():
        inner_path(item.get("path"), (path, "path"), found)
        if item.get("fieldRef"):
            field_path(item["fieldRef"], (path, "fieldRef"), found, VOLUME_FIELDS)
            if item.get("resourceFieldRef"):
                found.append(fields.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
        elif not item.get("resourceFieldRef"):
            found.append(fields.required(path, "one of fieldRef and resourceFieldRef is required"))
        mode(item.get("mode"), (path, "mode"), found)


def token(projection: dict, path: Path, found: list) -> None:
    seconds, where = projection.get("expirationSeconds"), (path[0][0][0], "path")  # upstream names the volume's path
    if seconds is not None and seconds < 600:
        found.append(fields.invalid((path, "expirationSeconds"), seconds, "may not specify a duration less than 10 minutes"))
    required(projection.get("path"), where, found)
    relative_path(projection.get("path"), where, found)


HOST_PATHS = one_of("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket", empty=None)
SECRET_NAME = (required, subdomain)
KEY = (required, text(names.config_key))

RULES: dict[str, list[tuple]] = {
    "core.v1.ContainerPort": [
        ("name", text(names.port_name)),
        ("containerPort", lambda value, path, found: port(value, path, found) if value else found.append(fields.required(path))),
        ("hostPort", optional_port),
        ("protocol", PROTOCOLS),
    ],
    "core.v1.EnvVar": [("name", required, text(names.env_name)), ("valueFrom",), ("", value_from)],
    "core.v1.EnvVarSource": [("", env_field)],
    "core.v1.ResourceFieldSelector": [("", resource_field)],
    "core.v1.EnvFromSource": [("prefix", text(names.env_name))],
    "core.v1.ConfigMapEnvSource": [("name", *SECRET_NAME)],
    "core.v1.SecretEnvSource": [("name", *SECRET_NAME)],
    "core.v1.ConfigMapKeySelector": [("name", right(names.dns_subdomain)), ("key", *KEY)],
    "core.v1.SecretKeySelector": [("name", right(names.dns_subdomain)), ("key", *KEY)],
    "core.v1.VolumeMount": [],
    "core.v1.VolumeDevice": [("name", required), ("devicePath", required, no_backsteps)],
    "core.v1.ResourceRequirements": [("", resources)],
    "core.v1.VolumeResourceRequirements": [],
    "core.v1.ContainerResizePolicy": [
        ("resourceName", one_of("cpu", "memory")),
        ("restartPolicy", one_of("NotRequired", "RestartContainer")),
    ],
    "core.v1.SecurityContext": [
        ("runAsUser", identity),
        ("runAsGroup", identity),
        ("procMount", one_of("Default", "Unmasked")),
        ("", security_context),
    ],
    "core.v1.ExecAction": [("command", required)],
    "core.v1.HTTPGetAction": [("path", required), ("port", port_or_name), ("scheme", one_of("HTTP", "HTTPS"))],
    "core.v1.HTTPHeader": [("name", required)],
    "core.v1.TCPSocketAction": [("port", port_or_name)],
    "core.v1.GRPCAction": [("port", port)],
    "core.v1.LocalObjectReference": [],
    "core.v1.Volume": [("", volume), ("name", required, label)],
    "core.v1.EmptyDirVolumeSource": [("sizeLimit", size_limit)],
    "core.v1.HostPathVolumeSource": [("path", required, no_backsteps), ("type", HOST_PATHS)],
    "core.v1.GitRepoVolumeSource": [("repository", required), ("directory", relative_path)],
    "core.v1.SecretVolumeSource": [("secretName", required), ("defaultMode", mode)],
    "core.v1.ConfigMapVolumeSource": [("name", required), ("defaultMode", mode)],
    "core.v1.SecretProjection": [("name", required)],
    "core.v1.ConfigMapProjection": [("name", required)],
    "core.v1.KeyToPath": [("key", required), ("path", inner_path), ("mode", mode)],
    "core.v1.DownwardAPIVolumeSource": [("defaultMode", mode), ("", downward_files)],
    "core.v1.DownwardAPIProjection": [("", downward_files)],
    "core.v1.DownwardAPIVolumeFile": [],
    "core.v1.ObjectFieldSelector": [],
    "core.v1.PersistentVolumeClaimVolumeSource": [("claimName", required)],
    "core.v1.NFSVolumeSource": [("server", required), ("path", required)],
    "core.v1.CSIVolumeSource": [("driver", required)],
    "core.v1.ProjectedVolumeSource": [("defaultMode", mode)],
    "core.v1.ServiceAccountTokenProjection": [("", token)],
    "core.v1.ImageVolumeSource": [("reference", required), ("pullPolicy", one_of("Always", "IfNotPresent", "Never"))],
}
