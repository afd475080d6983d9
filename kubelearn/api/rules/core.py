"""Rules of configuration, storage, nodes and the limits of a namespace.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: the volume types of vendors.
"""
from __future__ import annotations

import base64
import json

from .. import fields, internal, names, quantity
from ..checks import (
    Findings,
    each,
    label_selector,
    labels,
    one_of,
    positive_quantity,
    required,
    subdomain,
    text,
)
from ..fields import Path
from ..mismatch import Key
from .pods import amount

LARGEST = 1024 * 1024  # bytes in a ConfigMap or Secret
MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


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
}
