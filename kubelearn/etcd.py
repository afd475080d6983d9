"""etcd: an ordered log of revisions, what is newest in it, and who watches.

Part of Kubernetes: etcd as the API server uses it. Laws 3 and 6: a stored object is never modified, so a revision is a
snapshot for free; each revision knows its actor, its cause and its reason.
Leaves out: leases (events expire by the registry's word), transactions over several keys, the disk.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from kubelearn import errors
from kubelearn.api.resources import Resource
from kubelearn.clock import Clock

Key = tuple[str, str]  # namespace ("" for cluster scope), name


class Revision:
    """One write. object is the state after it (before it, for a delete), previous the state before it."""

    __slots__ = ("revision", "time", "verb", "resource", "namespace", "name", "object", "previous", "actor", "cause", "because", "request")

    def __init__(self, revision, time, verb, resource, key, obj, previous, actor, cause, because, request):
        self.revision: int = revision
        self.time: float = time
        self.verb: str = verb  # create, update, delete
        self.resource: Resource = resource
        self.namespace, self.name = key
        self.object: dict = obj
        self.previous: dict | None = previous
        self.actor: str = actor
        self.cause: object = cause  # the revision that made the actor act; None for someone outside
        self.because: str = because
        self.request: object = request  # how it was written (managers, patch or apply): what managedFields are derived from

    @property
    def kind(self) -> str:
        return self.resource.kind

    def __repr__(self) -> str:
        return f"<{self.revision} {self.time:.3f}s {self.actor} {self.verb} {self.resource.name}/{self.name}>"


class Etcd:
    """Objects by resource and key. Every method is O(1) in the number of objects, but list and at."""

    def __init__(self, clock: Clock, first: int = 0):
        self.clock = clock
        self.revision = self.compacted = self.first = first
        self.log: list[Revision] = []
        self.histories: dict[tuple[str, Key], list[Revision]] = {}
        self._objects: dict[str, dict[Key, dict]] = {}
        self.refusal: Callable[[], errors.ApiError | None] | None = None  # why nothing can be written now, if so
        self.on_refused: Callable[[errors.ApiError, object], None] | None = None  # told of it, with the request
        self._watchers: dict[str, list[Callable[[Revision], None]]] = {}
        self._node_watchers: dict[tuple[str, str], list[Callable[[Revision], None]]] = {}

    # --- reading --------------------------------------------------------------------------------------------------

    def get(self, resource: Resource, key: Key) -> dict | None:
        return self._objects.get(resource.storage, {}).get(key)

    def objects(self, storage: str) -> dict[Key, dict]:
        """All objects of a storage by key, in the order of their creation. Not to be modified."""
        return self._objects.get(storage, {})

    def history(self, resource: Resource, key: Key) -> list[Revision]:
        return self.histories.get((resource.storage, key), [])

    def since(self, revision: int) -> list[Revision]:
        """The revisions after this one, oldest first."""
        return self.log[max(revision - self.first, 0):]

    def revision_at(self, time: float) -> int:
        """The newest revision at a virtual time."""
        return self.first + bisect_right(self.log, time, key=lambda r: r.time)

    def at(self, revision: int) -> Iterator[Revision]:
        """The newest revision up to this one of each object that then existed."""
        for revisions in self.histories.values():
            index = bisect_right(revisions, revision, key=lambda r: r.revision)
            if index and revisions[index - 1].verb != "delete":
                yield revisions[index - 1]

    # --- writing --------------------------------------------------------------------------------------------------

    def put(self, resource: Resource, key: Key, obj: dict, actor: str, because: str = "", request: object = None) -> dict:
        """Stores obj, whose resourceVersion must be that of the next revision (see next_version)."""
        self._check(request)
        objects = self._objects.setdefault(resource.storage, {})
        previous = objects.get(key)
        objects[key] = obj
        self._append("update" if previous else "create", resource, key, obj, previous, actor, because, request)
        return obj

    def delete(self, resource: Resource, key: Key, obj: dict, actor: str, because: str = "", request: object = None) -> dict:
        """Removes the object; obj is its last state, with the deletion's own resourceVersion."""
        self._check(request)
        previous = self._objects[resource.storage].pop(key)
        self._append("delete", resource, key, obj, previous, actor, because, request)
        return obj

    def _check(self, request: object) -> None:
        refused = self.refusal() if self.refusal is not None else None
        if refused is not None:
            if self.on_refused is not None:
                self.on_refused(refused, request)
            raise refused

    def next_version(self) -> str:
        return str(self.revision + 1)

    def compact(self, revision: int) -> None:
        """Moves the window from which a client may watch; the history stays for time travel."""
        self.compacted = max(self.compacted, min(revision, self.revision))

    def _append(self, verb, resource, key, obj, previous, actor, because, request) -> None:
        self.revision += 1
        revision = Revision(self.revision, self.clock.now, verb, resource, key, obj, previous, actor, self.clock.cause, because, request)
        self.log.append(revision)
        self.histories.setdefault((resource.storage, key), []).append(revision)
        for watcher in self._watchers.get(resource.storage, ()):
            watcher(revision)
        if self._node_watchers:
            for watcher in self._node_watchers.get((resource.storage, obj.get("spec", {}).get("nodeName", "")), ()):
                watcher(revision)

    # --- watching -------------------------------------------------------------------------------------------------

    def watch(self, storage: str, watcher: Callable[[Revision], None], node: str | None = None) -> Callable[[], None]:
        """Calls watcher inside each write to come; with node, only for objects whose spec.nodeName it is
        (the API server's watch cache has the same index). Returns what ends it."""
        table, key = (self._watchers, storage) if node is None else (self._node_watchers, (storage, node))
        table[key] = [*table.get(key, []), watcher]

        def stop() -> None:
            table[key] = [w for w in table[key] if w is not watcher]
        return stop

    def replay(self, storage: str, revision: int) -> list[Revision]:
        """What a watch from this revision would have seen until now; 410 Expired outside the window."""
        if revision < self.compacted:
            raise errors.expired(f"too old resource version: {revision} ({self.compacted})")
        return [r for r in self.since(revision) if r.resource.storage == storage]
