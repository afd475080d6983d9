"""Rules of what a pod is made of: containers, their ports, environment, mounts, probes and resources; volumes.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: Windows, AppArmor and the volume types of single vendors.
"""
from __future__ import annotations

from .. import fields, internal, names, quantity
from ..checks import NEGATIVE, full_qualified_name, inner_path, mode, one_of, qualified_name, relative_path, required
from ..fields import Path, below
from ..findings import Findings, exactly_one
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


# --- resources ---------------------------------------------------------------------------------------------------------------

def resource_name(name: str, path: Path, found: Findings) -> None:
    wrong = names.qualified_name(name)
    full_qualified_name(name, path, found)
    if "/" not in name and name not in STANDARD and not name.startswith("hugepages-"):
        if not wrong:
            found.invalid(path, name, "must be a standard resource type or fully qualified")
        found.invalid(path, name, "must be a standard resource for containers")


def amount(name: str, value: str, path: Path, found: Findings) -> None:
    if quantity.parse(value) < 0:
        found.invalid(path, value, NEGATIVE)
    elif ("/" in name or name in WHOLE) and quantity.milli(value) % 1000:
        found.invalid(path, value, "must be an integer")


def resources(requirements: dict, path: Path, found: Findings) -> None:
    """Upstream: validateResourceRequirements."""
    limits, requests = requirements.get("limits") or {}, requirements.get("requests") or {}
    for group, amounts in (("limits", limits), ("requests", requests)):
        for name, value in sorted(amounts.items()):
            here = below(path, group, Key(name))
            resource_name(name, here, found)
            amount(name, value, here, found)
            if group == "requests":
                within_limit(name, value, limits.get(name), path, found)


def within_limit(name: str, request: str, limit: str | None, path: Path, found: Findings) -> None:
    exact = "/" in name or name.startswith("hugepages-")  # what cannot be overcommitted
    if limit is None and exact:
        found.required((path, "limits"), "Limit must be set for non overcommitable resources")
    if limit is None:
        return
    if exact and quantity.compare(request, limit):
        found.invalid((path, "requests"), request, f"must be equal to {name} limit of {limit}")
    elif quantity.compare(request, limit) > 0:
        found.invalid((path, "requests"), request, f"must be less than or equal to {name} limit of {limit}")


# --- environment ---------------------------------------------------------------------------------------------------------------

