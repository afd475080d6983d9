"""Rules of what an administrator makes: roles, budgets, priorities, storage classes, custom resource definitions.

Part of Kubernetes: pkg/apis/rbac, policy, scheduling, storage and apiextensions, each in its validation.
"""
from __future__ import annotations

from .. import fields, names
from ..checks import at_most_all, count_or_percent, each, label, label_selector, needed, non_negative, one_of, required, subdomain, text
from ..fields import Path
from ..mismatch import Key

RBAC = "rbac.authorization.k8s.io"
HIGHEST_PRIORITY = 1_000_000_000


# --- roles -----------------------------------------------------------------------------------------------------------------------

def policy_rule(rule: dict, path: Path, found: list) -> None:
    """Upstream: ValidatePolicyRule."""
    urls = rule.get("nonResourceURLs")
    if urls:
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            sentence = "rules cannot apply to both regular resources and non-resource URLs"
            found.append(fields.invalid((path, "nonResourceURLs"), urls, sentence))
        required(rule.get("verbs"), (path, "verbs"), found)
        return
    if not rule.get("apiGroups"):
        found.append(fields.required((path, "apiGroups"), "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        found.append(fields.required((path, "resources"), "resource rules must supply at least one resource"))
    required(rule.get("verbs"), (path, "verbs"), found)


def namespaced_rules(role: dict, path: Path, found: list) -> None:
    for index, rule in enumerate(role.get("rules") or ()):
        if rule.get("nonResourceURLs"):
            found.append(fields.invalid((((path, "rules"), index), "nonResourceURLs"), rule["nonResourceURLs"],
                                        "namespaced rules cannot apply to non-resource URLs"))


def role_of(*kinds: str):
    def check(reference: dict | None, path: Path, found: list) -> None:
        reference = reference or {}
        if reference.get("apiGroup") != RBAC:
            found.append(fields.not_supported((path, "apiGroup"), reference.get("apiGroup", ""), (RBAC,)))
        if reference.get("kind") not in kinds:
            found.append(fields.not_supported((path, "kind"), reference.get("kind", ""), kinds))
        required(reference.get("name"), (path, "name"), found)
    return check


def subject(value: dict, path: Path, found: list) -> None:
    kind, group = value.get("kind", ""), value.get("apiGroup", "")
    required(value.get("name"), (path, "name"), found)
    if kind == "ServiceAccount":
        subdomain(value.get("name"), (path, "name"), found)
        if group:
            found.append(fields.not_supported((path, "apiGroup"), group, ("",)))
    elif kind in ("User", "Group"):
        if group != RBAC:
            found.append(fields.not_supported((path, "apiGroup"), group, (RBAC,)))
    else:
        found.append(fields.not_supported((path, "kind"), kind, ("ServiceAccount", "User", "Group")))


def subjects_with_namespace(binding: dict, path: Path, found: list) -> None:
    for index, value in enumerate(binding.get("subjects") or ()):
        if value.get("kind") == "ServiceAccount" and not value.get("namespace"):
            found.append(fields.required((((path, "subjects"), index), "namespace")))


# --- budgets, priorities, classes ------------------------------------------------------------------------------------------------

def budget(spec: dict, path: Path, found: list) -> None:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        printed = fields.GoStruct(MinAvailable=spec["minAvailable"], Selector=spec.get("selector"), MaxUnavailable=spec["maxUnavailable"],
                                  UnhealthyPodEvictionPolicy=spec.get("unhealthyPodEvictionPolicy"))
        found.append(fields.invalid(path, printed, "minAvailable and maxUnavailable cannot be both set"))


SHARE = (count_or_percent, at_most_all)


def share(value: int | str | None, path: Path, found: list) -> None:
    if value is not None:
        for check in SHARE:
            check(value, path, found)


def above_zero(value: int | None, path: Path, found: list) -> None:
    if value is not None and value <= 0:
        found.append(fields.invalid(path, value, "must be greater than 0"))


def priority_class(obj: dict, path: Path, found: list) -> None:
    name = obj["metadata"].get("name", "")
    if name.startswith("system-") and name not in ("system-node-critical", "system-cluster-critical"):
        found.append(fields.forbidden(((path, "metadata"), "name"), "priority class names with 'system-' prefix are reserved for system "
                                      f"use only. error: {name} is not a known system priority class"))
    elif not name.startswith("system-") and obj.get("value", 0) > HIGHEST_PRIORITY:
        found.append(fields.forbidden((path, "value"), f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"))


# --- custom resource definitions ---------------------------------------------------------------------------------------------------

def definition_name(obj: dict, path: Path, found: list) -> None:
    spec = obj.get("spec") or {}
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    if obj["metadata"].get("name") != wanted:
        found.append(fields.invalid(((path, "metadata"), "name"), obj["metadata"].get("name"),
                                    'must be spec.names.plural+"."+spec.group'))


def definition_versions(spec: dict, path: Path, found: list) -> None:
    versions = spec.get("versions") or []
    stored = sum(1 for version in versions if version.get("storage"))
    if stored != 1:
        printed = [fields.GoStruct({name: version.get(name[0].lower() + name[1:], False if name == "Deprecated" else None)
                                    for name in VERSION}) for version in versions]
        found.append(fields.invalid((path, "versions"), printed, "must have exactly one version marked as storage version"))
    for index, version in enumerate(versions):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        here = ((((path, "versions"), index), "schema"), "openAPIV3Schema")
        if schema is None:
            found.append(fields.required(here))
            continue
        if len(versions) == 1:  # upstream looks at the one schema where an older API had it
            here = ((path, "validation"), "openAPIV3Schema")
        if schema.get("type") not in (None, "", "object"):
            found.append(fields.invalid((here, "type"), schema["type"], "must be object at the root"))
        structural(schema, here, "at the root", found)


VERSION = ("Name", "Served", "Storage", "Deprecated", "DeprecationWarning", "Schema", "Subresources", "AdditionalPrinterColumns",
           "SelectableFields")


def structural(schema: dict, path: Path, where: str, found: list) -> None:
    """Every part of a schema says of which type it is."""
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not free:
        found.append(fields.required((path, "type"), f"must not be empty {where}"))
    for name, inner in sorted((schema.get("properties") or {}).items()):
        structural(inner, ((path, "properties"), Key(name)), "for specified object fields", found)
    for key, words in (("items", "for specified array items"), ("additionalProperties", "for specified object fields")):
        if isinstance(schema.get(key), dict):
            structural(schema[key], (path, key), words, found)


def stored_versions(obj: dict, path: Path, found: list) -> None:
    if not (obj.get("status") or {}).get("storedVersions"):
        found.append(fields.invalid(((path, "status"), "storedVersions"), None, "must have at least one stored version"))


RULES: dict[str, list[tuple]] = {
    "rbac.v1.PolicyRule": [("", policy_rule)],
    "rbac.v1.Role": [("", namespaced_rules), ("rules",)],
    "rbac.v1.RoleRef": [],
    "rbac.v1.RoleBinding": [("roleRef", role_of("Role", "ClusterRole")), ("subjects",)],
    "rbac.v1.ClusterRoleBinding": [("roleRef", role_of("ClusterRole")), ("", subjects_with_namespace), ("subjects",)],
    "rbac.v1.Subject": [("", subject)],
    "rbac.v1.AggregationRule": [
        ("clusterRoleSelectors", needed("at least one clusterRoleSelector required if aggregationRule is non-nil"), each(label_selector))
    ],
    "policy.v1.PodDisruptionBudgetSpec": [
        ("", budget),
        ("minAvailable", share),
        ("maxUnavailable", share),
        ("selector", label_selector),
        ("unhealthyPodEvictionPolicy", one_of("AlwaysAllow", "IfHealthyBudget", empty=None)),
    ],
    "scheduling.v1.PriorityClass": [("", priority_class), ("preemptionPolicy", one_of("PreemptLowerPriority", "Never"))],
    "storage.v1.StorageClass": [
        ("provisioner", required, text(names.qualified_name)),
        ("reclaimPolicy", one_of("Delete", "Retain", empty=None)),
        ("volumeBindingMode", one_of("Immediate", "WaitForFirstConsumer")),
    ],
    "coordination.v1.LeaseSpec": [("leaseDurationSeconds", above_zero), ("leaseTransitions", non_negative)],
    "node.v1.RuntimeClass": [("handler", required, label)],
    "apiextensions.v1.CustomResourceDefinition": [("", definition_name), ("spec",), ("", stored_versions)],
    "apiextensions.v1.CustomResourceDefinitionSpec": [
        ("group", required, subdomain),
        ("scope", needed(), one_of("Cluster", "Namespaced")),
        ("", definition_versions),
        ("names",),
    ],
    "apiextensions.v1.CustomResourceDefinitionNames": [
        ("plural", required, text(names.dns_1035_label)),
        ("singular", required, text(names.dns_1035_label)),
        ("kind", required),
        ("listKind", required),
    ],
    "apiextensions.v1.JSONSchemaProps": [],
    "apiextensions.v1.CustomResourceDefinitionVersion": [("name", required, text(names.dns_1035_label))],
    "apiextensions.v1.CustomResourceConversion": [],
    "apiextensions.v1.CustomResourceColumnDefinition": [
        ("name", required),
        ("type", needed(), one_of("integer", "number", "string", "boolean", "date")),
        ("jsonPath", required),
    ],
    "apiregistration.v1.APIServiceSpec": [],
    "authentication.v1.TokenReviewSpec": [],
    "authorization.v1.SubjectAccessReviewSpec": [],
    "certificates.v1.CertificateSigningRequestSpec": [("request", required), ("signerName", required)],
}
