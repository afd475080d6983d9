"""What all controllers are: watch, put a key into the queue, sync the key. Read this once and you have read them all.

Part of Kubernetes: sample-controller, and the skeleton of every controller in pkg/controller. Law 7: sync(obj) looks at what
is and does one pass towards what should be; it is called again after any change and after any error, and keeps nothing.
Leaves out: several workers, leader election, expectations (a watch is heard before the next sync of the same instant).
"""
from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from functools import partial

from kubelearn.api import meta, selectors
from kubelearn.client import Client, Informer, WorkQueue
from kubelearn.controllers.pods import is_terminal
from kubelearn.errors import ApiError, ignoring

log = logging.getLogger("kubelearn")


class Loop:
    """A queue of keys and what is done with each: the part that the garbage collector shares with those that have one kind."""

    name = ""  # as upstream calls it: 'replicaset-controller'

    def __init__(self, client: Client):
        self.client, self.clock, self.stopped = client.named(self.name), client.clock, False
        self.queue = WorkQueue(self.clock, self._work)

    def keys(self) -> Iterable[str]:
        """All that there is to look at."""
        return ()

    def sync_key(self, key: str) -> None:
        """One pass. Whatever it raises is logged, and tried again after a back-off."""

    def stop(self) -> None:
        """Stops reacting and forgets what was to be done."""
        self.stopped = True
        self.queue.stop()

    def start(self) -> None:
        """Begins again from what is there."""
        self.stopped = False
        self.queue.start()
        for key in list(self.keys()):
            self.queue.add(key)

    def _work(self, key: str) -> None:
        if self.stopped:
            return
        try:
            self.sync_key(key)
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


class Controller(Loop):
    """Subclasses say what they look after (kind), what they make of it (owns), what else matters (watches), and sync."""

    kind = ""                    # the kind whose objects sync gets
    owns: tuple[str, ...] = ()   # an event on an object of these kinds enqueues its controlling owner
    holds: tuple[str, ...] = ()  # the finalizers of what it owns; what it adopts gets them too
    watches: dict[str, Callable[..., Iterable[str]]] = {}  # other kinds: method(self, object) -> keys to enqueue
    parts: dict[str, Callable[[dict], object]] = {}  # of a kind the part that matters: where it stayed the same there is no event

    def __init__(self, client: Client):
        super().__init__(client)
        self.begun: dict[str, float] = {}  # key -> since when waits() waits
        self.informer(self.kind).on(self._changed)
        for kind in self.owns:
            self.informer(kind).on(self._owned_changed)
        for kind in self.watches:
            self.informer(kind).on(partial(self._watched_changed, kind))

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
        with ignoring("NotFound", "Conflict"):
            self.client.delete(obj["kind"], metadata["name"], metadata.get("namespace"), because, uid=metadata["uid"])

    def waits(self, obj: dict, seconds: float, reason: str, message: str) -> bool:
        """For what takes its time outside of the cluster: True until so many seconds after the first call, which an event tells of."""
        key, now = meta.key_of(obj), self.clock.now
        if key not in self.begun:
            self.begun[key] = now
            self.event(obj, "Normal", reason, message)
        left = self.begun[key] + seconds - now
        if left > 0:
            self.queue.add_after(key, left)
        else:
            del self.begun[key]
        return left > 0

    def patch(self, obj: dict, patch: dict, because: str = "", subresource: str = "") -> dict:
        """Merges a patch into obj, if it is still this very object."""
        metadata, patch = obj["metadata"], meta.replace(patch, ("metadata", "uid"), meta.uid_of(obj))
        return self.client.patch(obj["kind"], metadata["name"], metadata.get("namespace"), patch, because=because, subresource=subresource)

    def set_finalizers(self, obj: dict, finalizers: list[str], because: str = "") -> dict:
        return self.patch(obj, {"metadata": {"finalizers": finalizers or None}}, because)

    def update_status(self, obj: dict, status: dict, because: str = "") -> dict:
        """Writes a status where it differs from what obj has."""
        if obj.get("status") == status:
            return obj
        return self.client.update_status({**obj, "status": status}, because)

    def event(self, obj: dict, type: str, reason: str, message: str, **more: str) -> None:
        self.client.event(obj, type, reason, message, **more)

    # --- what happened ----------------------------------------------------------------------------------------------

    def _same(self, kind: str, old: dict | None, new: dict | None) -> bool:
        part = self.parts.get(kind)
        return bool(part and old and new) and part(old) == part(new)

    def _changed(self, old: dict | None, new: dict | None) -> None:
        if not (self.stopped or self._same(self.kind, old, new)):
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

    def _watched_changed(self, kind: str, old: dict | None, new: dict | None) -> None:
        if self.stopped or self._same(kind, old, new):
            return
        for obj in (old, new):
            for key in self.watches[kind](self, obj) if obj is not None else ():
                self.queue.add(key)

    def keys(self) -> Iterable[str]:
        return self.informer(self.kind).items

    def sync_key(self, key: str) -> None:
        obj = self.informer(self.kind).items.get(key)
        if obj is None:
            self.begun.pop(key, None)
            self.deleted(key)
        else:
            self.sync(obj)

    # --- owners -----------------------------------------------------------------------------------------------------

    def _may_adopt(self, obj: dict) -> bool:
        return not is_terminal(obj)

    def _adopt(self, owner: dict, obj: dict) -> dict:
        metadata = obj["metadata"]
        references = [*metadata.get("ownerReferences", ()), meta.owner_reference(owner)]
        held = [*metadata.get("finalizers", ()), *(f for f in self.holds if f not in metadata.get("finalizers", ()))]
        patch = {"metadata": {"ownerReferences": references, **({"finalizers": held} if held else {})}}
        return self.patch(obj, patch, because="its labels match the selector")

    def _release(self, owner: dict, obj: dict) -> dict:
        references = [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != meta.uid_of(owner)]
        return self.patch(obj, {"metadata": {"ownerReferences": references or None}}, because="its labels no longer match the selector")
