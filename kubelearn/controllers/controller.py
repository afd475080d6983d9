"""What all controllers are: watch, put a key into the queue, sync the key. Read this once and you have read them all.

Part of Kubernetes: sample-controller, and the skeleton of every controller in pkg/controller. Law 7: sync(obj) looks at what
is and does one pass towards what should be; it is called again after any change and after any error, and keeps nothing.
Leaves out: several workers, leader election, expectations (a watch is heard before the next sync of the same instant).
"""
from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable

from kubelearn.api import meta, selectors
from kubelearn.client import Client, Informer, WorkQueue
from kubelearn.errors import ApiError

log = logging.getLogger("kubelearn")


class Controller:
    """Subclasses say what they look after (kind), what they make of it (owns), what else matters (watches), and sync."""

    name = ""                    # as upstream calls it: 'replicaset-controller'
    kind = ""                    # the kind whose objects sync gets
    owns: tuple[str, ...] = ()   # an event on an object of these kinds enqueues its controlling owner
    holds: tuple[str, ...] = ()  # the finalizers of what it owns; what it adopts gets them too
    watches: dict[str, Callable[..., Iterable[str]]] = {}  # other kinds: method(self, object) -> keys to enqueue

    def __init__(self, client: Client):
        self.client, self.clock = client.named(self.name), client.clock
        self.queue = WorkQueue(self.clock, self._sync_key)
        self.informer(self.kind).on(self._changed)
        for kind in self.owns:
            self.informer(kind).on(self._owned_changed)
        for kind, keys in self.watches.items():
            self.informer(kind).on(lambda old, new, keys=keys: self._watched_changed(keys, old, new))
        self.stopped = False

    # --- for subclasses to say --------------------------------------------------------------------------------------

    def sync(self, obj: dict) -> None:
        """One pass from what is to what should be. Whatever it raises is logged, and tried again after a back-off."""
        raise TypeError(f"{type(self).__name__} has no sync")

    def deleted(self, key: str) -> None:
        """The object of this key is gone; for those who must clean up after it."""

    # --- for subclasses to use --------------------------------------------------------------------------------------

    def informer(self, kind: str) -> Informer:
        return self.client.informer(kind)

    def owned(self, owner: dict, kind: str) -> list[dict]:
        """The objects of a kind whose controller is owner."""
        return self.informer(kind).by_owner(owner["metadata"]["uid"])

    def claim(self, owner: dict, kind: str) -> list[dict]:
        """owned(), after adopting orphans that the owner's selector matches and releasing what it no longer does."""
        selector = selectors.label_selector(owner["spec"].get("selector"))
        mine = []
        for obj in self.owned(owner, kind):
            if selector(obj["metadata"].get("labels")):
                mine.append(obj)
            elif not meta.is_deleting(obj):
                self._release(owner, obj)
        namespace = owner["metadata"]["namespace"]
        orphans = [o for o in self.informer(kind).by_owner("") if o["metadata"].get("namespace") == namespace
                   and selector(o["metadata"].get("labels")) and not meta.is_deleting(o)]
        return mine + [self._adopt(owner, o) for o in orphans if not meta.is_deleting(owner) and self._may_adopt(o)]

    def create(self, obj: dict, owner: dict, because: str = "") -> dict:
        """Creates obj as owner's, in its namespace."""
        metadata = {**obj["metadata"], "namespace": owner["metadata"]["namespace"], "ownerReferences": [meta.owner_reference(owner)]}
        return self.client.create({**obj, "metadata": metadata}, because)

    def delete(self, obj: dict, because: str = "") -> None:
        """Deletes what may already be gone."""
        metadata = obj["metadata"]
        try:
            self.client.delete(obj["kind"], metadata["name"], metadata.get("namespace"), because, uid=metadata["uid"])
        except ApiError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def update_status(self, obj: dict, status: dict, because: str = "") -> dict:
        """Writes a status where it differs from what obj has."""
        if obj.get("status") == status:
            return obj
        return self.client.update_status({**obj, "status": status}, because)

    def event(self, obj: dict, type: str, reason: str, message: str, **more: str) -> None:
        self.client.event(obj, type, reason, message, **more)

    # --- the loop ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stops reacting and forgets what was to be done."""
        self.stopped = True
        self.queue.stop()

    def start(self) -> None:
        """Begins again from what is there."""
        self.stopped = False
        self.queue.start()
        for key in list(self.informer(self.kind).items):
            self.queue.add(key)

    def _changed(self, old: dict | None, new: dict | None) -> None:
        if not self.stopped:
            self.queue.add(meta.key_of(new or old))

    def _owned_changed(self, old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        owners = [meta.owner_of(obj) for obj in (old, new) if obj]
        for owner in owners:
            if owner and owner["kind"] == self.kind:
                namespace = (new or old)["metadata"].get("namespace")
                self.queue.add(f"{namespace}/{owner['name']}" if namespace else owner["name"])
        if not any(owners):
            self._orphan_changed(new or old)

    def _orphan_changed(self, obj: dict) -> None:
        """An object without a controller: whoever's selector matches may want to adopt it."""
        metadata = obj["metadata"]
        for owner in self.informer(self.kind).list(metadata.get("namespace")):
            selector = (owner.get("spec") or {}).get("selector")
            if selector and selectors.label_selector(selector)(metadata.get("labels")):
                self.queue.add(meta.key_of(owner))

    def _watched_changed(self, keys: Callable[..., Iterable[str]], old: dict | None, new: dict | None) -> None:
        if self.stopped:
            return
        for obj in (old, new):
            if obj is not None:
                for key in keys(self, obj):
                    self.queue.add(key)

    def _sync_key(self, key: str) -> None:
        if self.stopped:
            return
        obj = self.informer(self.kind).items.get(key)
        try:
            self.deleted(key) if obj is None else self.sync(obj)
        except Exception as error:
            wait = self.queue.add_rate_limited(key)
            self._tell(key, error, wait)
        else:
            self.queue.forget(key)

    def _tell(self, key: str, error: Exception, wait: float) -> None:
        """A conflict is everyday life: someone else wrote first. Anything else a person should see, though not at every try."""
        if isinstance(error, ApiError) or self.queue.failures(key) > 1:
            log.debug("%s: %s: %s (again in %.3f s)", self.name, key, error, wait)
        else:
            log.warning("%s could not sync %s (again in %.3f s):\n%s", self.name, key, wait, "".join(traceback.format_exception(error)))

    # --- owners -----------------------------------------------------------------------------------------------------

    def _may_adopt(self, obj: dict) -> bool:
        return obj.get("status", {}).get("phase") not in ("Succeeded", "Failed")

    def _adopt(self, owner: dict, obj: dict) -> dict:
        metadata = obj["metadata"]
        references = [*metadata.get("ownerReferences", ()), meta.owner_reference(owner)]
        held = [*metadata.get("finalizers", ()), *(f for f in self.holds if f not in metadata.get("finalizers", ()))]
        patch = {"metadata": {"ownerReferences": references, "uid": metadata["uid"], **({"finalizers": held} if held else {})}}
        return self.client.patch(obj["kind"], metadata["name"], metadata.get("namespace"), patch, because="its labels match the selector")

    def _release(self, owner: dict, obj: dict) -> dict:
        metadata = obj["metadata"]
        references = [r for r in metadata["ownerReferences"] if r["uid"] != owner["metadata"]["uid"]]
        patch = {"metadata": {"ownerReferences": references or None, "uid": metadata["uid"]}}
        return self.client.patch(
            obj["kind"], metadata["name"], metadata.get("namespace"), patch, because="its labels no longer match the selector"
        )
