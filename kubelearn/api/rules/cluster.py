"""Rules of what an administrator makes: roles, budgets, priorities, custom resource definitions.

Part of Kubernetes: pkg/apis/rbac, policy, scheduling and apiextensions, each in its validation.
"""
from __future__ import annotations

import base64
import re

from .. import checks, customrules, internal, names
from ..checks import wrong
from ..fields import Path, below
from ..findings import Findings
from ..mismatch import Key

APPROVAL = "api-approved.kubernetes.io"
RBAC = "rbac.authorization.k8s.io"
HIGHEST_PRIORITY = 1_000_000_000
SYSTEM_PRIORITIES = ("system-node-critical", "system-cluster-critical")


# --- roles -----------------------------------------------------------------------------------------------------------------------

def namespaced_rules(role: dict, path: Path, found: Findings) -> None:
    for index, rule in enumerate(role.get("rules") or ()):
        if urls := rule.get("nonResourceURLs"):
            found.invalid(below(path, "rules", index, "nonResourceURLs"), urls, "namespaced rules cannot apply to non-resource URLs")


def subjects_with_namespace(binding: dict, path: Path, found: Findings) -> None:
    for index, value in enumerate(binding.get("subjects") or ()):
        if value.get("kind") == "ServiceAccount" and not value.get("namespace"):
            found.required(below(path, "subjects", index, "namespace"))


# --- budgets, priorities -----------------------------------------------------------------------------------------------------------

def budget(spec: dict, path: Path, found: Findings) -> None:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        found.invalid(path, internal.struct("PodDisruptionBudgetSpec", spec), "minAvailable and maxUnavailable cannot be both set")


def priority_class(obj: dict, path: Path, found: Findings) -> None:
    name = obj["metadata"].get("name", "")
    if name.startswith("system-") and name not in SYSTEM_PRIORITIES:
        found.forbidden(below(path, "metadata", "name"), "priority class names with 'system-' prefix are reserved for system use only. "
                        f"error: {name} is not a known system priority class")
    elif not name.startswith("system-") and obj.get("value", 0) > HIGHEST_PRIORITY:
        found.forbidden((path, "value"), f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}")


# --- events ------------------------------------------------------------------------------------------------------------------------

LONGEST = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}


def event(obj: dict, path: Path, found: Findings) -> None:
    """Upstream: legacyValidateEvent. An event with an eventTime is of the newer kind."""
    about, namespace = (obj.get("involvedObject") or {}).get("namespace", ""), obj["metadata"].get("namespace", "")
    elsewhere = about != namespace and (about or namespace != "default")
    if elsewhere and not (obj.get("eventTime") and (about or namespace == "kube-system")):
        found.invalid(below(None, "involvedObject", "namespace"), about, "does not match event.namespace")
    if not obj.get("eventTime"):
        return
    checks.required(obj.get("reportingComponent"), below(None, "reportingComponent"), found)
    checks.full_qualified_name(obj.get("reportingComponent"), below(None, "reportingComponent"), found)
    for key, limit in LONGEST.items():
        if key != "message":
            checks.required(obj.get(key), below(None, key), found)
        if len(obj.get(key) or "") > limit:
            found.invalid(below(None, key), "", f"can have at most {limit} characters")


# --- certificates ------------------------------------------------------------------------------------------------------------------

def certificate_request(value: str | None, path: Path, found: Findings) -> None:
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in base64.b64decode(value or ""):
        found.invalid(path, value, "PEM block type must be CERTIFICATE REQUEST")


USAGES = ("any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
          "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
          "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping")


def usages(values: list | None, path: Path, found: Findings) -> None:
    checks.required(values, path, found)
    checks.each(checks.supported(*USAGES))(values, path, found)


def signer_name(value: str | None, path: Path, found: Findings) -> None:
    domain, _, rest = (value or "").partition("/")
    if value and not (rest and "." in domain and not names.dns_subdomain(domain)):
        found.invalid(path, value, "must be a fully qualified domain and path of the form 'example.com/signer-name'")


