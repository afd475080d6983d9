"""Rules of configuration, storage, nodes and the limits of a namespace.

Part of Kubernetes: pkg/apis/core/validation. Leaves out: the volume types of vendors.
"""
from __future__ import annotations

import base64
import json

from .. import fields, internal, names, quantity
from ..checks import config_key, full_label_key, full_qualified_name, label_key, one_of, positive_quantity, wrong
from ..fields import Path, below
from ..findings import Findings, exactly_one
from ..mismatch import Key
from .labels import OPERATORS, labels
from .pods import WHOLE, amount

LARGEST = 1024 * 1024  # bytes in a ConfigMap or Secret
STANDARD_QUOTAS = frozenset((
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu",
    "limits.memory", "limits.ephemeral-storage", *WHOLE))
SCOPES = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass", "CrossNamespacePodAffinity",
          "VolumeAttributesClass")
POD_QUOTAS = STANDARD_QUOTAS.difference(WHOLE, ("requests.storage",)) | {"pods"}
SCOPED = {"BestEffort": {"pods"}, "VolumeAttributesClass": {"persistentvolumeclaims", "requests.storage"}}  # the rest: POD_QUOTAS
MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


# --- configuration -----------------------------------------------------------------------------------------------------------------

def config_data(obj: dict, path: Path, found: Findings) -> None:
    total = 0
    for group in ("data", "binaryData"):
        for key, value in sorted((obj.get(group) or {}).items()):
            config_key(key, below(path, group, Key(key)), found)
            if group == "data" and key in (obj.get("binaryData") or {}):
                found.invalid(below(path, group, Key(key)), key, "duplicate of key present in binaryData")
            total += len(value) if group == "data" else len(value) * 3 // 4
    if total > LARGEST:
        found.append(fields.too_long(path, LARGEST))


NEEDED_KEYS = {"kubernetes.io/dockercfg": (".dockercfg",), "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
               "kubernetes.io/tls": ("tls.crt", "tls.key"), "kubernetes.io/ssh-auth": ("ssh-privatekey",)}
ACCOUNT_NAME = "kubernetes.io/service-account.name"


