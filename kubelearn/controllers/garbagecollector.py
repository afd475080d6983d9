"""The garbage collector: what is owned goes with its owners.

Law: an object whose owners are all gone is deleted; deleted in the foreground, an owner waits for the dependents that
block it (blockOwnerDeletion); orphaned, its dependents stay and forget it.
Leaves out: cycles of foreground deletion, the cache of absent owners. Upstream: pkg/controller/garbagecollector.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from kubelearn.api.meta import is_deleting, key_of, name_of, namespace_of, uid_of
from kubelearn.api.resources import Resource
from kubelearn.client import Client
from kubelearn.controllers.controller import Loop

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"  # the finalizers that deletion puts on an owner


class Owners(NamedTuple):
    """An object's ownerReferences by what became of the owner."""

    solid: list[dict]      # it is there
    dangling: list[dict]   # it is gone, or another object has its name now
    waiting: list[dict]    # it is being deleted and waits for its dependents


def finalizers(obj: dict) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def owner_references(obj: dict) -> list[dict]:
    return obj["metadata"].get("ownerReferences") or []


def waits_for_dependents(obj: dict) -> bool:
    return is_deleting(obj) and FOREGROUND in finalizers(obj)


def orphans_dependents(obj: dict) -> bool:
    return is_deleting(obj) and ORPHAN in finalizers(obj)


def classify(references: list[dict], find: Callable[[dict], dict | None]) -> Owners:
    """find: the living object that a reference names, whatever its uid."""
    owners = Owners([], [], [])
    for reference in references:
        owner = find(reference)
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            owners.dangling.append(reference)
        elif waits_for_dependents(owner):
            owners.waiting.append(reference)
        else:
            owners.solid.append(reference)
    return owners


def deletion_policy(obj: dict, owners: Owners, has_dependents: bool) -> str | None:
    """How to delete a dependent now: Foreground, Background, Orphan; None: it has an owner and stays."""
    if owners.solid:
        return None
    if owners.waiting and has_dependents:
        return "Foreground"
    return "Orphan" if ORPHAN in finalizers(obj) else "Foreground" if FOREGROUND in finalizers(obj) else "Background"


def without_owners(obj: dict, uids: Iterable[str]) -> list[dict]:
    """The ownerReferences that remain."""
    gone = set(uids)
    return [reference for reference in owner_references(obj) if reference["uid"] not in gone]


def blocking(owner: dict, dependents: Iterable[dict]) -> list[dict]:
    """The dependents for which an owner that is deleted in the foreground waits."""
    uid = owner["metadata"]["uid"]
    return [d for d in dependents if any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in owner_references(d))]


