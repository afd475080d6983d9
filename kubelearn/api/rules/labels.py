"""Rules of labels and of what selects by them.

Part of Kubernetes: apimachinery ValidateLabels and ValidateLabelSelector.
"""
from __future__ import annotations

from ..checks import each, full_label_key, full_label_value
from ..fields import Path
from ..findings import Findings

OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}  # -> whether it takes values


def labels(values: dict | None, path: Path, found: Findings) -> None:
    for key, value in sorted((values or {}).items()):
        full_label_key(key, path, found)
        full_label_value(value, path, found)


def requirement(wanted: dict, path: Path, found: Findings) -> None:
    """One requirement of a selector: whether its operator takes these values."""
    operator, values = wanted.get("operator", ""), wanted.get("values")
    if operator not in OPERATORS:
        found.invalid((path, "operator"), operator, "not a valid selector operator")
    elif OPERATORS[operator] and not values:
        found.required((path, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif not OPERATORS[operator] and values:
        found.forbidden((path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")


def label_selector(selector: dict | None, path: Path, found: Findings) -> None:
    if selector is None:
        return
    labels(selector.get("matchLabels"), (path, "matchLabels"), found)
    for index, wanted in enumerate(selector.get("matchExpressions") or ()):
        here = ((path, "matchExpressions"), index)
        requirement(wanted, here, found)
        full_label_key(wanted.get("key"), (here, "key"), found)
        each(full_label_value)(wanted.get("values"), (here, "values"), found)
