"""Rules of admission policies, their bindings and webhooks.

Part of Kubernetes: pkg/apis/admissionregistration/validation. Leaves out: what cel.py leaves out; matchConditions' uniqueness.
"""
from __future__ import annotations

from .. import cel
from ..fields import Path, below
from ..findings import Findings

VARIABLES = tuple((name, "dyn") for name in ("object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer"))
OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
NOTHING = "validations or auditAnnotations must contain at least one item"


def _expression(text: str | None, path: Path, found: Findings, wanted: tuple[str, ...] = (), words: str = "") -> None:
    if not (text or "").strip():
        return found.required(path, "expression is not specified")
    if not cel.available():
        return
    try:
        kind = cel.type_of(text.strip(), VARIABLES)
    except cel.Failed as error:
        return found.invalid(path, text, f"compilation failed: {error}")
    if wanted and kind not in wanted:
        found.invalid(path, text, f"must evaluate to {words} but got {kind}")


def admission_policy(spec: dict, path: Path, found: Findings) -> None:
    """Upstream: validateValidatingAdmissionPolicySpec."""
    constraints = spec.get("matchConstraints")
    if constraints is None:
        found.required((path, "matchConstraints"))
    elif not constraints.get("resourceRules"):
        found.required(below(path, "matchConstraints", "resourceRules"))
    for index, rule in enumerate((constraints or {}).get("resourceRules") or ()):
        operations(rule.get("operations"), below(path, "matchConstraints", "resourceRules", index, "operations"), found)
    for index, variable in enumerate(spec.get("variables") or ()):
        _expression(variable.get("expression"), below(path, "variables", index, "expression"), found)
    for index, rule in enumerate(spec.get("validations") or ()):
        _expression(rule.get("expression"), below(path, "validations", index, "expression"), found, ("bool",), "bool")
        if rule.get("messageExpression"):
            _expression(rule["messageExpression"], below(path, "validations", index, "messageExpression"), found, ("string",), "string")
    for index, note in enumerate(spec.get("auditAnnotations") or ()):
        _expression(note.get("valueExpression"), below(path, "auditAnnotations", index, "valueExpression"), found, ("string", "null"),
                    "one of [string null_type]")
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        found.required((path, "validations"), NOTHING)
        found.required((path, "auditAnnotations"), NOTHING)


def operations(values: list | None, path: Path, found: Findings) -> None:
    if not values:
        found.required(path)
    for index, value in enumerate(values or ()):
        if value not in OPERATIONS:
            found.unsupported((path, index), value, OPERATIONS)


def validation_actions(values: list | None, path: Path, found: Findings) -> None:
    if not values:
        return found.required(path)
    for index, value in enumerate(values):
        if value not in ("Audit", "Deny", "Warn"):
            found.unsupported((path, index), value, ("Audit", "Deny", "Warn"))
    if {"Deny", "Warn"} <= set(values):
        found.invalid(path, values, "must not contain both Deny and Warn (repeating the same validation failure information in the API "
                                    "response and headers serves no purpose)")
