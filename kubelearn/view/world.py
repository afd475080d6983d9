"""A moment's objects as the pictures read them: stored objects, not copies; and the next moment, made from revisions.

Part of Kubernetes: none. Law 3 makes it cheap: a world shares every object with the store and with the worlds around it.
Leaves out: writing. Nobody modifies what list and get answer.
"""
from __future__ import annotations

from collections.abc import Iterable

from kubelearn.api.meta import name_of, namespace_of
from kubelearn.view.slots import Slots, slots_from, slots_known

Key = tuple[str, str]


class World:
    """time in virtual seconds, revision; list(kind, namespace=None) by namespace and name; get answers None for what is not there."""

    def __init__(self, source: object, time: float, revision: int, changed: dict[str, dict[Key, dict]] | None = None):
        self.source, self.time, self.revision = source, time, revision
        self._kinds: dict[str, dict[Key, dict]] = changed or {}

    def _of(self, kind: str) -> dict[Key, dict]:
        if kind not in self._kinds:
            self._kinds[kind] = {(namespace_of(obj), name_of(obj)): obj for obj in stored(self.source, kind)}
        return self._kinds[kind]

    def list(self, kind: str, namespace: str | None = None) -> list[dict]:
        found = self._of(kind)
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def get(self, kind: str, name: str, namespace: str = "") -> dict | None:
        return self._of(kind).get((namespace, name))

    def after(self, revisions: Iterable) -> World:
        """The world as it is after these revisions."""
        kinds, time, last = dict(self._kinds), self.time, self.revision
        copied: set[str] = set()
        for revision in revisions:
            kind = revision.resource.kind
            if kind not in copied:
                copied.add(kind)
                kinds[kind] = dict(self._of(kind))
            key = (revision.namespace, revision.name)
            if revision.verb == "delete":
                kinds[kind].pop(key, None)
            else:
                kinds[kind][key] = revision.object
            time, last = max(time, revision.time), max(last, revision.revision)
        return World(self.source, time, last, kinds)


    def later(self, time: float) -> World:
        """The same objects at a later time."""
        return World(self.source, time, self.revision, dict(self._kinds))


def stored(source: object, kind: str) -> list[dict]:
    """All objects of a kind in a snapshot; [] where it does not know the kind."""
    from kubelearn.errors import ApiError
    try:
        return source.objects(kind) if hasattr(source, "objects") else source.list(kind)
    except ApiError:
        return []


def snapshot_of(source: object) -> object:
    """A cluster as it is now; a snapshot as it is."""
    return source.at() if hasattr(source, "at") else source


def world_of(source: object) -> World:
    """Of a cluster (as it is now) or a snapshot."""
    snapshot = snapshot_of(source)
    return snapshot if isinstance(snapshot, World) else World(snapshot, snapshot.time, snapshot.revision)


def slots_of(source: object, namespace: str | None = None) -> Slots:
    """The slots of a cluster or of a snapshot of one, from its history; from what is there where it has none."""
    registry = getattr(source, "registry", None) or getattr(getattr(source, "source", None), "registry", None)
    if registry is None:
        return slots_from(source, Slots(namespace))
    return slots_known(registry, namespace).feed(registry.etcd.since(slots_known(registry, namespace).revision))