def value_from(variable: dict, path: Path, found: Findings) -> None:
    source, here = variable.get("valueFrom"), (path, "valueFrom")
    if source is None:
        return
    if not source:
        found.invalid(here, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
    elif variable.get("value"):
        found.invalid(here, "", "may not be specified when `value` is not empty")
    elif len(source) > 1:
        found.invalid(here, "", "may not have more than one field specified at a time")


def env_field(reference: dict | None, path: Path, found: Findings) -> None:
    if reference:
        field_path(reference, path, found, ENV_FIELDS)


def field_path(reference: dict, path: Path, found: Findings, allowed: tuple[str, ...]) -> None:
    """Upstream: validateObjectFieldSelector."""
    wanted, here = reference.get("fieldPath", ""), (path, "fieldPath")
    name, bracket, subscript = wanted.partition("['")
    if not wanted:
        found.required(here)
    elif bracket and wanted.endswith("']"):
        if name not in ("metadata.annotations", "metadata.labels"):
            found.invalid(here, wanted, f"error converting fieldPath: field label does not support subscript: {name}")
        qualified_name(subscript[:-2].lower() if name.endswith("annotations") else subscript[:-2], path, found)
    elif wanted not in KNOWN_FIELDS:
        found.invalid(here, wanted, f"error converting fieldPath: field label not supported: {wanted}")
    elif wanted not in allowed:
        found.unsupported(here, wanted, allowed)


def env_from(sources: list | None, path: Path, found: Findings) -> None:
    for source in sources or ():
        count = sum(source.get(key) is not None for key in ("configMapRef", "secretRef"))
        if not count:
            found.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif count > 1:
            found.invalid(path, "", "may not have more than one field specified at a time")


def resource_field(reference: dict | None, path: Path, found: Findings) -> None:
    """Upstream: validateContainerResourceFieldSelector."""
    if reference is not None:
        wanted, here = reference.get("resource", ""), (path, "resource")
        required(wanted, here, found)
        if wanted and wanted not in RESOURCE_FIELDS and not wanted.startswith(("requests.hugepages-", "limits.hugepages-")):
            found.unsupported(here, wanted, RESOURCE_FIELDS)


# --- mounts --------------------------------------------------------------------------------------------------------------------

def volume_mounts(container: dict, path: Path, found: Findings) -> None:
    """Upstream: ValidateVolumeMounts."""
    taken, path, devices = set(), (path, "volumeMounts"), container.get("volumeDevices") or ()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here, name, where = (path, index), mount.get("name", ""), mount.get("mountPath", "")
        required(name, (here, "name"), found)
        if name not in found.volumes:
            found.append(fields.not_found((here, "name"), name))
        required(where, (here, "mountPath"), found)
        if where in taken:
            found.invalid((here, "mountPath"), where, "must be unique")
        taken.add(where)
        if any(name == device.get("name") for device in devices):
            found.invalid((here, "name"), name, "must not already exist in volumeDevices")
        if any(where == device.get("devicePath") for device in devices):
            found.invalid((here, "mountPath"), where, "must not already exist as a path in volumeDevices")
        relative_path(mount.get("subPath"), (path, "subPath"), found)
        if mount.get("subPathExpr") and mount.get("subPath"):
            found.invalid((here, "subPathExpr"), mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive")
        relative_path(mount.get("subPathExpr"), (path, "subPathExpr"), found)
        propagation(mount.get("mountPropagation"), (path, "mountPropagation"), found)


def volume_devices(container: dict, path: Path, found: Findings) -> None:
    """Upstream: ValidateVolumeDevices."""
    devices, mounts = container.get("volumeDevices") or (), container.get("volumeMounts") or ()
    for index, device in enumerate(devices):
        here, name, where = below(path, "volumeDevices", index), device.get("name", ""), device.get("devicePath", "")
        required(name, (here, "name"), found)
        if any(name == other.get("name") for other in devices[:index]):
            found.invalid((here, "name"), name, "must be unique")
        source = found.volumes.get(name)
        if name not in found.volumes:
            found.append(fields.not_found((here, "name"), name))
        elif source is not None and not {"persistentVolumeClaim", "ephemeral"} & source.keys():
            found.invalid((here, "name"), name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
        required(where, (here, "devicePath"), found)
        if any(where == other.get("devicePath") for other in devices[:index]):
            found.invalid((here, "devicePath"), where, "must be unique")
        if ".." in where.split("/"):
            found.invalid((here, "devicePath"), where, "can not contain backsteps ('..')")
        if any(name == mount.get("name") for mount in mounts):
            found.invalid((here, "name"), name, "must not already exist in volumeMounts")
        if any(where == mount.get("mountPath") for mount in mounts):
            found.invalid((here, "devicePath"), where, "must not already exist as a path in volumeMounts")


propagation = one_of("Bidirectional", "HostToContainer", "None")


def bidirectional(container: dict, path: Path, found: Findings) -> None:
    if (container.get("securityContext") or {}).get("privileged"):
        return
    for mount in container.get("volumeMounts") or ():
        if mount.get("mountPropagation") == "Bidirectional":
            here = below(path, "volumeMounts", "mountPropagation")
            found.forbidden(here, "Bidirectional mount propagation is available only to privileged containers")


def security_context(context: dict, path: Path, found: Findings) -> None:
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        sentence = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        found.invalid(path, internal.struct("SecurityContext", context), sentence)


# --- volumes --------------------------------------------------------------------------------------------------------------------

SOURCES = ("emptyDir", "hostPath", "gitRepo", "secret", "nfs", "iscsi", "persistentVolumeClaim", "downwardAPI", "configMap", "projected",
           "csi", "ephemeral", "image")  # in the order in which upstream looks at them


def volume(value: dict, path: Path, found: Findings) -> None:
    given = sorted(value.keys() - {"name"}, key=lambda key: (SOURCES.index(key) if key in SOURCES else len(SOURCES), key))
    exactly_one("volume type", given, path, found)


def one_source(value: dict, path: Path, found: Findings) -> None:
    if len(value) > 1:
        found.forbidden(path, "may not specify more than 1 volume type per source")


def size_limit(value: str | None, path: Path, found: Findings) -> None:
    if value is not None and quantity.parse(value) < 0:
        found.forbidden(path, "SizeLimit field must be a valid resource quantity")


def paths_once(value: dict, path: Path, found: Findings) -> None:
    """What several sources bring must not have the same path."""
    taken: set[str] = set()
    for source in value.get("sources") or ():
        kind, given = next(iter(source.items()), ("", {}))
        for item in given.get("items") or ([given] if kind == "serviceAccountToken" else ()):
            where = item.get("path", "")
            if where in taken:
                found.invalid(path, given.get("name", "") if kind in ("configMap", "secret") else where, "conflicting duplicate paths")
            taken |= {where} - {""}


def downward_files(volume: dict, path: Path, found: Findings) -> None:
    """Upstream's paths leave out which item it is."""
    for item in volume.get("items") or ():
        inner_path(item.get("path"), (path, "path"), found)
        if item.get("fieldRef"):
            field_path(item["fieldRef"], (path, "fieldRef"), found, VOLUME_FIELDS)
            if item.get("resourceFieldRef"):
                found.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
        elif item.get("resourceFieldRef") is None:
            found.required(path, "one of fieldRef and resourceFieldRef is required")
        elif not item["resourceFieldRef"].get("containerName"):
            found.required(below(path, "resourceFieldRef", "containerName"))
        else:
            resource_field(item["resourceFieldRef"], (path, "resourceFieldRef"), found)
        mode(item.get("mode"), (path, "mode"), found)


def token(projection: dict, path: Path, found: Findings) -> None:
    seconds, where = projection.get("expirationSeconds"), (path[0][0][0], "path")  # upstream names the volume's path
    if seconds is not None and seconds < 600:
        found.invalid((path, "expirationSeconds"), seconds, "may not specify a duration less than 10 minutes")
    required(projection.get("path"), where, found)
    relative_path(projection.get("path"), where, found)
