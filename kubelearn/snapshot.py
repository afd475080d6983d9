"""A past moment of a cluster, to be read and compared without running anything again.

Part of Kubernetes: none; etcd keeps its history only until it is compacted, here it stays. Law 3 makes it free: every
stored object is still the object that was stored.
"""
from __future__ import annotations

import copy
from typing import NamedTuple

from kubelearn import errors
from kubelearn.apiserver.registry import Registry


class Change(NamedTuple):
    """One leaf that differs between two moments: None where it was not there."""

    kind: str
    namespace: str
    name: str
    path: str
    before: object
    after: object


class Snapshot:
    """All objects as they were after one revision. get and list answer copies; time is in virtual seconds."""

    def __init__(self, registry: Registry, revision: int, time: float):
        self.registry, self.revision, self.time = registry, revision, time
        self._by_storage: dict[str, dict[tuple[str, str], dict]] = {}
        for found in registry.etcd.at(revision):
            self._by_storage.setdefault(found.resource.storage, {})[found.namespace, found.name] = found.object

    def objects(self, kind: str, namespace: str | None = None) -> list[dict]:
        """The stored objects themselves, by namespace and name: not to be modified."""
        found = self._by_storage.get(self.registry.resources.must_find(kind).storage, {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def list(self, kind: str, namespace: str | None = None) -> list[dict]:
        return copy.deepcopy(self.objects(kind, namespace))

    def get(self, kind: str, name: str, namespace: str = "default") -> dict:
        """ApiError NotFound where it was not there."""
        resource = self.registry.resources.must_find(kind)
        obj = self._by_storage.get(resource.storage, {}).get((namespace if resource.namespaced else "", name))
        if obj is None:
            raise errors.not_found(resource.name, name)
        return copy.deepcopy(obj)


def diff(before: Snapshot, after: Snapshot) -> list[Change]:
    """Every leaf that differs, but for resource versions; what did not change at all is not looked into."""
    changes = []
    for storage in dict.fromkeys([*before._by_storage, *after._by_storage]):
        old, new = before._by_storage.get(storage, {}), after._by_storage.get(storage, {})
        for key in sorted({**old, **new}):
            a, b = old.get(key), new.get(key)
            if a is not b:
                kind = (b or a)["kind"]
                changes += [Change(kind, *key, *leaf) for leaf in _differences(a, b, "")]
    return changes


def _differences(a: object, b: object, path: str):
    if a is b or a == b:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys([*a, *b]):
            if (path, name) != (".metadata", "resourceVersion"):
                yield from _differences(a.get(name), b.get(name), f"{path}.{name}")
    else:
        yield path.lstrip("."), a, b
