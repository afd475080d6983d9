"""Field selectors: "status.phase=Running,spec.nodeName!=".

Part of Kubernetes: apimachinery pkg/fields and each kind's selectable fields; the wording of errors is theirs.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from ..errors import bad_request

ELSEWHERE = {"source": ("source", "component"), "status.successful": ("status", "succeeded")}
TERM = re.compile(r"((?:\\.|[^\\,])*)(?:,|$)")


def field_selector(text: str, resource: object) -> Callable[[dict], bool]:
    """"status.phase=Running,spec.nodeName!=" -> a test on objects of this resource; ApiError for unknown fields."""
    terms = _field_terms(text)
    for field, _, _ in terms:
        _check_field(field, resource)
    tests = [(ELSEWHERE.get(field, tuple(field.split("."))), equal, value) for field, equal, value in terms]
    return lambda obj: all((_field_text(obj, path) == value) == equal for path, equal, value in tests)


@lru_cache(maxsize=256)
def _field_terms(text: str) -> tuple[tuple[str, bool, str], ...]:
    """(field, whether equal, value) for each term."""
    terms = []
    for term in (match[1] for match in TERM.finditer(text) if match[1]):
        match = re.match(r"([^=!]*)(!=|==|=)(.*)", term, re.DOTALL)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        terms.append((match[1], match[2] != "!=", re.sub(r"\\(.)", r"\1", match[3])))
    return tuple(terms)


def _check_field(field: str, resource: object) -> None:
    if field in ("metadata.name", "metadata.namespace" if resource.namespaced else "", *selectable_fields(resource)):
        return
    if "select" in resource.facts or selectable_fields(resource):
        raise bad_request(f"field label not supported: {field}")
    namespace = ', "metadata.namespace"' if resource.namespaced else ""
    raise bad_request(f'"{field}" is not a known field selector: only "metadata.name"{namespace}')


def selectable_fields(resource: object) -> tuple[str, ...]:
    """A custom resource names its own in selectableFields."""
    versions = (resource.definition or {}).get("spec", {}).get("versions", ())
    custom = [entry["jsonPath"].lstrip(".") for v in versions if v["name"] == resource.version for entry in v.get("selectableFields", ())]
    return tuple(custom) or tuple(resource.facts.get("select", "").split())


def _field_text(obj: dict, path: tuple[str, ...]) -> str:
    value: object = obj
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return "false" if path[-1] in ("unschedulable", "hostNetwork") else "0" if path in NUMBERS else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


NUMBERS = (("status", "replicas"), ("status", "succeeded"))