def secret(obj: dict, path: Path, found: Findings) -> None:
    """Upstream: ValidateSecret."""
    data, kind = obj.get("data") or {}, obj.get("type")
    for key in sorted(data):
        config_key(key, below(path, "data", Key(key)), found)
    if sum(len(value) * 3 // 4 for value in data.values()) > LARGEST:
        found.append(fields.too_long((path, "data"), LARGEST))
    wanted = NEEDED_KEYS.get(kind, ())
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        wanted = ("username", "password")
    for key in wanted:
        if key not in data or (key == "ssh-privatekey" and not data[key]):
            found.required(below(path, "data", Key(key)))
        elif key.startswith(".docker"):
            docker_config(data[key], below(path, "data", Key(key)), found)
    if kind == "kubernetes.io/service-account-token" and not (obj["metadata"].get("annotations") or {}).get(ACCOUNT_NAME):
        found.required(below(None, "metadata", "annotations", Key(ACCOUNT_NAME)))


def docker_config(value: str, path: Path, found: Findings) -> None:
    body = base64.b64decode(value).decode("utf-8", "replace").strip()
    try:
        json.loads(body)
    except ValueError:
        odd = body[:1] not in ("", "{")
        sentence = f"invalid character '{body[0]}' looking for beginning of value" if odd else "unexpected end of JSON input"
        found.invalid(path, "<secret contents redacted>", sentence)


# --- storage -------------------------------------------------------------------------------------------------------------------------

def access_modes(modes: list | None, path: Path, found: Findings) -> None:
    for value in modes or ():
        if value not in MODES:
            found.unsupported(path, value, MODES)
    if "ReadWriteOncePod" in (modes or ()) and len(set(modes)) > 1:
        found.forbidden(path, "may not use ReadWriteOncePod with other access modes")


def provisioner(value: str | None, path: Path, found: Findings) -> None:
    label_key((value or "").lower() or None, path, found)


def parameters(values: dict | None, path: Path, found: Findings) -> None:
    if "" in (values or {}):
        found.invalid(path, "", "field can not be empty.")


def claim_size(resources: dict | None, path: Path, found: Findings) -> None:
    size = ((resources or {}).get("requests") or {}).get("storage")
    if size is None:
        found.required((path, Key("storage")))
    else:
        positive_quantity(size, (path, Key("storage")), found)


def capacity(amounts: dict | None, path: Path, found: Findings) -> None:
    if set(amounts or {}) != {"storage"}:
        found.unsupported(path, amounts, ("storage",))
    for name, value in sorted((amounts or {}).items()):
        positive_quantity(value, (path, Key(name)), found)


VOLUME_FIELDS = frozenset(("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
                           "storageClassName", "volumeAttributesClassName", "volumeMode"))


def volume_types(spec: dict, path: Path, found: Findings) -> None:
    exactly_one("volume type", [key for key in spec if key not in VOLUME_FIELDS], path, found)
    if "local" in spec and not (spec.get("nodeAffinity") or {}).get("required"):
        found.required((path, "nodeAffinity"), "Local volume requires node affinity")


# --- nodes, limits and quotas ----------------------------------------------------------------------------------------------------------

def taints(values: list | None, path: Path, found: Findings) -> None:
    seen = set()
    for index, taint in enumerate(values or ()):
        here = below(None, "metadata", "taints", index)  # upstream's own path
        full_label_key(taint.get("key"), (here, "key"), found)
        if problems := names.label_value(taint.get("value", "")):
            found.invalid((here, "value"), taint["value"], ";".join(problems))
        one_of("NoSchedule", "PreferNoSchedule", "NoExecute")(taint.get("effect", ""), (here, "effect"), found)
        pair = taint.get("key"), taint.get("effect")
        if pair in seen:
            found.duplicate(here, internal.struct("Taint", taint), "taints must be unique by key and effect pair")
        seen.add(pair)


limit_type = wrong(lambda value: value and "/" not in value and value not in ("Pod", "Container", "PersistentVolumeClaim"),
                   "must be a standard limit type or fully qualified")


def limits(items: list | None, path: Path, found: Findings) -> None:
    """Upstream: ValidateLimitRange."""
    seen = set()
    for index, item in enumerate(items or ()):
        here, kind = below(path, index, "type"), item.get("type", "")
        full_qualified_name(kind, here, found)
        limit_type(kind, here, found)
        if kind in seen:
            found.duplicate(here, kind)
        seen.add(kind)
        limit_range_item(item, (path, index), found)


def limit_range_item(item: dict, path: Path, found: Findings) -> None:
    """min <= defaultRequest <= default <= max."""
    kind, get = item.get("type"), lambda group, name: (item.get(group) or {}).get(name)
    for group in ("default", "defaultRequest") if kind == "Pod" else ():
        if item.get(group):
            found.forbidden((path, group), "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not get("min", "storage") and not get("max", "storage"):
        found.required((path, "limits"), "either minimum or maximum storage value is required, but neither was provided")
    for name in sorted({name for group in CALLED for name in item.get(group) or ()}):
        for low, high, called, blamed, shown in LIMIT_ORDER:
            small, large = get(low, name), get(high, name)
            if small is not None and large is not None and quantity.compare(small, large) > 0:
                sentence = f"{CALLED[low]} value {small} is greater than {called} value {large}"
                found.invalid(below(path, blamed, Key(name)), get(shown, name), sentence)


CALLED = {"min": "min", "max": "max", "default": "default", "defaultRequest": "default request"}
LIMIT_ORDER = (  # the lower group, the higher, how upstream calls that, which it blames, and of which it shows the value
    ("min", "max", "max", "min", "min"), ("min", "defaultRequest", "default request", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "max", "max", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "default", "default limit", "defaultRequest", "defaultRequest"),
    ("min", "default", "default", "default", "min"), ("default", "max", "max", "default", "max"))


def quota_hard(amounts: dict | None, path: Path, found: Findings) -> None:
    for name, value in sorted((amounts or {}).items()):
        here = (path, Key(name))
        full_qualified_name(name, here, found)
        if "/" not in name and name not in STANDARD_QUOTAS and not name.startswith(("hugepages-", "requests.hugepages-")):
            for sentence in ("must be a standard resource type or fully qualified", "must be a standard resource for quota"):
                found.invalid(here, name, sentence)
        amount(name, value, here, found)


def quota_scopes(spec: dict, path: Path, found: Findings) -> None:
    scopes, path = spec.get("scopes"), (path, "scopes")
    standard = sorted(STANDARD_QUOTAS.intersection(spec.get("hard") or ()))
    for scope in scopes or ():
        for name in standard if scope in SCOPES else ():
            if name not in SCOPED.get(scope, POD_QUOTAS):
                found.invalid(path, scopes, "unsupported scope applied to resource")
        if scope not in SCOPES:
            found.invalid(path, scopes, "unsupported scope")
    for pair in CONFLICTING:
        if pair <= set(scopes or ()):
            found.invalid(path, scopes, "conflicting scopes")


CONFLICTING = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
ONLY_EXISTS = ("must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
               "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")


def quota_selector(spec: dict, path: Path, found: Findings) -> None:
    """Upstream: validateScopedResourceSelectorRequirement."""
    wanted, path = (spec.get("scopeSelector") or {}).get("matchExpressions") or [], below(path, "scopeSelector", "matchExpressions")
    printed = internal.printed("ScopeSelector", spec.get("scopeSelector"))
    standard = sorted(STANDARD_QUOTAS.intersection(spec.get("hard") or ()))
    for one in wanted:
        scope, operator, values = one.get("scopeName", ""), one.get("operator", ""), one.get("values")
        if scope not in SCOPES:
            found.invalid((path, "scopeName"), scope, "unsupported scope")
        for name in standard:
            if scope not in SCOPES or name not in SCOPED.get(scope, POD_QUOTAS):
                found.invalid(path, printed, "unsupported scope applied to resource")
        if scope in SCOPES and scope not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
            found.invalid((path, "operator"), operator, ONLY_EXISTS)
        if operator not in OPERATORS:
            found.invalid((path, "operator"), operator, "not a valid selector operator")
        elif OPERATORS[operator] and not values:
            found.required((path, "values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
        elif not OPERATORS[operator] and values:
            found.invalid((path, "values"), values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
    for pair in CONFLICTING:
        if pair <= {one.get("scopeName") for one in wanted}:
            found.invalid(path, spec.get("scopes"), "conflicting scopes")


def template_labels(template: dict, path: Path, found: Findings) -> None:
    labels((template.get("metadata") or {}).get("labels"), (path, "labels"), found)  # upstream's own path