class GarbageCollector(Loop):
    """Looks at objects of every kind; its keys are 'pods default/web-1'."""

    name = "generic-garbage-collector"
    IGNORED = ("events",)  # nobody's dependents, and many

    def __init__(self, client: Client):
        super().__init__(client)
        self.dependents: dict[str, dict[str, None]] = {}  # uid of an owner -> keys of what names it as owner
        self.watched: dict[str, Resource] = {}
        self.client.informer("CustomResourceDefinition").on(lambda old, new: self.clock.call_soon(self._watch_all))
        self._watch_all()

    # --- what happened ----------------------------------------------------------------------------------------------

    def _watch_all(self) -> None:
        """Follows every kind there is; a new custom one as soon as it is served."""
        for resource in self.client.registry.resources:
            if resource.storage not in self.watched and resource.storage not in self.IGNORED and {"watch", "delete"} <= set(resource.verbs):
                self.watched[resource.storage] = resource
                self.client.informer(resource.name).on(lambda old, new, storage=resource.storage: self._changed(storage, old, new))

    def _changed(self, storage: str, old: dict | None, new: dict | None) -> None:
        key = f"{storage} {key_of(new or old)}"
        before, now = owner_references(old) if old else [], owner_references(new) if new else []
        if before is not now:
            self._index(key, before, now)
            if not self.stopped:
                self._references_changed(key, new or old, before, now)
        if self.stopped:
            return
        if old and (new is None or uid_of(new) != uid_of(old)):  # gone, or gone unheard and another one in its place
            for dependent in self.dependents.get(uid_of(old), ()):
                self.queue.add(dependent)
        if new and (waits_for_dependents(new) or orphans_dependents(new)):
            self.queue.add(key)

    def _index(self, key: str, before: list[dict], now: list[dict]) -> None:
        for reference in before:
            found = self.dependents.get(reference["uid"], {})
            found.pop(key, None)
            if not found:
                self.dependents.pop(reference["uid"], None)
        for reference in now:
            self.dependents.setdefault(reference["uid"], {})[key] = None

    def _references_changed(self, key: str, obj: dict, before: list[dict], now: list[dict]) -> None:
        """Its owners may all be gone; and an owner may have waited for just this."""
        for reference in now:
            owner = self._find_owner(obj, reference)
            if owner is None or uid_of(owner) != reference["uid"] or is_deleting(owner):
                self.queue.add(key)
        for reference in before:
            owner = self._find_owner(obj, reference)
            if owner and waits_for_dependents(owner):
                self.queue.add(f"{self._storage(owner)} {key_of(owner)}")

    # --- what to do -------------------------------------------------------------------------------------------------

    def sync_key(self, key: str) -> None:
        obj = self._find(key)
        if obj is None:
            return
        if orphans_dependents(obj):
            self._orphan_dependents(key, obj)
        elif waits_for_dependents(obj):
            self._delete_dependents(key, obj)
        elif owner_references(obj) and not is_deleting(obj):
            self._collect(key, obj)

    def _collect(self, key: str, obj: dict) -> None:
        """Deletes an object that has no owner left; one that has forgets those that are gone or going."""
        owners = classify(owner_references(obj), lambda reference: self._find_owner(obj, reference))
        policy = deletion_policy(obj, owners, bool(self.dependents.get(uid_of(obj))))
        going = owners.dangling + owners.waiting
        text = ", ".join(f"{reference['kind']} {reference['name']}" for reference in going)
        if policy:
            because = f"its owner is {'being deleted' if owners.waiting else 'gone'}: {text}"
            self.client.delete(self._of(key).name, name_of(obj), namespace_of(obj), because, propagation=policy, uid=uid_of(obj))
        elif going:
            self._set(key, obj, "ownerReferences", without_owners(obj, [r["uid"] for r in going]), f"an owner is gone: {text}")

    def _delete_dependents(self, key: str, owner: dict) -> None:
        """Foreground: the owner goes when no dependent blocks it any more."""
        dependents = {k: found for k in self.dependents.get(uid_of(owner), ()) if (found := self._find(k))}
        if not blocking(owner, dependents.values()):
            self._set(key, owner, "finalizers", [f for f in finalizers(owner) if f != FOREGROUND], "no dependent is left")
        for dependent, obj in dependents.items():
            if not is_deleting(obj):
                self.queue.add(dependent)

    def _orphan_dependents(self, key: str, owner: dict) -> None:
        because = f"{owner['kind']} {name_of(owner)} is deleted without its dependents"
        for dependent in list(self.dependents.get(uid_of(owner), ())):
            obj = self._find(dependent)
            if obj:
                self._set(dependent, obj, "ownerReferences", without_owners(obj, [uid_of(owner)]), because)
        self._set(key, owner, "finalizers", [f for f in finalizers(owner) if f != ORPHAN], "its dependents forgot it")

    def _set(self, key: str, obj: dict, field: str, value: list, because: str) -> None:
        patch = {"metadata": {field: value or None, "uid": uid_of(obj)}}
        self.client.patch(self._of(key).name, name_of(obj), namespace_of(obj), patch, because=because)

    # --- finding ----------------------------------------------------------------------------------------------------

    def _of(self, key: str) -> Resource:
        return self.watched[key.partition(" ")[0]]

    def _find(self, key: str) -> dict | None:
        namespace, _, name = key.partition(" ")[2].rpartition("/")
        return self.client.registry.find(self._of(key), namespace, name)

    def _find_owner(self, obj: dict, reference: dict) -> dict | None:
        """The owner as stored now. One of a kind that is not served, or out of the object's reach, counts as being there."""
        resource = self.client.registry.resources.by_kind(reference["apiVersion"], reference["kind"])
        if resource is None or resource.namespaced and not namespace_of(obj):
            return {"metadata": {"uid": reference["uid"]}}
        return self.client.registry.find(resource, namespace_of(obj) if resource.namespaced else "", reference["name"])

    def _storage(self, owner: dict) -> str:
        return self.client.registry.resources.by_kind(owner["apiVersion"], owner["kind"]).storage

    def keys(self) -> Iterator[str]:
        for storage, resource in self.watched.items():
            yield from (f"{storage} {key}" for key, obj in self.client.informer(resource.name).items.items()
                        if owner_references(obj) or is_deleting(obj))