# --- custom resource definitions ---------------------------------------------------------------------------------------------------

def definition_name(obj: dict, path: Path, found: Findings) -> None:
    spec, name = obj.get("spec") or {}, obj["metadata"].get("name")
    if name != f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}":
        found.invalid(below(path, "metadata", "name"), name, 'must be spec.names.plural+"."+spec.group')


def approved(obj: dict, path: Path, found: Findings) -> None:
    """Groups of the project's own domains are not for everybody."""
    group = (obj.get("spec") or {}).get("group", "")
    if f".{group}".endswith((".k8s.io", ".kubernetes.io")) and APPROVAL not in (obj["metadata"].get("annotations") or {}):
        found.required(below(None, "metadata", "annotations", Key(APPROVAL)),
                       f'protected groups must have approval annotation "{APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111')


COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
column_type = wrong(lambda value: value not in COLUMN_TYPES, f"must be one of {','.join(COLUMN_TYPES)}")
SIMPLE = re.compile(r"(\.[^\s.\[]*(\[[^\]]*\])?)+")


def column_path(column: dict, path: Path, found: Findings) -> None:
    if not SIMPLE.fullmatch(column.get("jsonPath", "")):
        found.invalid((path, "JSONPath"), column.get("jsonPath", ""), "must be a simple json path starting with .")


def scale_paths(scale: dict, path: Path, found: Findings) -> None:
    """Where replicas are wanted is below spec, where they are counted below status."""
    for key, part in (("specReplicasPath", "spec"), ("statusReplicasPath", "status"), ("labelSelectorPath", "")):
        value = scale.get(key, "")
        if not value:
            found.required((path, key)) if part else None
        elif not SIMPLE.fullmatch(value):
            found.invalid((path, key), value, "must be a simple json path starting with .")
        elif not value.startswith((f".{part}.",) if part else (".spec.", ".status.")):
            found.invalid((path, key), value, f"should be a json path under .{part}" if part else
                          "should be a json path under either .status or .spec")


def definition_versions(spec: dict, path: Path, found: Findings) -> None:
    versions = spec.get("versions") or []
    if sum(1 for version in versions if version.get("storage")) != 1:
        printed = [internal.struct("CustomResourceDefinitionVersion", version) for version in versions]
        found.invalid((path, "versions"), printed, "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        here = below(path, "versions", index, "schema", "openAPIV3Schema")
        if schema is None:
            found.required(here)
            continue
        customrules.check_rules(schema, here, found)
        if len(versions) == 1:  # upstream looks at the one schema where an older API had it
            here = below(path, "validation", "openAPIV3Schema")
        if schema.get("type") not in (None, "", "object"):
            found.invalid((here, "type"), schema["type"], "must be object at the root")
        structural(schema, here, "at the root", found)


TYPES = ("array", "boolean", "integer", "number", "object", "string")


def structural(schema: dict, path: Path, where: str, found: Findings) -> None:
    """Every part of a schema says of which type it is."""
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not free:
        found.required((path, "type"), f"must not be empty {where}")
    elif schema.get("type", "object") not in TYPES:
        found.unsupported((path, "type"), schema["type"], TYPES)
    if schema.get("type") == "array" and not schema.get("items"):
        found.required((path, "items"), "must be specified")
    for name, inner in sorted((schema.get("properties") or {}).items()):
        structural(inner, below(path, "properties", Key(name)), "for specified object fields", found)
    for key, words in (("items", "for specified array items"), ("additionalProperties", "for specified object fields")):
        if isinstance(schema.get(key), dict):
            structural(schema[key], (path, key), words, found)


def stored_versions(obj: dict, path: Path, found: Findings) -> None:
    if not (obj.get("status") or {}).get("storedVersions"):
        found.invalid(below(path, "status", "storedVersions"), None, "must have at least one stored version")
