"""An informer: a component's own copy of what it watches, kept up to date, with indexes.

Part of Kubernetes: client-go tools/cache (SharedInformer, Indexer). Law 2: this is all that a component knows of the world;
law 7: it can be thrown away and filled again (resync) at any moment.
Leaves out: reflector and delta queue as parts of their own. In process a watch cannot break; a test makes it lose events.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable

from kubelearn.api import meta
from kubelearn.api.resources import Resource
from kubelearn.etcd import Revision

Handler = Callable[[dict | None, dict | None], None]


class Informer:
    """items: 'namespace/name' (or 'name') -> object as stored; never modified by who reads them."""

    def __init__(self, registry, resource: Resource, node: str | None = None):
        self.registry, self.resource, self.clock, self.node = registry, resource, registry.clock, node
        self.items: dict[str, dict] = {}
        self.revision = registry.etcd.revision  # the newest one that this copy has seen
        self.lose: Callable[[Revision], bool] | None = None  # a fault: which events never arrive
        self._by_owner: dict[str, dict[str, dict]] = {}
        self._by_namespace: dict[str, dict[str, dict]] = {}
        self._by_node: dict[str, dict[str, dict]] = {}
        self._tallies: dict[str, tuple[Callable[[dict], Hashable], dict[str, dict[Hashable, int]]]] = {}
        self._handlers: list[Handler] = []
        self._pending: list[Revision] = []
        for obj in registry.objects(resource):
            if node is None or obj["spec"].get("nodeName") == node:
                self._put(meta.key_of(obj), None, obj)
        self.stop = registry.etcd.watch(resource.storage, self._receive, node)

    # --- reading --------------------------------------------------------------------------------------------------

    def get(self, namespace: str, name: str) -> dict | None:
        return self.items.get(f"{namespace}/{name}" if namespace else name)

    def list(self, namespace: str | None = None, selector: Callable[[dict | None], bool] | None = None) -> list[dict]:
        """In the order of their creation; selector as api.selectors makes them, on labels."""
        found = self._by_namespace.get(namespace, {}) if namespace else self.items
        return [obj for obj in found.values() if selector is None or selector(obj["metadata"].get("labels"))]

    def by_owner(self, uid: str) -> list[dict]:
        """The objects whose controller is this uid; '' for those that have none."""
        return list(self._by_owner.get(uid, {}).values())

    def by_node(self, name: str) -> list[dict]:
        return list(self._by_node.get(name, {}).values())

    def tally(self, name: str, summary: Callable[[dict], Hashable]) -> None:
        """From now on counts the objects of each controller by what summary says of them, so that a thousand alike are one entry."""
        if name not in self._tallies:
            self._tallies[name] = (summary, {})
            for obj in self.items.values():
                self._count(name, obj, 1)

    def tallied(self, name: str, uid: str) -> dict[Hashable, int]:
        """Summary -> how many objects of this controller; not to be modified."""
        return self._tallies[name][1].get(uid, {})

    def _count(self, name: str, obj: dict, step: int) -> None:
        summary, counts = self._tallies[name]
        bucket, key = counts.setdefault(_controller(obj), {}), summary(obj)
        bucket[key] = bucket.get(key, 0) + step
        if not bucket[key]:
            del bucket[key]

    # --- following ------------------------------------------------------------------------------------------------

    def on(self, handler: Handler) -> None:
        """handler(None, obj) for what is there already and what comes, (old, new) for a change, (old, None) for an end."""
        self._handlers.append(handler)
        if self.items:
            self.clock.call_soon(lambda: [handler(None, obj) for obj in list(self.items.values())])

    def resync(self) -> None:
        """Forgets everything, lists again, and tells every handler of all there is: what a restarted component does."""
        before, self._pending = self.items, []
        self.items, self._by_owner, self._by_namespace, self._by_node = {}, {}, {}, {}
        self._tallies = {name: (summary, {}) for name, (summary, _) in self._tallies.items()}
        for obj in self.registry.objects(self.resource):
            if self.node is None or obj["spec"].get("nodeName") == self.node:
                self._put(meta.key_of(obj), None, obj)
        self.revision = self.registry.etcd.revision
        gone = [obj for key, obj in before.items() if key not in self.items]
        for handler in self._handlers:
            for key, obj in list(self.items.items()):
                handler(before.get(key), obj)
            for obj in gone:
                handler(obj, None)

    def _receive(self, revision: Revision) -> None:
        if self.lose is not None and self.lose(revision):
            return
        if not self._pending:
            self.clock.call_soon(self._deliver)
        self._pending.append(revision)

    def _deliver(self) -> None:
        pending, self._pending = self._pending, []
        for revision in pending:
            obj = revision.object
            key = meta.key_of(obj)
            old, new = self.items.get(key), None if revision.verb == "delete" else obj
            if revision.revision <= self.revision or old is None and new is None:
                continue
            self.revision, self.clock.cause = revision.revision, revision.revision
            self._put(key, old, new)
            for handler in self._handlers:
                self._call(handler, old, new)

    def _call(self, handler: Handler, old: dict | None, new: dict | None) -> None:
        try:
            handler(old, new)
        except Exception as error:
            if self.clock.on_error is None:
                raise
            self.clock.on_error(error)

    # --- indexes --------------------------------------------------------------------------------------------------

    def _put(self, key: str, old: dict | None, new: dict | None) -> None:
        if new is None:
            del self.items[key]
        else:
            self.items[key] = new
        for name in self._tallies:
            if old is not None:
                self._count(name, old, -1)
            if new is not None:
                self._count(name, new, 1)
        namespace = (new or old)["metadata"].get("namespace", "")
        _index(self._by_namespace, key, namespace if old else None, namespace if new else None, new)
        _index(self._by_owner, key, old and _controller(old), new and _controller(new), new)
        if self.resource.kind == "Pod":
            _index(self._by_node, key, old and old["spec"].get("nodeName", ""), new and new["spec"].get("nodeName", ""), new)


def _index(index: dict, key: str, before: str | None, now: str | None, obj: dict | None) -> None:
    if before is not None and before != now:
        bucket = index[before]
        del bucket[key]
        if not bucket:
            del index[before]
    if now is not None:
        index.setdefault(now, {})[key] = obj


def _controller(obj: dict) -> str:
    return (meta.owner_of(obj) or {}).get("uid", "")

